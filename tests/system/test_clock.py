# SPDX-License-Identifier: Apache-2.0
"""Somebody sets the wall clock while driftwatch runs: what lasts so long lasts as long, and every time that people read
is right again as soon as the clock is. The clock of driftwatch alone is set; everybody else's is right."""
import datetime
import json
import re
import subprocess
import time

import pytest

import tools

DAY = 24 * 3600
MISSING = "RetrievalExpectedResultMissing"
FOR = 6


class Clock:
    """The wall clock of a program that was started with `environment`."""

    def __init__(self, source, directory):
        directory.mkdir()
        library, self.file = directory / "wall_clock.so", directory / "offset"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library,
                        source / "tests/system/wall_clock.c"], check=True)
        self.file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK": str(self.file)}

    def set(self, seconds):
        """So much ahead of what it should be."""
        with self.file.open("r+b") as file:
            file.write(int(seconds * 1e6).to_bytes(8, "little", signed=True))


@pytest.fixture
def clock(source, tmp_path):
    return Clock(source, tmp_path / "clock")


@pytest.fixture
def watched(chroma, driftwatch, name, alertmanager, clock):
    """watched(rule): replays two queries every 200 ms; lose() lets the second miss its record."""
    queries, records = tools.axes([0.5] * 2)
    chroma.create(name)
    chroma.upsert(name, ["r0", "r1"], records)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": f"q{i}", "text": f"Question {i}?", "expect": {"ids": [f"r{i}"]}} for i in range(2)],
                     {f"q{i}": row for i, row in enumerate(queries)}, interval="200ms", survey_interval="100ms")

    def start(**rule):
        driftwatch.config["alerting"] = {**tools.AT_ONCE, "alertmanagers": [{"url": alertmanager.url}],
                                         "resend_delay": "1h", "rules": {MISSING: rule}}
        driftwatch.start(environment=clock.environment)
        driftwatch.replay(name)
    return start


def age(text):
    """Seconds since a time as people read it."""
    assert text, "no time"
    then = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return time.time() - then.timestamp()


def times_in(value, path=""):
    """(where, text) of every time in a JSON value."""
    if isinstance(value, dict):
        return [found for key, one in value.items() for found in times_in(one, f"{path}.{key}")]
    if isinstance(value, list):
        return [found for one in value for found in times_in(one, f"{path}[]")]
    return [(path, value)] if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value) else []


def doors(driftwatch, name):
    """(where, text) of every time that is shown anywhere."""
    found = []
    for path, parameters in [("status", {}), ("collections", {}), ("queries", {"collection": name}), ("alerts", {}),
                             ("incidents", {}), ("history", {"collection": name, "query": "q1", "start": 0})]:
        found += times_in(driftwatch.api(path, **parameters), path)
    status = subprocess.run([driftwatch.program, "status", "--json", f"--web.listen-address={driftwatch.url[7:]}"],
                            text=True, capture_output=True, timeout=60)
    found += times_in(json.loads(status.stdout), "status --json")
    page = driftwatch.page()
    found += [("page", text) for text in re.findall(r"\d{4}-\d\d-\d\dT[\d:.]+Z", page)]
    return found


def wrong(driftwatch, name):
    """What is further from now than this test takes."""
    found = doors(driftwatch, name)
    assert len(found) > 20
    metrics = [(key[0], value) for key, value in driftwatch.metrics().items() if key[0].endswith("timestamp_seconds")]
    return [(where, text) for where, text in found if abs(age(text)) > 120] + [
        (metric, value) for metric, value in metrics if value > 0 and abs(time.time() - value) > 120]


def alert(driftwatch, state="firing"):
    """That of the lost record; a collection of two records has others to its name."""
    found = [one for one in driftwatch.alerts(state) if one["labels"]["alertname"] == MISSING]
    return found[0] if found else None


@pytest.mark.parametrize("seconds", [-20 * 365 * DAY, 400 * DAY], ids=["20 years back", "400 days ahead"])
def test_times_are_right_as_soon_as_the_clock_is(watched, chroma, driftwatch, name, alertmanager, clock, seconds):
    watched()
    clock.set(seconds)
    chroma.delete(name, ["r1"])
    tools.poll(lambda: alert(driftwatch), "the alert")
    replays = driftwatch.api("collections")["collections"][0]["replays"]
    tools.poll(lambda: driftwatch.api("collections")["collections"][0]["replays"] > replays, "a replay meanwhile")
    assert abs(age(alert(driftwatch)["activeAt"]) + seconds) < 120, "it is told by the clock as it is"
    clock.set(0)
    tools.poll(lambda: wrong(driftwatch, name) == [], f"times to be right, not {wrong(driftwatch, name)[:5]}")
    # At once, not with the next of its resends.
    held = tools.poll(lambda: alertmanager.alerts(alertname=MISSING), "the Alertmanager to hold it")
    assert 0 <= age(held[0]["startsAt"]) < 120 and age(held[0]["endsAt"]) < 0
    # The end is told as any other.
    queries, records = tools.axes([0.5] * 2)
    chroma.upsert(name, ["r1"], records[1:])
    tools.poll(lambda: not alertmanager.alerts(alertname=MISSING), "its end")
    assert wrong(driftwatch, name) == []


@pytest.mark.parametrize("seconds", [-20 * 365 * DAY, 400 * DAY], ids=["20 years back", "400 days ahead"])
def test_a_condition_lasts_as_long_as_it_lasts(watched, chroma, driftwatch, name, clock, seconds):
    watched(**{"for": f"{FOR}s"})
    chroma.delete(name, ["r1"])
    began = time.monotonic()
    tools.poll(lambda: alert(driftwatch, "pending"), "the alert to be pending")
    clock.set(seconds)
    tools.never(lambda: alert(driftwatch), "an alert before its time", FOR - 2 - (time.monotonic() - began))
    tools.poll(lambda: alert(driftwatch), "the alert", 6)
