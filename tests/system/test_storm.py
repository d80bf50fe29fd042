# SPDX-License-Identifier: Apache-2.0
"""Everything fails at once: each collection is one notification to each receiver, however many of its queries fail;
meanwhile it is measured on time, the state keeps the loop for milliseconds, and memory stays where it was. Prints what
was measured.

    DRIFTWATCH_STORM=whole python3 -m pytest -q -s tests/system/test_storm.py

The second is the storm of docs/scale.md: 10,000 queries.
"""
import os
import pathlib
import time

import numpy
import pytest

import crowd
import tools

WHOLE = os.environ.get("DRIFTWATCH_STORM") == "whole"
COLLECTIONS, QUERIES, INTERVAL = 20, 500 if WHOLE else 50, "5s" if WHOLE else "2s"
RECEIVERS = 3
# Seconds: of the loop, of 99 in 100 instants; and what the state keeps it, of 99 in 100 writes, waiting for a processor
# included: the goal is 0.01 where nobody else has it, and ten times that fails.
LATE, KEPT = 0.05, 0.1
# MiB of resident memory more than before, after two storms and their ends: alerts that ended are kept for a while.
GROWN = 16
WRITES = "driftwatch_storage_write_duration_seconds"


@pytest.fixture
def quick(tmp_path, ends):
    return ends(crowd.Crowd(tmp_path))


@pytest.fixture
def receivers(ends):
    return [ends(tools.Receiver()) for _ in range(RECEIVERS)]


@pytest.fixture
def watched(driftwatch, quick, receivers, beating):
    driftwatch.server(quick.url)
    driftwatch.config["probes"] = {"interval": "0s"}
    driftwatch.config["replay"] = {"interval": INTERVAL, "batch": 1000, "survey_interval": "0s"}
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "rules": {"RetrievalExpectedResultMissing": {"for": "0s"}},
        "receivers": [{"name": f"team-{i}", "webhook_configs": [{"url": one.url}]}
                      for i, one in enumerate(receivers)]}
    crowd.watch(driftwatch, COLLECTIONS, queries=QUERIES)
    driftwatch.start("--log.level=info", environment=beating.environment)
    tools.poll(lambda: min(replays(driftwatch)) >= 2, "the first replays", 60)
    settle(driftwatch)
    return driftwatch


def replays(driftwatch):
    return [value for (name, _), value in driftwatch.metrics().items() if name == "driftwatch_replays_total"]


def resident(driftwatch):
    """MiB of what is no page of a file."""
    text = pathlib.Path(f"/proc/{driftwatch.process.pid}/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) / 1024


def writes(driftwatch):
    """How many writes of the state kept the loop so long at most, by upper bound in seconds."""
    return {float(dict(labels)["le"]): value for (name, labels), value in driftwatch.metrics().items()
            if name == f"{WRITES}_bucket"}


def settle(driftwatch):
    """Until all that is known now is written, and some rounds of what answers as before."""
    done = sum(replays(driftwatch))
    tools.poll(lambda: sum(replays(driftwatch)) >= done + 3 * COLLECTIONS, "rounds of replays", 60)


def notifications(receivers, status):
    return [[one for one in list(receiver.requests) if one["body"]["status"] == status] for receiver in receivers]


def turn(quick, receivers, record, status, count):
    """Seconds until each receiver has heard so much of each collection, now that it has this record alone."""
    begun = time.monotonic()
    quick.hold(record)
    tools.poll(lambda: all(len(told) >= count * COLLECTIONS for told in notifications(receivers, status)),
               f"all to be told: {status}", 120)
    return time.monotonic() - begun


def quantile(before, after, share):
    """The upper bound of the bucket in which it lies."""
    counts = {bound: after[bound] - before[bound] for bound in after}
    return min(bound for bound, count in counts.items() if count >= share * counts[float("inf")])


def test_a_storm_is_one_notification_a_collection(watched, quick, receivers, beating):
    memory, written, begun = resident(watched), writes(watched), time.monotonic()
    took = []
    for number in 1, 2:
        took.append(turn(quick, receivers, crowd.OTHER, "firing", number))
        largest = resident(watched)
        took.append(turn(quick, receivers, crowd.RECORD, "resolved", number))
    settle(watched)
    end = time.monotonic()
    late = beating.late(begun, end)
    now = writes(watched)
    kept = [quantile(written, now, share) for share in (0.5, 0.99, 1)]
    print(f"\n{COLLECTIONS} x {QUERIES} queries fail and are well again, twice: told after "
          f"{', '.join(f'{one:.1f}' for one in took)} s; 99 of 100 instants late by "
          f"{1000 * numpy.quantile(late, 0.99):.1f} ms, any by {1000 * late.max():.0f} ms; "
          f"{now[float('inf')] - written[float('inf')]:.0f} writes of the state kept the loop for less than "
          f"{1000 * kept[0]:g} ms at the median, {1000 * kept[1]:g} at the 99th percentile, "
          f"{1000 * kept[2]:g} at most; "
          f"resident {memory:.1f} MiB before, {largest:.1f} in it, {resident(watched):.1f} after; "
          f"load {os.getloadavg()[0]:.1f}")
    for status in "firing", "resolved":
        for told in notifications(receivers, status):
            by_collection = [one["body"]["groupLabels"]["collection"] for one in told]
            assert sorted(by_collection) == sorted(2 * [f"c-{i}" for i in range(COLLECTIONS)]), status
    assert numpy.quantile(late, 0.99) < LATE
    assert kept[1] <= KEPT
    assert largest < memory + 2 * GROWN
    assert resident(watched) < memory + GROWN
