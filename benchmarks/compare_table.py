#!/usr/bin/env python3
"""Prints the table of compare.sh, in Markdown, from a file of JSON lines. Each time is the median of the runs with the
number of threads that suits the library best; the ratio is tinynn's over the peer's."""

import collections
import json
import os
import re
import statistics
import sys

# What is compared: (library, work) of tinynn and of the peer, with the ratios to reach and to aim for.
TRAINED = {"lenet-300-100": (0.75, 0.55), "simple-cnn": (0.30, 0.15), "lenet-5": (0.45, 0.25), "resnet-20": (0.90, 0.60)}
PRUNED = [("lenet-300-100", 0.95, "tinynn, pruned", 0, 0.40, 0.20), ("lenet-300-100", 0.99, "tinynn, pruned", 0, 0.25, 0.12),
          ("lenet-300-100", 0.95, "PyTorch masks", 0.95, 0.15, 0.07), ("lenet-300-100", 0.99, "PyTorch masks", 0.99, 0.10, 0.04),
          ("lenet-5", 0.95, "tinynn, pruned", 0, 0.60, 0.40)]
INFERENCE = {"nothing": ("", ""), "lenet-300-100": (1.0, 0.8), "simple-cnn": (0.5, 0.25), "lenet-5": (0.8, 0.5),
             "lenet-300-100, 95% zero": (0.30, 0.15), "lenet-300-100, 98% zero": (0.15, 0.07), "lenet-5, 95% zero": ("", "")}

times = collections.defaultdict(list)  # by library, work and threads, in microseconds
versions = {}
with open(sys.argv[1]) as lines:
    for run in map(json.loads, lines):
        if "case" in run:
            work, us = (run["case"], run["batch"]), run["us"]
        else:
            work, us = (run["model"], run.get("sparsity", 0)), 1e6 * run["seconds_per_step"]
        times[run["library"], work, run["threads"]].append(us)
        versions[run["library"].split(",")[0]] = run["version"]


def best(library, work):
    found = [(statistics.median(us), min(us), max(us), key[2]) for key, us in times.items() if key[:2] == (library, work)]
    return min(found) if found else None


def cell(found):
    if not found:
        return "-"
    median, low, high, threads = found
    scale, unit = (1, "us") if median < 2000 else (1000, "ms")
    return f"{median / scale:.1f} {unit} ({low / scale:.1f} to {high / scale:.1f}, {threads} thr.)"


def row(name, ours, peer, bar, aim):
    if ours or peer:
        ratio = f"{ours[0] / peer[0]:.2f}" if ours and peer else "-"
        mark = "" if bar == "" or ratio == "-" else " (missed)" if float(ratio) > bar else ""
        print(f"| {name} | {cell(ours)} | {cell(peer)} | **{ratio}**{mark} | {bar} | {aim} |")


with open("/proc/cpuinfo") as cpuinfo:
    cpu = re.search(r"^model name\s*:\s*(.*)$", cpuinfo.read(), re.MULTILINE)
print(f"{cpu.group(1) if cpu else os.uname().machine}, {len(os.sched_getaffinity(0))} cores; "
      + ", ".join(f"{library} {version}" for library, version in sorted(versions.items())) + "\n")
print("| work | tinynn | peer | ratio | bar | aim |\n|---|---|---|---|---|---|")
for model, (bar, aim) in TRAINED.items():
    row(f"{model}, training step, against libtorch", best("tinynn", (model, 0)), best("libtorch", (model, 0)), bar, aim)
for model, sparsity, library, of_peer, bar, aim in PRUNED:
    peer = "itself dense" if library.startswith("tinynn") else "PyTorch with masks"
    row(f"{model}, {100 * sparsity:.0f}% zero, training step, against {peer}", best("tinynn, pruned", (model, sparsity)),
        best(library, (model, of_peer)), bar, aim)
for case, (bar, aim) in INFERENCE.items():
    for batch in (1, 64, 1000):
        sparse_bar = (bar, aim) if "zero" not in case or batch == 64 else ("", "")
        row(f"{case}, inference of {batch}, against ONNX Runtime", best("tinynn", (case, batch)),
            best("ONNX Runtime", (case, batch)), *sparse_bar)
