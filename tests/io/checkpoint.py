#!/usr/bin/env python3
"""Reads and writes tinynn's files with nothing but Python, from the description in tinynn/io/checkpoint.hpp.

checkpoint.py FILE prints the non-zero values of all tensors, each counted where its form says that it lies.
"""
import array
import json
import math
import struct
import sys

TYPES = {"F32": "f", "U8": "B", "U16": "H", "U32": "I", "I64": "q"}


def read_tensors(path):
    """Every tensor as it stands in the file: {name: (dtype, shape, elements)}, and the metadata."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = entry["dtype"], entry["shape"], array.array(TYPES[entry["dtype"]], data[begin:end])
    return tensors, metadata


def write_tensors(path, tensors, metadata):
    """Writes {name: (dtype, shape, bytes)}, as a PyTorch user's safetensors.save_file does."""
    header, end = {"__metadata__": metadata}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values()))


def alive_by_bits(mask, count):
    return [i for i in range(count) if mask[i // 8] >> i % 8 & 1]


def alive_by_gaps(row_counts, gaps, columns):
    alive, gaps = [], iter(gaps)
    for row, count in enumerate(row_counts):
        column = -1
        for _ in range(count):
            column += 1
            while (gap := next(gaps)) == 255:
                column += 255
            column += gap
            assert column < columns, f"column {column} of {columns}"
            alive.append(row * columns + column)
    assert next(gaps, None) is None, "gaps are left over"
    return alive


def read(path):
    """Every parameter and buffer with its values spread out: {name: (shape, values)}."""
    tensors, _ = read_tensors(path)
    result = {name: tensor[1:] for name, tensor in tensors.items() if tensor[0] == "F32" and not name.endswith("_values")}
    for name in [name.removesuffix("_values") for name in tensors if name.endswith("_values")]:
        shape = list(tensors[name + "_shape"][2])
        live = tensors[name + "_values"][2]
        count = math.prod(shape)
        if name + "_row_counts" in tensors:
            gaps = tensors[name + "_column_gaps"][2]
            alive = alive_by_gaps(tensors[name + "_row_counts"][2], gaps, math.prod(shape[1:]))
        else:
            alive = alive_by_bits(tensors[name + "_mask"][2], count)
        assert len(alive) == len(live), f"{name}: {len(alive)} are alive, {len(live)} have a value"
        values = array.array("f", bytes(4 * count))
        for i, value in zip(alive, live):
            values[i] = value
        result[name] = shape, values
    return result


if __name__ == "__main__":
    print(sum(value != 0 for _, values in read(sys.argv[1]).values() for value in values))
