"""Writes digits in MNIST's format: digits.py FOLDER TRAIN TEST, the numbers of images. The glyphs of a 5 x 7 font, each
slanted, turned and stretched by a seeded generator, 17 to 20 pixels high, their centre of mass in the middle."""
import math
import os
import random
import struct
import sys

FONT = """
.###. ..#.. .###. ##### ...#. ##### ..##. ##### .###. .###.
#...# .##.. #...# ...#. ..##. #.... .#... ....# #...# #...#
#..## ..#.. ....# ..#.. .#.#. ####. #.... ...#. #...# #...#
#.#.# ..#.. ...#. ...#. #..#. ....# ####. ..#.. .###. .####
##..# ..#.. ..#.. ....# ##### ....# #...# .#... #...# ....#
#...# ..#.. .#... #...# ...#. #...# #...# .#... #...# ...#.
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .##..
""".split()


def glyph(digit):
    """Rows of 0 and 1 with a margin of 1, and the centre of mass."""
    rows = [[0] * 7, *([0, *(int(c == "#") for c in FONT[10 * y + digit]), 0] for y in range(7)), [0] * 7]
    ink = [(y, x) for y in range(9) for x in range(7) if rows[y][x]]
    return rows, sum(y for y, _ in ink) / len(ink), sum(x for _, x in ink) / len(ink)


GLYPHS = [glyph(digit) for digit in range(10)]


def draw(digit, generator):
    rows, middle_y, middle_x = GLYPHS[digit]
    angle, slant = generator.uniform(-0.15, 0.15), generator.uniform(-0.2, 0.2)
    height, width = generator.uniform(17, 20) / 7, generator.uniform(12, 16) / 5
    sin, cos = math.sin(angle), math.cos(angle)
    pixels = bytearray(784)
    for i in range(784):
        v, u = i // 28 - 13.5, i % 28 - 13.5
        y = (cos * v - sin * u) / height + middle_y
        x = (cos * u + sin * v + slant * v) / width + middle_x
        if not (0 <= y < 8 and 0 <= x < 6):
            continue
        (top, left), (b, a) = (int(y), int(x)), (y % 1, x % 1)
        above, below = rows[top], rows[top + 1]
        ink = (1 - b) * ((1 - a) * above[left] + a * above[left + 1]) + b * ((1 - a) * below[left] + a * below[left + 1])
        pixels[i] = min(255, int(300 * ink))
    return bytes(pixels)


def main(folder, train, test):
    generator = random.Random(1)
    os.makedirs(folder, exist_ok=True)
    for part, count in ("train", int(train)), ("t10k", int(test)):
        labels = bytes(generator.randrange(10) for _ in range(count))
        with open(f"{folder}/{part}-images-idx3-ubyte", "wb") as file:
            file.write(struct.pack(">4I", 0x803, count, 28, 28) + b"".join(draw(digit, generator) for digit in labels))
        with open(f"{folder}/{part}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">2I", 0x801, count) + labels)


main(*sys.argv[1:])
