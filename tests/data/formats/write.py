#!/usr/bin/env python3
"""Writes digits of MNIST in every format that data::open() reads, with nothing but Python's own library, and with NumPy
where it is installed. write.py MNIST_FOLDER OUT [TRAIN [TEST]]: at most so many digits of each part."""
import csv
import gzip
import os
import struct
import sys
import zipfile
import zlib

SOURCE, OUT = sys.argv[1], sys.argv[2]
COUNTS = {"train": int(sys.argv[3]) if len(sys.argv) > 3 else 60000, "t10k": int(sys.argv[4]) if len(sys.argv) > 4 else 10000}
SIDE, AREA = 28, 28 * 28


def read(name):
    for path, opens in ((f"{SOURCE}/{name}", open), (f"{SOURCE}/{name}.gz", gzip.open)):
        if os.path.exists(path):
            with opens(path, "rb") as file:
                return file.read()
    sys.exit(f"no {name} in {SOURCE}")


def digits(part):
    count = COUNTS[part]
    pixels, labels = read(f"{part}-images-idx3-ubyte")[16:], read(f"{part}-labels-idx1-ubyte")[8:]
    return [(pixels[AREA * i:AREA * (i + 1)], labels[i]) for i in range(min(count, len(labels)))]


def transposed(pixels):
    return bytes(pixels[SIDE * x + y] for y in range(SIDE) for x in range(SIDE))


def create(path, mode="wb", **more):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return open(path, mode, **more)  # pylint: disable=unspecified-encoding


def write_idx(folder, samples, names, turn=bytes, first=0, four=False):
    with create(f"{folder}/{names}-images-{'idx4' if four else 'idx3'}-ubyte") as file:
        file.write(struct.pack(">2I", 0x804 if four else 0x803, len(samples)) + (struct.pack(">I", 1) if four else b""))
        file.write(struct.pack(">2I", SIDE, SIDE) + b"".join(turn(pixels) for pixels, _ in samples))
    with gzip.open(f"{folder}/{names}-labels-idx1-ubyte.gz", "wb") as file:
        file.write(struct.pack(">2I", 0x801, len(samples)) + bytes(label + first for _, label in samples))


def write_csv(path, samples, delimiter=",", label="first", header=True, quoting=csv.QUOTE_MINIMAL, word="{}", end="\n"):
    def row(cells, name):
        return [name] + cells if label == "first" else cells + [name]
    with create(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)
        if header:
            writer.writerow(row([f"pixel{i}" for i in range(AREA)], "digit"))
        for pixels, number in samples:
            writer.writerow(row(list(pixels), word.format(number)))


def npy(shape, content, kind="|u1", version=1):
    header = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (-(len(header) + 13) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + content


def write_npz(path, parts, method, kind="|u1", version=1):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    code = {"|u1": "B", "<i8": "q", "<i2": "h"}[kind]
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, samples in parts.items():
            pixels = b"".join(pixels for pixels, _ in samples)
            labels = struct.pack(f"<{len(samples)}{code}", *(label for _, label in samples))
            archive.writestr(f"x_{name}.npy", npy((len(samples), SIDE, SIDE), pixels, version=version))
            archive.writestr(f"y_{name}.npy", npy((len(samples),), labels, kind, version))


def write_png(path, pixels):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    rows = b"".join(b"\0" + pixels[SIDE * y:SIDE * (y + 1)] for y in range(SIDE))
    with create(path) as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", SIDE, SIDE, 8, 0, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_pictures(folder, samples):
    for i, (pixels, label) in enumerate(samples):
        write_png(f"{folder}/{label}/{'inner/' if i % 3 == 0 else ''}{i:05}.png", pixels)


def main():
    train, test = digits("train"), digits("t10k")
    both = {"train": train, "test": test}
    write_idx(f"{OUT}/idx", train, "train")
    write_idx(f"{OUT}/idx", test, "t10k")
    for names, samples in (("train", train), ("t10k", test)):
        write_idx(f"{OUT}/torchvision/MNIST/raw", samples, names)
        write_idx(f"{OUT}/idx4", samples, names, four=True)
    for part, samples in both.items():
        write_idx(f"{OUT}/emnist", samples, f"emnist-digits-{part}", transposed)
        # As many letters as there are digits, from 1 on.
        write_idx(f"{OUT}/emnist", samples, f"emnist-letters-{part}", transposed, first=1)
        write_csv(f"{OUT}/csv_first/{part}.csv", samples)
        write_csv(f"{OUT}/csv_last/{part}.csv", samples, ";", "last", header=False, quoting=csv.QUOTE_ALL, end="\r\n")
        write_csv(f"{OUT}/csv_words/{part}.tsv", samples, "\t", "last", word="digit, {}")
        write_pictures(f"{OUT}/pictures/{part}", samples)
    write_csv(f"{OUT}/one.csv", train)
    write_pictures(f"{OUT}/one_folder", train)
    write_npz(f"{OUT}/stored.npz", both, zipfile.ZIP_STORED)
    write_npz(f"{OUT}/deflated.npz", both, zipfile.ZIP_DEFLATED, "<i8", 2)
    write_npz(f"{OUT}/version3.npz", both, zipfile.ZIP_DEFLATED, "<i2", 3)
    try:
        import numpy  # pylint: disable=import-outside-toplevel
    except ImportError:
        print("no NumPy: its own files are not written")
        return
    arrays = {}
    for part, samples in both.items():
        pixels = numpy.frombuffer(b"".join(pixels for pixels, _ in samples), numpy.uint8)
        arrays[f"x_{part}"] = pixels.reshape(len(samples), SIDE, SIDE)
        arrays[f"y_{part}"] = numpy.array([label for _, label in samples], numpy.uint8)
    numpy.savez(f"{OUT}/numpy.npz", **arrays)
    numpy.savez_compressed(f"{OUT}/numpy_compressed.npz", **arrays)


main()
