#!/usr/bin/env python3
"""A tiny web server that misbehaves on demand, for fetch_test.sh.

    server.py FOLDER LOG

serves FOLDER on 127.0.0.1, on a port the kernel picks and this script prints
as its first line. The first part of the path says how:

    /good/FILE      as it should be, with Range requests
    /norange/FILE   always the whole file, as simple servers do
    /cut/FILE       breaks the connection half-way
    /wrong/FILE     the right length, but with one byte changed
    /silent/FILE    nothing for three seconds, then nothing

Each request adds a line "PATH RANGE" to LOG (RANGE is "-" without one), so
that a test can count requests and see what was asked for.
"""
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER, LOG = sys.argv[1:3]


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        # Only downloads are logged: wget also asks with HEAD, curl does not.
        with open(LOG, "a") as log:
            log.write(f"{self.path} {self.headers.get('Range', '-')}\n")
        self.answer(with_body=True)

    def answer(self, with_body):
        mode, _, name = self.path.lstrip("/").partition("/")
        if mode == "silent" and with_body:
            time.sleep(3)
            return
        file = os.path.join(FOLDER, os.path.basename(name))
        if mode not in ("good", "norange", "cut", "wrong", "silent") or not os.path.isfile(file):
            self.send_error(404)
            return
        with open(file, "rb") as f:
            data = bytearray(f.read())
        if mode == "wrong":
            data[len(data) // 2] ^= 1

        first = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and mode != "norange":
            first = int(asked[1])
            if first >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        body = data[first:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            # The promised length stays whole, so the client can tell a cut.
            self.wfile.write(body[: len(body) // 2] if mode == "cut" else body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
