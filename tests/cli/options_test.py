#!/usr/bin/env python3
"""Gives every option of every subcommand texts that nobody means, and random ones: each has to mean itself, or to be
refused at once, in one line of less than 300 characters. options_test.py TINYNN [N]: one of N texts, by default all"""
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

TINYNN, ONE_OF = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
DRAW = random.Random(int(os.environ.get("TINYNN_OPTIONS_SEED", "1")))
NASTY = ["", " ", "-1", "-0", "+1", "0", "00", "010", "0x10", "1e3", "1,5", "0,1", "1.5", ".5", "5.", "1_000", "1'000", "nan", "-nan",
         "inf", "-inf", "1e400", "1e-400", "18446744073709551615", "18446744073709551616", "9223372036854775807",
         "9223372036854775808", "100000000000000000000000", "5x", "x5", "5 ", " 5", "5\n", "\n", "\t", "\x1b[31m", "\u00e9\u20ac",
         "cubic:3", "exponential:abc", "constant:1e-9", "constant:", "constant:0", "constant:1", "constant:nan", "list:",
         "list:0.5,", "list:,0.5", "list:0.1,nan,0.5", "list:0.9,0.1", "block:", "block:0", "block:-4", "block:1e9", "l1:", "l1:-1",
         "l1:inf", "l0:x", "codebook:", "codebook:0", "codebook:257", "N:M", "4:2", "0:4", "2:4:8", "a" * 5000, ",", ",,", "%s%n", "--", "-",
         "/", "/dev/null/x", "../..", "*", "'", '"', "$(x)", "\\"]
# What an option needs beside it; nothing is trained for long.
SMALL = ["--model", "lenet-300-100", "--data", "mnist", "--epochs", "0"]
BASE = {
    "train": SMALL,
    "prune": SMALL + ["--finetune-epochs", "0", "--steps", "1", "--sparsity", "0.5"],
    "compact": ["--in", "net", "--out", "out"],
    "eval": ["--in", "net"],
    "export": ["--in", "net", "--format", "program", "--out", "out"],
    "sensitivity": ["--in", "net"],
    "bench": ["--in", "net", "--batch", "1"],
    "inspect": ["net"],
    "reproduce": ["fashion", "--quick", "--data", "mnist"],
}
# A legal text means work: more epochs, larger images, all layers in turn.
SLOW = {"--epochs", "--ramp-epochs", "--finetune-epochs", "--batch"}


def write_data(folder):
    os.makedirs(folder)
    for part in ("train", "t10k"):
        with open(f"{folder}/{part}-images-idx3-ubyte", "wb") as file:
            file.write(struct.pack(">4I", 0x803, 20, 28, 28) + DRAW.randbytes(20 * 784))
        with open(f"{folder}/{part}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">2I", 0x801, 20) + bytes(i % 10 for i in range(20)))


def options_of(command):
    text = subprocess.run([TINYNN, command, "--help"], capture_output=True, text=True, check=True).stdout
    return [m.group(1) for m in re.finditer(r"^  (--[a-z0-9-]+) (TEXT|INT|UINT|FLOAT|\[)", text, re.M)]


def without(arguments, option):
    """The base without this option; those that exclude it go, too."""
    gone = {option} | ({"--sparsity"} if option in ("--threshold", "--to-macs", "--to-params") else set())
    gone |= {"--model"} if option == "--in" else set()
    kept, drops = [], False
    for word in arguments:
        drops = word in gone if word.startswith("--") else drops
        kept += [] if drops else [word]
    return kept


def random_text():
    alphabet = "0123456789.,:;-+eExXnaif /\t" if DRAW.random() < 0.7 else "".join(map(chr, range(1, 256)))
    return "".join(DRAW.choice(alphabet) for _ in range(DRAW.randrange(1, 12)))


def main():
    os.chdir(tempfile.mkdtemp())
    write_data("data/mnist")
    environment = {**os.environ, "TINYNN_DATA": "data"}
    subprocess.run([TINYNN, "train", *SMALL, "--out", "net", "--quiet"], env=environment, check=True)
    failures = calls = taken = 0
    for command, base in BASE.items():
        for option in options_of(command):
            for text in NASTY + [random_text() for _ in range(10)]:
                if "\0" in text or (option in ("--out", "--metrics", "--report", "--checkpoint", "--dot", "--contact-sheet", "--folder") and
                                    (text.startswith(("/", "..")) or len(text) > 200)):
                    continue
                whole = re.fullmatch(r"[0-9]+", text) is not None and int(text) > 3
                if DRAW.randrange(ONE_OF) > 0:
                    continue
                if option in SLOW and whole and int(text) < 2**41:
                    continue
                metrics = [] if option == "--metrics" else ["--metrics", "m.json"]
                calls += 1
                try:
                    run = subprocess.run([TINYNN, command, *without(base, option), f"{option}={text}", *metrics, "--quiet"],
                                         env=environment, capture_output=True, timeout=20, check=False)
                except subprocess.TimeoutExpired:
                    print(f"FAILED: {command} {option} {text!r}: it takes more than 20 seconds")
                    failures += 1
                    continue
                said = run.stderr.decode("utf-8", "replace")
                wrong = None
                if run.returncode not in (0, 1, 2):
                    wrong = f"exit code {run.returncode}"
                elif run.returncode != 0 and (said.count("\n") != 1 or len(said) >= 300 or not said.startswith("tinynn: ")):
                    wrong = f"{len(said)} characters, {said.count(chr(10))} lines"
                elif run.returncode == 0 and said:
                    wrong = "it says something, and goes on"
                elif run.returncode == 0 and option == "--seed":
                    with open("m.json", encoding="utf-8") as file:
                        found = json.load(file)["seed"]
                    wrong = None if str(found) == text else f"it is taken for {found}"
                elif run.returncode == 0 and re.search(r"[,_' \n]", text) and re.match(r"[ 0-9]", text) and option not in (
                        "--layers", "--in", "--data", "--out", "--metrics", "--report", "--checkpoint", "--dot", "--name", "--batch", "--folder", "--regrow",
                        "--shape", "--sample", "--resize", "--label", "--target", "--contact-sheet"):
                    wrong = "it is no number, and is taken for one"
                taken += run.returncode == 0
                if wrong:
                    print(f"FAILED: {command} {option} {text!r}: {wrong}: {said[:400]!r}")
                    failures += 1
    print(f"{calls} calls, {taken} taken, {failures} failures")
    sys.exit(1 if failures else 0)


main()
