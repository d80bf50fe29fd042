# SPDX-License-Identifier: Apache-2.0
"""Collections are measured on time while files are read that belong to another one: at a reload, and when a baseline is
approved; and while another one is replayed that is large. DRIFTWATCH_RELOAD_QUERIES=100000 makes the
files as large as they may be.

    python3 -m pytest -q -s tests/system/test_lateness.py"""
import json
import os
import pathlib
import resource
import signal
import time

import numpy
import pytest

import test_hostile
import tools

QUERIES = int(os.environ.get("DRIFTWATCH_RELOAD_QUERIES", "2000"))
DIMENSION = 384
# Seconds; of 99 in 100 instants, and of any: what is rare is told where it happens once in a replay.
LATE, WORST = 0.05, 0.1


def reloads(driftwatch, result):
    return driftwatch.metric("driftwatch_config_reloads_total", result=result)


@pytest.fixture
def rows():
    """Vectors as text: to write each number of 100,000 anew takes longer than to read it."""
    return [json.dumps([round(float(x), 7) for x in row]) for row in tools.unit_vectors(100, DIMENSION, 1)]


@pytest.fixture
def write_large(driftwatch, rows):
    def write(turn):
        text = ",".join(f'"q{i}":{rows[(i + turn) % len(rows)]}' for i in range(QUERIES))
        (driftwatch.directory / "large.vectors.json").write_text(
            f'{{"model": "m", "dimension": {DIMENSION}, "vectors": {{{text}}}}}')
        (driftwatch.directory / "large.queries.json").write_text(json.dumps({"queries": [
            {"id": f"q{i}", "text": f"question {i}, {turn}"} for i in range(QUERIES)]}))
    return write


@pytest.fixture
def started(chroma, driftwatch, name, beating, write_large):
    """One collection that is replayed each second, and a large one on a server that is away."""
    queries, records = tools.axes([0.5])
    chroma.create(name)
    chroma.upsert(name, ["r0"], records)
    driftwatch.server(chroma.url)
    driftwatch.server("http://127.0.0.1:9", "away")
    driftwatch.watch(name, [{"id": "q", "text": "?"}], {"q": queries[0]}, interval="1s")
    write_large(0)
    driftwatch.config["collections"].append({
        "name": "large", "server": "away", "queries": "large.queries.json", "vectors": "large.vectors.json",
        "interval": "1h"})
    begin = time.monotonic()
    driftwatch.start("--log.level=info", environment=beating.environment, wait=False)
    driftwatch.url = f"http://127.0.0.1:{tools.poll(driftwatch.listening_port, 'the files to be read', 300)}"
    said(beating, "start", begin)
    return driftwatch


def begin_to_read(driftwatch):
    """SIGHUP, and the thread that reads is there."""
    def threads():
        return len(os.listdir(f"/proc/{driftwatch.process.pid}/task"))

    before = threads()
    driftwatch.process.send(signal.SIGHUP)
    tools.poll(lambda: threads() > before, "somebody to read")


def said(beating, what, begin):
    """The lateness since then."""
    end = time.monotonic()
    late = beating.late(begin, end)
    print(f"\n{what}: {end - begin:.2f} s, 99 of 100 instants late by {1000 * numpy.quantile(late, 0.99):.1f} ms, "
          f"any by {1000 * late.max():.0f} ms")
    return late


@pytest.mark.parametrize("result", ["unchanged", "changed"])
def test_a_reload_keeps_nobody_waiting(started, name, beating, write_large, result):
    if result == "changed":
        write_large(1)
    replays, begin = started.metric("driftwatch_replays_total", collection=name), time.monotonic()
    started.process.send(signal.SIGHUP)
    tools.poll(lambda: reloads(started, result) == 1, f"a reload: {result}", 300)
    assert numpy.quantile(said(beating, result, begin), 0.99) < LATE
    seconds = time.monotonic() - begin
    assert started.metric("driftwatch_replays_total", collection=name) - replays >= int(seconds) - 1


@pytest.fixture
def answered(chroma, driftwatch, name, write_large, ends):
    """answered(interval) configures one collection that is replayed each second, and a large one on a server that
    answers."""
    server = ends(test_hostile.Hostile(DIMENSION))

    def configure(interval):
        queries, records = tools.axes([0.5])
        chroma.create(name)
        chroma.upsert(name, ["r0"], records)
        driftwatch.server(chroma.url)
        driftwatch.server(server.url, "answering")
        driftwatch.watch(name, [{"id": "q", "text": "?"}], {"q": queries[0]}, interval="1s")
        write_large(0)
        driftwatch.config["collections"].append({
            "name": "large", "server": "answering", "queries": "large.queries.json", "vectors": "large.vectors.json",
            "interval": interval, "survey_interval": "0s", "results": 1, "timeout": "5m"})
        driftwatch.config["probes"] = {"interval": "0s"}
        driftwatch.write()
        return driftwatch
    return configure


def test_its_own_replays_keep_nobody_waiting(answered, name, beating):
    """The first one, of which nothing is known before, and others."""
    begin = time.monotonic()
    driftwatch = answered("2s").start(environment=beating.environment, wait=False)
    driftwatch.url = f"http://127.0.0.1:{tools.poll(driftwatch.listening_port, 'the files to be read', 300)}"
    for replays in 1, 3:
        tools.poll(lambda: driftwatch.metric("driftwatch_replays_total", collection="large") >= replays,
                   f"replay {replays}", 600)
        late, begin = said(beating, f"replay {replays}", begin), time.monotonic()
        assert numpy.quantile(late, 0.99) < LATE
        assert late.max() < WORST
    assert driftwatch.metric("driftwatch_replays_failed_total", collection="large") in (0, None)


def test_an_approval_keeps_nobody_waiting(answered, driftwatch, beating):
    """Of the large collection; its first replays are over."""
    answered("1h")
    done = driftwatch.run("baseline", "propose", "--collection=large", "--pause=0s", timeout=600)
    assert done.returncode == 0, done.stderr
    driftwatch.start("--log.level=info", environment=beating.environment)
    tools.poll(lambda: driftwatch.metric("driftwatch_replays_total", collection="large") == 1, "the first", 300)
    begin = time.monotonic()
    done = driftwatch.run("baseline", "approve", "--collection=large", "--by=Ada", "--reason=good", timeout=600)
    assert done.returncode == 0, done.stderr
    tools.poll(lambda: "comparing with baseline 1" in driftwatch.process.text(), "the approval", 300)
    assert numpy.quantile(said(beating, "approved", begin), 0.99) < LATE


def test_what_is_asked_for_meanwhile_is_one_more_reading(started, write_large):
    write_large(1)
    begin_to_read(started)
    for _ in range(20):
        started.process.send(signal.SIGHUP)
    tools.poll(lambda: reloads(started, "unchanged") == 1, "the second", 300)
    assert reloads(started, "changed") == 1
    tools.never(lambda: reloads(started, "unchanged") > 1, "a third", 1)


def test_who_asks_is_answered_with_what_was_read(started):
    """By the reading that began after the request, and not by that under way."""
    (started.directory / "large.queries.json").write_text("queries: {")
    assert started.reload().status_code == 500
    assert "large.queries.json" in started.reload().text
    assert started.get("/-/ready").status_code == 200


def processor_time(pid):
    """Seconds that a process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_it_ends_while_it_reads(started, write_large):
    """At once, however much is left to be read."""
    write_large(1)
    begin_to_read(started)
    begin, used, children = time.monotonic(), processor_time(started.process.pid), resource.getrusage(
        resource.RUSAGE_CHILDREN)
    assert started.process.stop(60) == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime - used
    print(f"\nit ended after {time.monotonic() - begin:.2f} s, {used:.2f} s of a processor")
    assert used < 1
    assert "was read again" not in started.process.text()
