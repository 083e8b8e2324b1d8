#!/usr/bin/env python3
"""How a training on many machines scales, on paper: scaling.py FILE... [--mbit M] [--latency MS] [--picture FILE.svg]

FILEs are what network.sh printed, at any rates. A step takes its computation, as measured there; the bytes of the gradients,
2 (N - 1) / N times, over the rate; and a latency for each of the 2 log2 N rounds of its three sums. The first table compares
this with what two processes took; the second goes on to 1,024, each with as many samples as there; the picture, by gnuplot,
shows how many times faster than one process N are."""
import argparse
import json
import math
import subprocess

parser = argparse.ArgumentParser()
parser.add_argument("files", nargs="+")
parser.add_argument("--mbit", type=float, default=1000)
parser.add_argument("--latency", type=float, default=0.05, help="of one message, in ms")
parser.add_argument("--picture")
options = parser.parse_args()


def step_ms(row, ranks, mbit):
    """Computation, and sums that nothing is hidden behind."""
    compute = row["step_ms"] - row["waits_ms"]
    if ranks == 1:
        return compute
    share = row["payload_bytes"] * 2 * (ranks - 1) / ranks  # at two processes: the bytes of all gradients
    return compute + share * 8 / (mbit * 1000) + 3 * 2 * math.log2(ranks) * options.latency


rows = [json.loads(line) for name in options.files for line in open(name) if line.startswith("{")]
rows = [row for row in rows if "waits_ms" in row]
measured = [row for row in rows if row["sends"] == "all" or row["sends"].endswith("in the end")]
print("| network, batch | Mbit/s | zeros | sends | measured | on paper |\n|---|---|---|---|---|---|")
for row in measured:
    print(f"| {row['model']}, {row['batch']} | {row['mbit']:g} | {100 * row['zeros']:g}% | {row['sends'].split(',')[0]} | "
          f"{row['step_ms']:.2f} ms | {step_ms(row, 2, row['mbit']):.2f} ms |")

curves = {}
for row in measured:  # the last of each
    if row["sends"] != "all" and row["zeros"] != 0.5:
        curves[row["model"], row["zeros"]] = row
counts = [2**k for k in range(11)]
print(f"\nAt {options.mbit:g} Mbit/s, {options.latency:g} ms a message: times faster than one process.\n")
print("| processes | " + " | ".join(f"{model}, {100 * zeros:g}%" for model, zeros in curves) + " |")
print("|---" * (1 + len(curves)) + "|")


def speedup(row, ranks):
    return ranks * step_ms(row, 1, options.mbit) / step_ms(row, ranks, options.mbit)


for ranks in counts:
    print(f"| {ranks} | " + " | ".join(f"{speedup(row, ranks):.1f}" for row in curves.values()) + " |")

if options.picture:
    script = f"""set terminal svg size 720,480 font "sans,13"
set output "{options.picture}"
set logscale xy 2
set key left top
set grid
set xlabel "processes"
set ylabel "times faster than one"
plot x title "ideal" with lines dashtype 2 lc "gray", """ + ", ".join(
        f'"-" title "{model}, {100 * zeros:g}% zeros" with linespoints' for model, zeros in curves)
    data = "".join("".join(f"{n} {speedup(row, n)}\n" for n in counts) + "e\n" for row in curves.values())
    subprocess.run(["gnuplot"], input=script + "\n" + data, text=True, check=True)
