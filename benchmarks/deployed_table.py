#!/usr/bin/env python3
"""Prints the table of deployed.sh, in Markdown: deployed_table.py TIMES BYTES, both files of JSON lines."""

import collections
import json
import statistics
import sys

times = collections.defaultdict(list)  # by library and case, in microseconds
with open(sys.argv[1]) as lines:
    for run in map(json.loads, lines):
        times[run["library"], run["case"]].append(run["us"])
with open(sys.argv[2]) as lines:
    cases = [json.loads(line) for line in lines]


def time(library, case):
    us = times.get((library, case))
    return f"{statistics.median(us):,.1f}" if us else "-"


libraries = ["header, -O3", "header, -O3 -march=native", "program", "ONNX Runtime"]
print("| network | " + " | ".join(f"{library}, us" for library in libraries)
      + " | header, constants | program, file | ONNX, file |\n" + "|---" * (len(libraries) + 4) + "|")
for case in cases:
    cells = [time(library, case["case"]) for library in libraries]
    cells += [f"{case[kind]:,}" if kind in case else "-" for kind in ("header", "program", "onnx")]
    print("| " + " | ".join([case["case"], *cells]) + " |")
