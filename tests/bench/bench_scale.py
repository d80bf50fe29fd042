# SPDX-License-Identifier: Apache-2.0
"""How what a daemon costs grows with collections and queries: the figures of docs/scale.md.

Goals: with 1,000 collections x 20 queries, or 10,000 queries in one, replayed each minute, 99 % of the replays begin
less than 100 ms late; fails above ten times that."""
import pathlib
import time
from datetime import datetime

import pytest

import crowd
import tools

# Seconds of measuring, from one scrape to the next.
SECONDS, SCRAPE = 60, 15
# From one look at when a single collection is due to the next: less than its interval.
LOOK = 4
SHAPES = [(10, 20, "1m"), (100, 20, "1m"), (1000, 20, "1m"), (1, 1000, "10s"), (1, 10000, "10s")]
REAL_SHAPES = [(1000, 20, "1m"), (1, 10000, "10s")]
RECORDS, DIMENSION = 200, 64


@pytest.fixture
def server(tmp_path, ends):
    return ends(crowd.Crowd(tmp_path))


def run(program):
    """The program, whose collections have all been replayed."""
    program.start("--log.level=info")
    # The first are at once, the others spread over the interval.
    times = 2 if program.config["replay"]["interval"] == "1m" else 1
    tools.poll(lambda: min(replays(program)) >= times, "the first replays", 180)
    return program


@pytest.fixture
def start(build, tmp_path, server, ends):
    """start(collections, queries, **replay) is a program that watches so many of the scripted server."""
    def make(collections, queries, **replay):
        program = ends(tools.Driftwatch(build, tmp_path / f"{collections}x{queries}"))
        program.server(server.url)
        program.config["replay"] = {"batch": 1000, **replay}
        program.config["probes"] = {"interval": "0s"}
        crowd.watch(program, collections, queries=queries)
        return run(program)
    return make


def replays(program):
    return [value for (name, _), value in program.metrics().items() if name == "driftwatch_replays_total"]


def cpu_seconds(program):
    """Of the whole process."""
    return sum(int(task.read_text().split()[0])
               for task in pathlib.Path(f"/proc/{program.process.pid}/task").glob("*/schedstat")) / 1e9


def loop_seconds(program, field=0):
    """Of the thread that replays; field 1 is what it waited for a processor."""
    return int(pathlib.Path(f"/proc/{program.process.pid}/task/{program.process.pid}/schedstat")
               .read_text().split()[field]) / 1e9


def resident(program):
    """MB: of the process, and of that what is no page of a file."""
    status = pathlib.Path(f"/proc/{program.process.pid}/status").read_text()
    value = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if "Rss" in line or "VmRSS" in line}
    return int(value["VmRSS"]) / 1000, int(value["RssAnon"]) / 1000


def scrape(program):
    """Bytes plain and as gzip, and milliseconds of the latter."""
    plain = len(program.get("/metrics", headers={"Accept-Encoding": "identity"}).content)
    begun = time.monotonic()
    packed = program.get("/metrics", headers={"Accept-Encoding": "gzip"}, stream=True)
    size = len(packed.raw.read(decode_content=False))
    return plain, size, (time.monotonic() - begun) * 1000


def schedule(program):
    """When each collection is due, and when it was replayed last."""
    return {one["collection"]: [one[key] and datetime.fromisoformat(one[key])
                                for key in ("next_due", "last_started")]
            for one in program.api("collections")["collections"]}


def lateness(before, after):
    """Milliseconds by which replays began after they were due, of those that were due in between."""
    return [(after[label][1] - due).total_seconds() * 1000 for label, (due, _) in before.items()
            if due and due < after[label][1] and (after[label][1] - due).total_seconds() < 30]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def load():
    return float(pathlib.Path("/proc/loadavg").read_text().split()[0])


def measure(program, shape, look=SCRAPE):
    """With surveys, and scraped every 15 seconds: prints a row, and is the 99th percentile of lateness."""
    late, cpu, done = [], cpu_seconds(program), sum(replays(program))
    used, waited = loop_seconds(program), loop_seconds(program, 1)
    begun, seen = time.monotonic(), schedule(program)
    milliseconds = []
    while (took := time.monotonic() - begun) < SECONDS:
        time.sleep(look)
        if took >= len(milliseconds) * SCRAPE:
            plain, packed, one = scrape(program)
            milliseconds.append(one)
        now = schedule(program)
        late += lateness(seen, now)
        seen = now
    done, cpu = sum(replays(program)) - done, cpu_seconds(program) - cpu
    whole, own = resident(program)
    waited = (loop_seconds(program, 1) - waited) / (loop_seconds(program) - used)
    print(f"\n{shape}: {done:.0f} replays in {took:.0f} s, late "
          f"{percentile(late, 0.5):.0f} ms median, {percentile(late, 0.99):.0f} 99th percentile, "
          f"{max(late):.0f} worst; the loop waited {waited:.1f} times as long for a processor as it had one; "
          f"CPU {100 * cpu / took:.1f} % of one, "
          f"{1000 * cpu / done:.2f} ms a replay with its surveys; "
          f"resident {whole:.1f} MB, {own:.1f} without files' pages; scrape {plain / 1000:.0f} kB, "
          f"{packed / 1000:.0f} kB gzip, {percentile(milliseconds, 0.5):.1f} ms; load {load():.1f}", flush=True)
    return percentile(late, 0.99)


@pytest.mark.parametrize("collections, queries, interval", SHAPES)
def test_scale(start, collections, queries, interval):
    program = start(collections, queries, interval=interval)
    look = SCRAPE if collections > 1 else LOOK
    assert measure(program, f"{collections} x {queries} each {interval}", look) < 1000


@pytest.fixture
def fill(chroma):
    """fill(ids, vectors, collections) makes so many of these records."""
    made = []

    def make(ids, vectors, collections):
        for name in collections:
            chroma.create(name)
            made.append(name)
            for k in range(0, len(ids), 1000):
                chroma.upsert(name, ids[k:k + 1000], vectors[k:k + 1000])
    yield make
    for name in made:
        chroma.drop(name)


@pytest.mark.parametrize("collections, queries, interval", REAL_SHAPES)
def test_chroma(chroma, driftwatch, fill, collections, queries, interval):
    """The same on a real Chroma, with probes as well: collections of as many records as have an index."""
    vectors = tools.unit_vectors(max(RECORDS, queries), DIMENSION, 1)
    ids = [f"record-{i}" for i in range(len(vectors))]
    driftwatch.server(chroma.url)
    driftwatch.config["replay"] = {"interval": interval}
    driftwatch.watch("c-0", [{"id": one, "text": one, "expect": {"ids": [one]}} for one in ids[:queries]],
                     dict(zip(ids, vectors[:queries])))
    first = driftwatch.config["collections"][0]
    driftwatch.config["collections"] = [{**first, "name": f"c-{i}"} for i in range(collections)]
    fill(ids, vectors, [one["name"] for one in driftwatch.config["collections"]])
    look = SCRAPE if collections > 1 else LOOK
    shape = f"{collections} x {queries} each {interval} on Chroma {chroma.release.version}"
    assert measure(run(driftwatch), shape, look) < 1000


def test_a_replay_costs_what_it_did(start):
    """1,000 collections x 20 queries each minute, beside 10 that are replayed as often in total."""
    programs = [start(10, 20, interval="600ms", survey_interval="0s"),
                start(1000, 20, interval="1m", survey_interval="0s")]
    before = [(loop_seconds(one), sum(replays(one))) for one in programs]
    time.sleep(SECONDS)
    few, many = [(loop_seconds(one) - cpu) / (sum(replays(one)) - count) * 1000
                 for one, (cpu, count) in zip(programs, before)]
    print(f"\na replay of 20 queries: {few:.3f} ms with 10 collections, {many:.3f} with 1,000, {many / few:.2f} times; "
          f"load {load():.1f}", flush=True)
    assert many < 1.6 * few
