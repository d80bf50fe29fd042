# SPDX-License-Identifier: Apache-2.0
"""Many visitors at once, slow and silent ones among them: whoever scrapes is answered, and collections are measured on
time. How long things took is printed:

    DRIFTWATCH_VISITED_QUERIES=20000 python3 -m pytest -q -s tests/system/test_visitors.py"""
import asyncio
import http.client
import json
import os
import pathlib
import socket
import statistics
import threading
import time

import numpy
import pytest

import crowd
import tools

QUERIES = int(os.environ.get("DRIFTWATCH_VISITED_QUERIES", "1000"))
INTERVAL = f"{max(1, QUERIES // 4000)}s"
# A series of each query, as long as there are this many.
SERIES = 1000
COLLECTIONS = 8
HALF_OPEN, SCRAPERS, VIEWERS, SLOW = 200, 8, 50, 10
# Seconds that the visit takes, and how late something may be: 99 of 100 instants, on a machine that has more to do.
SECONDS = 8
LATE = 0.05
# A scrape beside reports that are made.
BESIDE = 1.0


@pytest.fixture
def server(tmp_path, ends):
    return ends(crowd.Crowd(tmp_path))


@pytest.fixture
def watching(driftwatch, server, beating):
    driftwatch.server(server.url)
    ids = [f"q{i}" for i in range(QUERIES)]
    for number in range(COLLECTIONS):
        mine = ids if number == 0 else ids[:20]
        driftwatch.watch(f"c{number}", [{"id": one, "text": f"{one}?", "expect": {"ids": [crowd.RECORD]}}
                                        for one in mine], {one: [1, 0] for one in mine}, interval=INTERVAL)
    driftwatch.config["metrics"] = {"per_query_limit": SERIES}
    driftwatch.start("--log.level=info", environment=beating.environment)
    tools.poll(lambda: driftwatch.api("status")["collections_up"] == COLLECTIONS, "all to be replayed", 60)
    return driftwatch


def port_of(program):
    return int(program.url.rsplit(":", 1)[1])


def resident(program):
    return int((pathlib.Path("/proc") / str(program.process.pid) / "statm").read_text().split()[1]) * 4096


def scrape_seconds(port, path="/metrics"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    begun = time.monotonic()
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    answer.read()
    connection.close()
    return time.monotonic() - begun


async def pause(seconds):
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=seconds)


async def read_answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length"))
    return head.split(b" ")[1], await reader.readexactly(length)


async def visit(port, path, rest, until, seconds):
    """One who stays connected as long as he is let, and comes back when he is not."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    reader = None
    while time.monotonic() < until:
        begun = time.monotonic()
        for attempt in range(5):
            try:
                if reader is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
                writer.write(request)
                status, _ = await read_answer(reader)
                assert status == b"200", status
                break
            except (ConnectionError, asyncio.IncompleteReadError):
                assert attempt < 4, "connections that have just been made are cut, one after another"
                reader = None
        seconds.append(time.monotonic() - begun)
        await pause(rest)


async def half_open(port, until):
    """Says half a request, and comes back when it is cut."""
    while time.monotonic() < until:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost:")
            await asyncio.wait_for(reader.read(), until - time.monotonic())
            writer.close()
        except (ConnectionError, asyncio.TimeoutError):
            pass
        await pause(0.5)


async def trickle(port, until):
    """Asks for much, and takes it by the byte."""
    while time.monotonic() < until:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            writer.write(b"GET /api/v1/queries?collection=c0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            while time.monotonic() < until and await reader.read(64):
                await pause(0.2)
            writer.close()
        except ConnectionError:
            pass


async def visits(port, until):
    scrapes, views = [], []
    await asyncio.gather(
        *(half_open(port, until) for _ in range(HALF_OPEN)), *(trickle(port, until) for _ in range(SLOW)),
        *(visit(port, "/metrics", 1, until, scrapes) for _ in range(SCRAPERS)),
        *(visit(port, "/api/v1/status", 2, until, views) for _ in range(VIEWERS)))
    return scrapes, views


def test_all_of_them_at_once(watching, beating):
    begun, before = time.monotonic(), resident(watching)
    scrapes, views = asyncio.run(visits(port_of(watching), begun + SECONDS))
    late = beating.late(begun, begun + SECONDS)
    grown = resident(watching) - before
    print(f"\nloop late by {numpy.percentile(late, 99) * 1000:.1f} ms (99 of 100), {late.max() * 1000:.1f} ms (most); "
          f"{len(scrapes)} scrapes, median {statistics.median(scrapes) * 1000:.0f} ms, longest "
          f"{max(scrapes) * 1000:.0f} ms; {len(views)} views, longest {max(views) * 1000:.0f} ms; "
          f"{grown / 1e6:.1f} MB more resident")
    assert numpy.percentile(late, 99) < LATE
    assert len(scrapes) >= SCRAPERS * SECONDS / 4 and len(views) >= VIEWERS * SECONDS / 8
    assert grown < 64e6
    assert watching.metric("driftwatch_replays_failed_total", collection="c0", reason="timeout") in (None, 0)


def test_reports_delay_no_scrape(watching):
    """Thirty ask for the same report, which has most to say, and some for others; each is made once, two at a time."""
    port, done = port_of(watching), []
    for words in ("propose", "--pause=0s"), ("approve", "--by=Ada", "--reason=the first"):
        approved = watching.run("baseline", *words, "--collection=c0")
        assert approved.returncode == 0, approved.stderr
    tools.poll(lambda: watching.api("report", collection="c0")["baseline"], "the baseline")
    alone = statistics.median(scrape_seconds(port) for _ in range(5))
    report = scrape_seconds(port, "/api/v1/report?collection=c0&format=html")

    def ask(number):
        done.append(scrape_seconds(port, f"/api/v1/report?collection=c{0 if number < 30 else number % COLLECTIONS}"))
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(36)]
    for thread in threads:
        thread.start()
    beside = []
    while any(thread.is_alive() for thread in threads) or len(beside) < 5:
        beside.append(scrape_seconds(port))
    for thread in threads:
        thread.join()
    print(f"\na report takes {report:.2f} s; 36 of them {max(done):.2f} s; a scrape {alone * 1000:.0f} ms alone, "
          f"{max(beside) * 1000:.0f} ms at most beside them")
    assert len(done) == len(threads)
    assert max(beside) < BESIDE


def test_large_answers_delay_no_scrape(watching):
    """Who reads all there is to say of a large collection, again and again, or waits for the verdict of its replay."""
    port, until, done = port_of(watching), time.monotonic() + 5, []
    large = "/api/v1/queries?collection=c0"
    answer = scrape_seconds(port, large)

    def read():
        while time.monotonic() < until:
            done.append(scrape_seconds(port, large))

    def replay():
        while time.monotonic() < until:
            begun = time.monotonic()
            told = watching.post("/api/v1/replay", params={"collection": "c0", "wait": "true"})
            done.append(time.monotonic() - begun)
            # Not parsed: that would keep the scraper's thread here from running, too.
            assert told.ok and told.content.count(b'"expected_rank"') == QUERIES
    threads = [threading.Thread(target=one) for one in (read, read, replay)]
    for thread in threads:
        thread.start()
    beside = []
    while any(thread.is_alive() for thread in threads):
        beside.append(scrape_seconds(port))
    for thread in threads:
        thread.join()
    print(f"\nall queries take {answer:.2f} s, {len(done)} answers {max(done):.2f} s at most; a scrape "
          f"{statistics.median(beside) * 1000:.0f} ms beside them, {max(beside) * 1000:.0f} ms at most")
    assert len(done) >= 3
    assert statistics.median(beside) < min(0.1, answer / 2) and numpy.percentile(beside, 99) < max(0.3, answer / 2)


def test_a_request_has_a_total_time(watching):
    """However steadily its bytes come; and one who is answered in time is not cut for a slow beginner."""
    with socket.create_connection(("127.0.0.1", port_of(watching)), timeout=60) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        begun = time.monotonic()

        def is_cut():
            try:
                slow.send(b"x", socket.MSG_NOSIGNAL)
                return slow.recv(1, socket.MSG_DONTWAIT) == b""
            except BlockingIOError:
                return False
            except ConnectionError:
                return True
        tools.poll(is_cut, "the end", 60)
        assert 9 < time.monotonic() - begun < 30
    assert json.loads(watching.get("/api/v1/status").text)["status"] == "success"
