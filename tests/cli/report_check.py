#!/usr/bin/env python3
"""Checks a page that `tinynn --report` wrote: report_check.py FILE PART...

It has to be well-formed, load nothing, run nothing, use each id once, and have a section of each name PART. Pictures
have to be PNG files; a mask that is drawn weight by weight has as many dots as the table has live weights. Prints the
number of plots that are drawn, the number of tables and, on the third line and on, the command that made the page."""
import base64
import re
import struct
import sys
import xml.etree.ElementTree as ElementTree
import zlib


def text_of(element):
    return "".join(element.itertext())


def tag_of(element):
    return element.tag.split("}")[-1]


def with_class(root, name):
    return [element for element in root.iter() if element.get("class") == name]


def loads_nothing(root):
    seen = set()
    for element in root.iter():
        tag = tag_of(element)
        assert tag not in ("script", "link", "iframe", "object", "embed", "base", "form"), tag
        for name, value in element.attrib.items():
            name = name.split("}")[-1]
            assert not name.startswith("on"), name
            if name in ("src", "href", "srcset", "data", "poster"):
                assert value.startswith(("data:image/png;base64,", "#")), value[:80]
            if name == "id":
                assert value not in seen, "two elements with id " + value
                seen.add(value)
            assert "url(" not in value.replace("url(#", ""), value[:80]
        if tag == "style":
            assert "url(" not in element.text and "@import" not in element.text


def pixels(uri):
    """The rows of an RGBA picture, as bytes."""
    png = base64.b64decode(uri.split(",")[1], validate=True)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", png[at + 8 + length:at + 12 + length])[0]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 6)
        if kind == b"IDAT":
            data += body
        at += 12 + length
    data, rows, above = zlib.decompress(data), [], bytes(4 * width)
    for y in range(height):
        filter_type, row = data[y * (4 * width + 1)], bytearray(data[y * (4 * width + 1) + 1:(y + 1) * (4 * width + 1)])
        for i in range(4 * width):
            left, up, corner = (row[i - 4] if i >= 4 else 0), above[i], (above[i - 4] if i >= 4 else 0)
            paeth = min((left, up, corner), key=lambda v: abs(left + up - corner - v))
            row[i] = (row[i] + (0, left, up, (left + up) // 2, paeth)[filter_type]) % 256
        rows.append(bytes(row))
        above = rows[-1]
    return rows


def masks_match_table(root):
    section = next((s for s in root.iter("section") if s.find("h2").text == "Masks"), None)
    if section is None:
        return
    table = next(s for s in root.iter("section") if s.find("h2").text == "Layers")
    live = {}
    for row in table.iter("tr"):
        cells = [text_of(cell) for cell in row.findall("td")]
        if cells:
            live[cells[0]] = int(cells[3].split("\u2192")[-1].replace(",", ""))
    drawn = 0
    for picture in with_class(section, "picture"):
        rows = pixels(picture.find("img").get("src"))
        if "a pixel for" not in text_of(picture):
            assert sum(sum(alpha > 0 for alpha in row[3::4]) for row in rows) == live[picture.find("h3").text]
            drawn += 1
    assert drawn > 0


def main():
    page = open(sys.argv[1], encoding="utf-8").read()
    root = ElementTree.fromstring(page)
    loads_nothing(root)
    assert not re.search(r"https?://(?!www\.w3\.org/)", page), "an address in the page"
    headings = [h.text for h in root.iter("h2")]
    for part in sys.argv[2:]:
        assert part in headings, f"no section {part} among {headings}"
    for image in root.iter("img"):
        pixels(image.get("src"))
    masks_match_table(root)
    print(sum(tag_of(element) == "svg" for element in root.iter()))
    print(sum(tag_of(element) == "table" for element in root.iter()))
    (command,) = with_class(root, "command")
    print(text_of(command))


main()
