#!/usr/bin/env python3
"""Prints the table of compare.sh, in Markdown, from a file of JSON lines: compare_table.py FILE [--decided]. A line
{"turn": N} begins the results of a turn, in which all programs ran one after the other, with each number of threads.

The ratio is tinynn's time over the peer's, each with the number of threads that suits it best, turn by turn; the table has
the median, and between which ratios the middle half of the turns is. "Of the peak" is how many of the multiply-adds that the
machine could do in registers were done, a training step counted as three forward passes. With --decided nothing is
printed, and the exit code says whether every ratio is clear of its bar: 0, or 1 where more turns are wanted."""

import collections
import json
import os
import re
import statistics
import sys

# By model and batch: the ratios to reach and to aim for.
TRAINED = {("lenet-300-100", 64): (0.30, 0.22), ("simple-cnn", 64): (0.12, 0.08), ("lenet-5", 64): (0.22, 0.16),
           ("resnet-20", 128): (0.62, 0.50), ("lenet-300-100", 1): (0.20, 0.14), ("lenet-300-100", 4): (0.13, 0.10),
           ("lenet-300-100", 16): (0.18, 0.14)}
# Model, batch and zeros; the peer and its zeros.
PRUNED = [("lenet-300-100", 64, 0.95, "tinynn, pruned", 0, 0.33, 0.22), ("lenet-300-100", 64, 0.99, "tinynn, pruned", 0, 0.18, 0.12),
          ("lenet-300-100", 64, 0.95, "PyTorch masks", 0.95, 0.15, 0.07), ("lenet-300-100", 64, 0.99, "PyTorch masks", 0.99, 0.10, 0.04),
          ("lenet-5", 64, 0.95, "tinynn, pruned", 0, 0.50, 0.40), ("resnet-20", 128, 0.9, "tinynn, pruned", 0, 0.75, 0.55)]
NONE = ("", "")
# By case: for batches of 1, 64, 1000.
INFERENCE = {"nothing": (NONE, NONE, NONE), "lenet-300-100": ((0.40, 0.30), (0.75, 0.60), (0.90, 0.80)),
             "simple-cnn": ((0.20, 0.12), (0.35, 0.20), (0.35, 0.20)), "lenet-5": ((0.45, 0.35), (0.50, 0.40), (0.55, 0.40)),
             "resnet-20": ((0.70, 0.50), (0.80, 0.60), NONE), "lenet-300-100, 95% zero": (NONE, (0.30, 0.15), NONE),
             "lenet-300-100, 98% zero": (NONE, (0.15, 0.07), NONE), "lenet-5, 95% zero": (NONE, NONE, NONE)}

# By model and batch, against the same in floats.
BYTES = {("lenet-300-100", 64): NONE, ("lenet-5", 1): NONE, ("lenet-5", 64): (0.75, 0.55), ("resnet-20", 1): NONE,
         ("resnet-20", 64): (0.75, 0.55)}

times = collections.defaultdict(lambda: collections.defaultdict(dict))  # by (library, work): by turn: by threads: us
peaks = collections.defaultdict(list)  # by threads: (GF/s, GB/s)
macs, versions, turn = {}, {}, 0
with open(sys.argv[1]) as lines:
    for run in map(json.loads, lines):
        if "turn" in run:
            turn = run["turn"]
            continue
        versions[run["library"].split(",")[0]] = run["version"]
        if run["library"] == "machine":
            peaks[run["threads"]].append((run["gflops"], run["gbytes"]))
            continue
        if "case" in run:
            work, us, passes = (run["case"], run["batch"]), run["us"], 1
        else:
            work, us, passes = (run["model"], run["batch_size"], run.get("sparsity", 0)), 1e6 * run["seconds_per_step"], 3
        times[run["library"], work][turn][run["threads"]] = us
        if run["library"].startswith("tinynn") and "forward_macs" in run:
            macs[work] = passes * run["forward_macs"]


def best(library, work):
    """By turn: the time with the number of threads that is best over all turns; and that number."""
    by_turn = times.get((library, work))
    if not by_turn:
        return None, 0
    counts = {threads for turn in by_turn.values() for threads in turn}
    of = {threads: [turn[threads] for turn in by_turn.values() if threads in turn] for threads in counts}
    threads = min(counts, key=lambda count: statistics.median(of[count]))
    return {turn: by_count[threads] for turn, by_count in by_turn.items() if threads in by_count}, threads


def cell(found, threads):
    if not found:
        return "-"
    median = statistics.median(found.values())
    return (f"{median:.1f} us" if median < 2000 else f"{median / 1000:.1f} ms") + f", {threads} thr."


def of_peak(found, threads, work):
    if not found or not macs.get(work) or not peaks.get(threads):
        return ""
    peak = statistics.median(gflops for gflops, _ in peaks[threads])
    return f"{2e-3 * macs[work] / statistics.median(found.values()) / peak:.0%}"


rows, undecided = [], []


def row(name, ours, peer, work, bar, aim):
    (ours, our_threads), (peer, peer_threads) = ours, peer
    if not peer and (not ours or bar == ""):
        return
    ratio = ""
    ratios = sorted(ours[turn] / peer[turn] for turn in ours if turn in peer) if ours and peer else []
    if ratios:
        median = statistics.median(ratios)
        low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else (median, median, median)
        ratio = f"**{median:.2f}** ({low:.2f} to {high:.2f})"
        if bar != "":
            ratio += " missed" if median > bar else ""
            if low <= bar < high:
                undecided.append(name)
    rows.append(f"| {name} | {cell(ours, our_threads)} | {of_peak(ours, our_threads, work)} | {cell(peer, peer_threads)} | {ratio} | {bar} | {aim} |")


for (model, batch), (bar, aim) in TRAINED.items():
    work = (model, batch, 0)
    row(f"{model}, training step of {batch}, against libtorch", best("tinynn", work), best("libtorch", work), work, bar, aim)
for model in ("lenet-300-100", "simple-cnn", "lenet-5"):
    work = (model, 64, 0)
    row(f"{model}, training step of 64, against dlib", best("tinynn", work), best("dlib", work), work, "", "")
for model, batch, sparsity, library, of_peer, bar, aim in PRUNED:
    work = (model, batch, sparsity)
    peer = "itself dense" if library.startswith("tinynn") else "PyTorch with masks"
    row(f"{model}, {100 * sparsity:.0f}% zero, training step of {batch}, against {peer}", best("tinynn, pruned", work),
        best(library, (model, batch, of_peer)), work, bar, aim)
product = ("sparse product", 64)
peers = {name: best(name, product) for name in ("LIBXSMM", "librsb", "GraphBLAS")}
peers = {name: found for name, found in peers.items() if found[0]}
if peers:
    name = min(peers, key=lambda name: statistics.median(peers[name][0].values()))
    row(f"sparse product, 300 x 784, 95% zero, times 784 x 64, against the best of {', '.join(peers)}: {name}",
        best("tinynn", product), peers[name], product, 0.67, 0.5)
for case, bars in INFERENCE.items():
    for batch, (bar, aim) in zip((1, 64, 1000), bars):
        row(f"{case}, inference of {batch}, against ONNX Runtime", best("tinynn", (case, batch)),
            best("ONNX Runtime", (case, batch)), (case, batch), bar, aim)

for library, batches in (("oneDNN", (1, 64, 1000)), ("ONNX Runtime Web", (1, 64)), ("TensorFlow.js", (1, 64))):
    for work in [(case, batch) for case in ("lenet-300-100", "simple-cnn", "lenet-5") for batch in batches]:
        row(f"{work[0]}, inference of {work[1]}, against {library}", best("tinynn", work), best(library, work), work, "", "")
for (model, batch), (bar, aim) in BYTES.items():
    row(f"{model}, 8 bits, inference of {batch}, against floats", best("tinynn", (model + ", 8 bits", batch)),
        best("tinynn", (model, batch)), (model + ", 8 bits", batch), bar, aim)

if "--decided" in sys.argv:
    sys.exit(1 if undecided else 0)
with open("/proc/cpuinfo") as cpuinfo:
    cpu = re.search(r"^model name\s*:\s*(.*)$", cpuinfo.read(), re.MULTILINE)
print(f"{cpu.group(1) if cpu else os.uname().machine}, {len(os.sched_getaffinity(0))} cores; "
      + ", ".join(f"{library} {version}" for library, version in sorted(versions.items())) + f"; {turn} turns.")
for threads, found in sorted(peaks.items()):
    gflops, gbytes = (statistics.median(values) for values in zip(*found))
    print(f"Peak with {threads} thread{'s' if threads > 1 else ''}: {gflops:.0f} GF/s in registers, {gbytes:.0f} GB/s read from memory.")
print("\n| work | tinynn | of the peak | peer | ratio (middle half of the turns) | bar | aim |\n|---|---|---|---|---|---|---|")
print(*rows, sep="\n")
if undecided:
    print("\nNot clear of the bar: " + "; ".join(undecided) + ".")
