#!/usr/bin/env python3
"""Draws pictures to try tinynn on, for whoever has none at hand: draw_shapes.py FOLDER [COUNT]. COUNT (50) PNG files of
32 x 32 pixels in each of FOLDER/circle, cross, square and triangle, in random colours, sizes and places."""
import random
import struct
import sys
import zlib
from pathlib import Path

SIZE = 32


def is_inside(shape, x, y, r):
    """Whether a point, seen from the middle of a shape of radius r, belongs to it."""
    if shape == "circle":
        return x * x + y * y <= r * r
    if shape == "square":
        return max(abs(x), abs(y)) <= 0.85 * r
    if shape == "cross":
        return min(abs(x), abs(y)) <= 0.3 * r and max(abs(x), abs(y)) <= r
    return -r <= y <= r and abs(x) <= (y + r) / 2


def write_png(file, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", SIZE, SIZE, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


def main():
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 50
    draw = random.Random(1)
    for shape in "circle", "cross", "square", "triangle":
        (folder / shape).mkdir(parents=True, exist_ok=True)
        for number in range(1, count + 1):
            r = draw.uniform(6, 12)
            cx, cy = draw.uniform(r, SIZE - r), draw.uniform(r, SIZE - r)
            dark, light = ([draw.randrange(low, low + 100) for _ in range(3)] for low in (0, 150))
            ink, paper = (dark, light) if draw.random() < 0.5 else (light, dark)
            rows = [bytes(c for x in range(SIZE) for c in (ink if is_inside(shape, x - cx, y - cy, r) else paper))
                    for y in range(SIZE)]
            write_png(folder / shape / f"{number}.png", rows)


if __name__ == "__main__":
    main()
