#!/usr/bin/env python3
"""Prints the table of training.sh from a file with one JSON object a run."""

import json
import os
import re
import statistics
import sys


def cpu_name():
    with open("/proc/cpuinfo") as cpuinfo:
        found = re.search(r"^model name\s*:\s*(.*)$", cpuinfo.read(), re.MULTILINE)
    return found.group(1) if found else os.uname().machine


with open(sys.argv[1]) as results:
    runs = [json.loads(line) for line in results]
unit = "epoch" if "seconds_per_epoch" in runs[0] else "step"
groups = {}  # the runs by library and threads
for run in runs:
    groups.setdefault((run["library"], run["threads"]), []).append(run)
seconds = {key: sorted(run[f"seconds_per_{unit}"] for run in group) for key, group in groups.items()}
# The peer's best: more threads are not always faster.
peer = min((statistics.median(s) for (library, _), s in seconds.items() if library != "tinynn"), default=None)

versions = {f"{run['library']} {run['version']}" for run in runs}
repetitions = max(len(group) for group in groups.values())
print(f"{cpu_name()}, {len(os.sched_getaffinity(0))} cores; {', '.join(sorted(versions))}; {repetitions} runs each")
print(f"{'':10}{'threads':>9}{'ms/' + unit:>12}{'from':>12}{'to':>12}{'/ peer':>9}{'peak MB':>10}{'last loss':>12}")
for (library, threads), group in sorted(groups.items(), key=lambda item: (item[0][0] != "tinynn", item[0][1])):
    times = seconds[library, threads]
    median = statistics.median(times)
    ratio = f"{median / peer:.2f}" if peer else "-"
    megabytes = statistics.median(run["peak_bytes"] for run in group) / 1e6
    print(f"{library:10}{threads:9}{1e3 * median:12.2f}{1e3 * times[0]:12.2f}{1e3 * times[-1]:12.2f}{ratio:>9}"
          f"{megabytes:10.1f}{group[0]['last_loss']:12.5f}")
