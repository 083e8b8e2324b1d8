#!/usr/bin/env python3
"""Prints the table of grid.sh, in Markdown, from the dense network's metrics and a file with one JSON object a run."""

import json
import sys

with open(sys.argv[1]) as dense:
    dense = json.load(dense)
with open(sys.argv[2]) as lines:
    runs = [json.loads(line) for line in lines]

print(f"{dense['model']}, dense: {100 * dense['dense']['test_accuracy']:.2f}%")
for kind in dict.fromkeys(run["kind"] for run in runs):
    of_kind = [run for run in runs if run["kind"] == kind]
    sparsities = list(dict.fromkeys(run["asked"] for run in of_kind))
    print(f"\n| {kind} | " + " | ".join(f"{100 * float(s):g}% zero" for s in sparsities) + " |")
    print("|---|" + "---|" * len(sparsities))
    for name in dict.fromkeys(run["name"] for run in of_kind):
        cells = [f"{100 * run['test_accuracy']:.2f}%" for s in sparsities for run in of_kind
                 if run["name"] == name and run["asked"] == s]
        print(f"| {name.replace('|', chr(92) + '|')} | " + " | ".join(cells) + " |")
