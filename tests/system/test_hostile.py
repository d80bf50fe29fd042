# SPDX-License-Identifier: Apache-2.0
"""Replies of a server that means harm, or is broken: what one of them costs - memory, and other collections' time -
is bounded by what was asked. Prints what each cost. How late the loop is says heart.py; how long a replay takes says
less, because this process floods, asks and measures at once.

    python3 -m pytest -q -s tests/system/test_hostile.py
    DRIFTWATCH_HOSTILE=all python3 -m pytest -q -s tests/system/test_hostile.py

The second gives each shape as the answer to each question, for minutes."""
import http.server
import json
import os
import pathlib
import threading
import time

import numpy
import pytest

import heart
import tools

COLLECTION = "6a2f41a3-0000-4000-8000-000000000001"
MEMORY = 32 << 20
# Seconds: of 99 in 100 instants of all replies, and of any. Alone on two cores, 0.01 and 0.03.
LATE, LATEST = 0.05, 0.5
DIMENSION = 32

# The request that is answered so, the beginning of the reply, what is repeated, its end, how many bytes in all, and a
# part of what is said of it.
REPLIES = {
    "objects for one record": ("/get", b"[", b"{},", b"{}]", 60 << 20, "no list of ids"),
    "numbers for one record": ("/get", b"[", b"1,", b"1]", 240 << 20, "no list of ids"),
    "ids for one record": ("/get", b'{"ids":["a"', b',"b"', b"]}", 60 << 20, "more ids than"),
    "objects as metadata": ("/query", b'{"metadatas":[[', b"{},", b"{}]]}", 21 << 20, "more metadatas than were"),
    "rows of ids": ("/query", b'{"ids":[[]', b",[]", b"]}", 21 << 20, "rows of ids"),
    "one long row": ("/query", b'{"ids":[["a"', b',"a"', b"]]}", 60 << 20, "more ids than were asked for"),
    "one long id": ("/query", b'{"ids":[["', b"a", b'"]]}', 60 << 20, "is larger than"),
    "one long number": ("/query", b'{"distances":[[', b"1", b"]]}", 60 << 20, "is larger than"),
    "depth": ("/query", b"", b"[", b"", 60 << 20, ""),
    "white space": ("/query", b"", b" " * 64, b"", 60 << 20, ""),
    "keys": ("/query", b"{", b'"k":{},', b'"z":0}', 60 << 20, ""),
    "a description": ("", b'{"id":"', b"a", b'"}', 60 << 20, ""),
    "many values as a description": ("", b"[", b"{},", b"{}]", 900 << 10, ""),
    "an error": ("/query", b'{"error":"', b"x", b'"}', 60 << 20, ""),
}
# Values without end, alone and as what an answer has: the beginning, what is repeated, the end.
VALUES = {
    "objects": b"{},", "lists": b"[],", "ones": b"1,", "negative numbers": b"-0.25,", "huge numbers": b"1e400,",
    "tiny numbers": b"1e-400,", "not numbers": b"NaN,", "infinities": b"-Infinity,", "nulls": b"null,",
    "truths": b"true,", "texts": b'"a",', "empty texts": b'"",', "directions": b'"\\u202e",', "lists of one": b"[1],",
    "objects of one": b'{"a":1},', "lists of texts": b'["a"],',
}
SHAPES = {
    **{f"{what} in a list": (b"[", value, value[:-1] + b"]") for what, value in VALUES.items()},
    **{f"{what} as ids": (b'{"ids":[[', value, value[:-1] + b"]]}") for what, value in VALUES.items()},
    "distances": (b'{"distances":[[', b"0.5,", b"0.5]]}"),
    "rows of distances": (b'{"distances":[', b"[0.5],", b"[0.5]]}"),
    "embeddings": (b'{"embeddings":[[', b"0.5,", b"0.5]]}"),
    "rows of embeddings": (b'{"embeddings":[', b"[0.5],", b"[0.5]]}"),
    "documents": (b'{"documents":[', b'"a",', b'"a"]}'), "one document": (b'{"documents":["', b"a", b'"]}'),
    "one number": (b"", b"7", b""), "one exponent": (b"1e", b"7", b""), "one text": (b'"', b"a", b'"'),
    "one text of escapes": (b'"', b"\\u0041", b'"'), "half a character": (b'"', b"\\ud800", b'"'),
    "no character": (b'"', b"\xff", b'"'), "nothing but zeros": (b"", b"\0", b""), "commas": (b"[", b",", b"]"),
    "depth of lists": (b"", b"[", b""), "depth of objects": (b"", b'{"a":', b""), "ends": (b"", b"]", b""),
    "lines": (b"", b"\r\n", b"{}"), "one key": (b'{"', b"k", b'":1}'), "the same key": (b"{", b'"k":1,', b'"k":1}'),
    "a page": (b"<!doctype html>", b"<p>Not here.</p>", b""),
}
if os.environ.get("DRIFTWATCH_HOSTILE") == "all":
    REPLIES |= {f"{what}, to {path or 'the collection'}": (path, *shape, 60 << 20, "")
                for path in ("", "/count", "/get", "/query") for what, shape in SHAPES.items()}


class Hostile(tools.Served):
    """A Chroma whose answers are right but for one kind."""

    def __init__(self, dimension=DIMENSION):
        self.path, self.reply, self.sent, self.status = None, None, 0, 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self, body, status=200):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def flood(self):
                begin, middle, end, size = outer.reply
                piece = middle * ((1 << 16) // len(middle))
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                try:
                    self.wfile.write(begin)
                    for _ in range(size // len(piece)):
                        self.wfile.write(piece)
                        outer.sent += len(piece)
                    self.wfile.write(end)
                except OSError:
                    pass  # they want no more of it

            def do_GET(self):
                tail = "/count" if self.path.endswith("/count") else ""
                if outer.path == tail:
                    self.flood()
                elif tail:
                    self.answer(b"4")
                else:
                    self.answer(json.dumps({"id": COLLECTION, "name": "x", "dimension": dimension, "metadata": None,
                                            "configuration_json": {"hnsw": {"space": "l2"}}}).encode())

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                tail = self.path[self.path.rindex("/"):]
                if outer.path == tail:
                    self.flood()
                elif tail == "/query":
                    count = len(body["query_embeddings"])
                    self.answer(json.dumps({"ids": [["a"]] * count, "distances": [[0.5]] * count,
                                            "metadatas": [[None]] * count}).encode())
                else:
                    ids = body.get("ids", ["a"])
                    self.answer(json.dumps({"ids": ids, "embeddings": [[1] * dimension] * len(ids),
                                            "metadatas": [None] * len(ids), "documents": [""] * len(ids)}).encode())

        self.serve(Handler)


def status(pid, key):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split(f"{key}:")[1].split()[0]) << 10


class Latency:
    """How long a replay of the healthy collection takes meanwhile, again and again."""

    def __init__(self, driftwatch):
        self.driftwatch, self.seconds, self.ended = driftwatch, [], False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended:
            begin = time.monotonic()
            self.driftwatch.replay("healthy")
            self.seconds.append(time.monotonic() - begin)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.ended = True
        self.thread.join()


@pytest.fixture(scope="module")
def hostile():
    server = Hostile()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def table():
    rows = []
    yield rows
    print("\n| reply | bytes sent | memory, MB | loop late, ms | replay of another collection, longest ms (of) |")
    print("|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


@pytest.fixture(scope="module")
def beating(tmp_path_factory):
    listener = heart.Heart(tmp_path_factory.mktemp("heart"))
    tools.poll(listener.listening, "the listener")
    yield listener
    listener.stop()


@pytest.fixture(scope="module")
def late():
    """Of the instants of all replies."""
    instants = []
    yield instants
    late_99 = numpy.quantile(numpy.concatenate(instants), 0.99)
    print(f"99 of 100 instants: {1000 * late_99:.1f} ms late")
    assert late_99 < LATE


@pytest.fixture(scope="module")
def driftwatch(chroma, build, tmp_path_factory, hostile, beating):
    chroma.create("healthy")
    vectors = tools.unit_vectors(50, DIMENSION, 1)
    chroma.upsert("healthy", [f"r{i}" for i in range(50)], vectors)
    program = tools.Driftwatch(build, tmp_path_factory.mktemp("hostile"))
    program.server(chroma.url)
    program.server(hostile.url, "hostile")
    for name, server in ("healthy", "main"), ("x", "hostile"):
        program.watch(name, [{"id": f"q{i}", "text": f"q{i}"} for i in range(4)],
                      {f"q{i}": vectors[i] for i in range(4)}, server, interval="1h")
    program.start("--log.level=info", environment=beating.environment)
    yield program
    program.stop()


@pytest.mark.parametrize("what", REPLIES)
def test_no_reply_costs_more_than_what_was_asked(driftwatch, hostile, table, beating, late, what):
    path, begin, middle, end, size, said = REPLIES[what]
    driftwatch.replay("healthy")
    pid = driftwatch.process.pid
    before = status(pid, "VmRSS")
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
    hostile.reply, hostile.sent, hostile.status = (begin, middle, end, size), 0, 500 if what == "an error" else 200
    hostile.path = path
    try:
        begin_of = time.monotonic()
        with Latency(driftwatch) as latency:
            driftwatch.replay("x")
            late.append(beating.late(begin_of, time.monotonic()))
    finally:
        hostile.path = None
    grown = status(pid, "VmHWM") - before
    assert hostile.sent > 0
    table.append((what, str(hostile.sent), f"{grown / (1 << 20):.1f}", f"{1000 * late[-1].max():.0f}",
                  f"{1000 * max(latency.seconds):.0f} ({len(latency.seconds)})"))
    assert grown <= MEMORY
    text = driftwatch.process.text()
    assert said in text, text[-2000:]
    assert late[-1].max() < LATEST
    driftwatch.replay("x")
    assert driftwatch.metric("driftwatch_up", collection="x") == 1
