#!/usr/bin/env python3
"""Prints the tables of grid.sh, in Markdown, from a file with a line a run: kind, name, sparsity asked for, metrics
file, with tabs between them. What deletes channels is asked for by multiply-adds, and shows how many parameters are
left."""

import json
import sys

runs = []
with open(sys.argv[1]) as lines:
    for line in lines:
        kind, name, asked, path = line.rstrip("\n").split("\t")
        with open(path) as metrics:
            runs.append({"kind": kind, "name": name, "asked": asked, **json.load(metrics)})

for kind in dict.fromkeys(run["kind"] for run in runs):
    of_kind = [run for run in runs if run["kind"] == kind]
    sparsities = list(dict.fromkeys(run["asked"] for run in of_kind))
    deletes = kind != "single weights"
    unit, after = ("MACs", "compact") if deletes else ("zero", "pruned")
    # Rows that start from the network that all share, not from one of their own.
    dense = next(run["dense"] for run in of_kind if not run["dense"]["epoch_seconds"])
    print(f"\n{of_kind[0]['model']}, dense: {100 * dense['test_accuracy']:.2f}%\n")
    print(f"| {kind} |", *(f"{100 * float(s):g}% {unit} |" + " parameters |" * deletes for s in sparsities))
    print("|---|" + "---|" * len(sparsities) * (1 + deletes))
    for name in dict.fromkeys(run["name"] for run in of_kind):
        cells = []
        for run in (run for s in sparsities for run in of_kind if (run["name"], run["asked"]) == (name, s)):
            cells.append(f"{100 * run[after]['test_accuracy']:.2f}% |")
            if deletes:
                cells.append(f"{100 * run[after]['parameters'] / run['dense']['parameters']:.1f}% |")
        print("|", name.replace("|", "\\|"), "|", *cells)
