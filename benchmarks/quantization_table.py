#!/usr/bin/env python3
"""Prints the table of quantization.sh, in Markdown, from what it left in a folder: quantization_table.py FOLDER."""

import collections
import json
import pathlib
import statistics
import sys

folder = pathlib.Path(sys.argv[1])


def lines_of(name):
    return map(json.loads, (folder / name).read_text().splitlines())


times, sizes = collections.defaultdict(list), {}  # by case
for run in lines_of("times"):
    times[run["case"]].append(run["us"])
    sizes[run["case"]] = run.get("bytes")
for file in lines_of("bytes"):
    sizes[file["case"]] = file["bytes"]
networks = list(dict.fromkeys(file["case"].split(":")[0] for file in lines_of("bytes")))

FORMS = {  # what a row says of its numbers, and what computes with them
    "dense, file": ("floats, dense, in a file", "program, in floats"),
    "float, file": ("floats, in a file", "program, in floats"),
    "float, header": ("floats, in a header", "header, in floats"),
    "8 bits, header": ("8 bits, in a header", "header, in whole numbers"),
    "8 values, file": ("8 values a layer, in a file", "program, in floats"),
    "16 values, file": ("16 values a layer, in a file", "program, in floats"),
    "32 values, file": ("32 values a layer, in a file", "program, in floats"),
}
print("| network | numbers | test accuracy | bytes | times smaller | one image | what runs |")
print("|---|---|---|---|---|---|---|")
seen = set()  # models whose dense row is there
for network in networks:
    dense = sizes[f"{network}: dense, file"]
    for form, (numbers, runs) in FORMS.items():
        model, case = network.split(",")[0], f"{network}: {form}"
        if form.startswith("dense") and model in seen:
            continue
        seen.add(model)
        metrics = json.loads((folder / f"{case}.json").read_text())
        accuracy = (metrics.get("pruned") or metrics.get("dense"))["test_accuracy"]
        print(f"| {model if form.startswith('dense') else network} | {numbers} | {100 * accuracy:.2f}% | "
              f"{sizes[case]:,} | {dense / sizes[case]:.0f} | {statistics.median(times[case]):.1f} us | {runs} |")
