#!/usr/bin/env python3
"""Kills runs of the command with SIGKILL at random moments and resumes them, with another number of threads: each has
to end in the bytes, and the metrics but for times, of a run that nobody disturbed, and its checkpoint has to be whole
after every kill. kill_test.py TINYNN [KILLS]"""
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

TINYNN, KILLS = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
IMAGES = 600
prune = ["prune", "--data", "mnist", "--batch-size", "50", "--lr", "0.02", "--model"]
RUNS = {
    "training": ["train", "--data", "mnist", "--model", "lenet-300-100", "--epochs", "25", "--optimizer", "adam"],
    "magnitude": prune + ["lenet-300-100", "--epochs", "5", "--sparsity", "0.9", "--steps", "4", "--finetune-epochs", "3"],
    "L0 gates": prune + ["lenet-300-100", "--epochs", "6", "--regularizer", "l0:1e-5", "--finetune-epochs", "3"],
    "movement, RigL": prune + ["lenet-300-100", "--epochs", "2", "--criterion", "movement", "--regrow", "rigl",
                               "--sparsity", "0.9", "--steps", "2", "--finetune-epochs", "12"],
    "DNS": prune + ["lenet-300-100", "--epochs", "2", "--regrow", "dns", "--sparsity", "0.8", "--steps", "2",
                    "--finetune-epochs", "12"],
    "sparse momentum": prune + ["lenet-300-100", "--epochs", "2", "--regrow", "sparse-momentum", "--sparsity", "0.9",
                                "--steps", "2", "--finetune-epochs", "12"],
    "channels": prune + ["simple-cnn", "--epochs", "2", "--granularity", "channel", "--to-macs", "0.5", "--steps", "2",
                         "--finetune-epochs", "3", "--criterion", "taylor"],
    "rewinding": prune + ["lenet-300-100", "--epochs", "4", "--rewind", "10", "--sparsity", "0.9", "--steps", "3",
                          "--finetune-epochs", "4"],
    "a step undone": prune + ["lenet-300-100", "--epochs", "4", "--max-loss", "0.05", "--schedule",
                              "list:0.3,0.6,0.995,0.999", "--finetune-epochs", "1"],
}


def write_data(folder):
    """Ten patterns and noise: hard enough that accuracies tell runs apart."""
    draw = random.Random(1)
    patterns = [bytes(draw.randrange(256) for _ in range(784)) for _ in range(10)]
    os.makedirs(folder)
    for part, count in (("train", IMAGES), ("t10k", IMAGES // 2)):
        with open(f"{folder}/{part}-images-idx3-ubyte", "wb") as file:
            file.write(struct.pack(">4I", 0x803, count, 28, 28))
            for i in range(count):
                noise = draw.randbytes(784)
                file.write(bytes((p + 3 * n) // 4 for p, n in zip(patterns[i % 10], noise)))
        with open(f"{folder}/{part}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">2I", 0x801, count) + bytes(i % 10 for i in range(count)))


def without_times(path):
    def strip(value):
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k not in ("epoch_seconds", "latency_us", "threads")}
        return [strip(v) for v in value] if isinstance(value, list) else value

    with open(path, encoding="utf-8") as file:
        return strip(json.load(file))


def is_whole(path):
    with open(path, "rb") as file:
        content = file.read()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return max(ends) == len(content) - 8 - size


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    write_data("data/mnist")
    environment = {**os.environ, "TINYNN_DATA": "data"}
    draw = random.Random(int(os.environ.get("TINYNN_KILL_SEED", time.time())))
    failures, kills = 0, 0
    outputs = ["--out", "out", "--metrics", "metrics", "--quiet"]
    for name, arguments in RUNS.items():
        begin = time.monotonic()
        subprocess.run([TINYNN, *arguments, *outputs, "--threads", "1"], check=True, env=environment)
        whole_time = time.monotonic() - begin
        expected, expected_metrics = content_of("out"), without_times("metrics")
        wanted, done = (KILLS + len(RUNS) - 1) // len(RUNS), 0
        while done < wanted and failures == 0:
            for leftover in ("out", "metrics", "run.ckpt"):
                if os.path.exists(leftover):
                    os.remove(leftover)
            threads, finished = 1, False
            while not finished and failures == 0:
                threads = threads % 3 + 1
                command = [TINYNN, *arguments, *outputs, "--threads", str(threads), "--checkpoint", "run.ckpt",
                           "--every", str(draw.choice([1, 1, 7])), "--resume"]
                process = subprocess.Popen(command, env=environment)
                try:
                    # Late enough that the run gets on, in the end not at all.
                    process.wait(draw.uniform(0.02, 0.5 * whole_time + 0.3) if done < wanted else None)
                    finished = True
                    if process.returncode != 0:
                        print(f"FAILED: {name}: exit code {process.returncode} after {done} kills")
                        failures += 1
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    done += 1
                    kills += 1
                    if os.path.exists("run.ckpt") and not is_whole("run.ckpt"):
                        print(f"FAILED: {name}: the checkpoint is broken after kill {done}")
                        failures += 1
            if failures == 0 and content_of("out") != expected:
                print(f"FAILED: {name}: another model after {done} kills")
                failures += 1
            if failures == 0 and without_times("metrics") != expected_metrics:
                print(f"FAILED: {name}: other metrics after {done} kills:\n{without_times('metrics')}\n{expected_metrics}")
                failures += 1
        leftovers = [f for f in os.listdir(".") if f.startswith(".tinynn-") and "run.ckpt" in f]
        if leftovers:
            print(f"FAILED: {name}: left behind {leftovers}")
            failures += 1
        print(f"{name}: {done} kills, {whole_time:.1f} s undisturbed", flush=True)
    shutil.rmtree(folder)
    print(f"{kills} kills, {failures} failures")
    sys.exit(1 if failures else 0)


main()
