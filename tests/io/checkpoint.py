#!/usr/bin/env python3
"""Reads and writes tinynn's files with nothing but Python, from the table in tinynn/io/checkpoint.hpp.

checkpoint.py FILE [OTHER] prints the non-zero values of all tensors, each counted where its form says that it lies;
with OTHER, ends in an error unless both files hold the same values.
"""
import array
import json
import math
import struct
import sys
import zlib

TYPES = {"F32": "f", "U8": "B", "I64": "q"}


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


def streams(data):
    """What the raw deflate streams in `data` hold, one behind the other."""
    while data:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        yield stream.decompress(data) + stream.flush()
        assert stream.eof, "a stream ends early"
        data = stream.unused_data


def numbers_of(data):
    """Each number is bytes of 255 and a smaller one, which are summed."""
    number = 0
    for byte in data:
        number += byte
        if byte < 255:
            yield number
            number = 0


def floats_of(planes):
    """Values in planes: byte 0 of all, all bytes 1, 2 and 3."""
    count = len(planes) // 4
    return array.array("f", bytes(planes[j * count + i] for i in range(count) for j in range(4)))


def values_of(data, count):
    """The live values: in planes, or k of them and the index of each, in 4 bits if k <= 16."""
    if len(data) == 4 * count:
        return floats_of(data)
    if (k := (len(data) - (count + 1) // 2) // 4) <= 16:
        indices = [byte >> shift & 15 for byte in data[4 * k :] for shift in (0, 4)][:count]
    else:
        k = (len(data) - count) // 4
        indices = data[4 * k :]
    shared = floats_of(data[: 4 * k])
    return [shared[index] for index in indices]


def read(path):
    """Every parameter and buffer with its values spread out: {name: (shape, values)}."""
    tensors, _ = read_tensors(path)
    result = {name: (shape, values) for name, (dtype, shape, values) in tensors.items() if dtype == "F32"}
    for name in [name.removesuffix("_compressed") for name in tensors if name.endswith("_compressed")]:
        first, second = streams(tensors[name + "_compressed"][2].tobytes())
        rank, *numbers = numbers_of(first)
        shape, gaps = numbers[:rank], numbers[rank:]
        values = array.array("f", bytes(4 * math.prod(shape)))
        i = -1
        live = values_of(second, len(gaps))
        assert len(live) == len(gaps), f"{name}: {len(gaps)} are alive, {len(live)} have a value"
        for gap, value in zip(gaps, live):
            i += gap + 1
            values[i] = value
        result[name] = shape, values
    return result


if __name__ == "__main__":
    content = read(sys.argv[1])
    for other in sys.argv[2:]:
        assert content == read(other), f"{sys.argv[1]} and {other} hold other values"
    print(sum(value != 0 for _, values in content.values() for value in values))
