#!/usr/bin/env python3
"""Prints the table of inference.sh, in Markdown, from a file of JSON lines: for each network and batch size the median
of each library with the number of threads that suits it best, and tinynn's time over the other's."""

import collections
import json
import statistics
import sys

times = collections.defaultdict(list)
versions = {}
with open(sys.argv[1]) as lines:
    for run in map(json.loads, lines):
        times[run["case"], run["batch"], run["library"], run["threads"]].append(run["us"])
        versions[run["library"]] = run["version"]


def best(case, batch, library):
    found = [(statistics.median(us), min(us), max(us), key[3]) for key, us in times.items()
             if key[:3] == (case, batch, library)]
    return min(found) if found else None


def cell(found):
    if not found:
        return "-"
    median, low, high, threads = found
    return f"{median:.1f} us ({low:.1f} to {high:.1f}; {threads} thread{'s' if threads > 1 else ''})"


print(", ".join(f"{library} {version}" for library, version in versions.items()) + "\n")
print("| network | batch | tinynn | ONNX Runtime | ratio |\n|---|---|---|---|---|")
for case in dict.fromkeys(key[0] for key in times):
    for batch in sorted({key[1] for key in times}):
        ours, theirs = best(case, batch, "tinynn"), best(case, batch, "ONNX Runtime")
        ratio = f"{ours[0] / theirs[0]:.2f}" if theirs else "-"
        print(f"| {case} | {batch} | {cell(ours)} | {cell(theirs)} | {ratio} |")
