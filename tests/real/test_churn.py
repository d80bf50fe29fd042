# SPDX-License-Identifier: Apache-2.0
"""Half an hour of what every collection sees: records come, go and are edited, a hundredth of them a minute, in three
collections that one daemon watches with its default settings, but once a minute. Prints every alert that fired, and
whether exact search over the collection as it was then says the same:

    DRIFTWATCH_CHURN_SECONDS=480 DRIFTWATCH_REAL=whole python3 -m pytest -q tests/real/test_churn.py"""
import time

import numpy
import pytest

import amount
import changes
import churn
import corpora
import just
import releases
import tools
from scene import Scene

SECONDS = amount.length("DRIFTWATCH_CHURN_SECONDS", 1800, 180)
SPACES = {"policy": "l2", "reference-en": "cosine", "reference-de": "l2"}
# Afterwards, until what waits for the end of an ingest is told.
CALM = 150
LOOK = 2


@pytest.fixture
def scenes(release, driftwatch, tmp_path, ends):
    """The three corpora on one server, with approved baselines and the daemon."""
    chroma = ends(tools.Chroma(release(releases.OLDER), tmp_path / "chroma"))
    made = [Scene(chroma, driftwatch, corpora.corpus(name, amount.SMALL), space) for name, space in SPACES.items()]
    for at in made:
        at.fill()
        at.look()
        at.watch(interval="1m")
    made[0].approve()
    driftwatch.start("--log.level=info")
    tools.poll(lambda: all(one["cause"] for one in driftwatch.api("collections")["collections"]), "the baselines", 30)
    return made


class Diary:
    """What fired, when, and whether it was true: at once, or so many seconds later while it still fired."""

    def __init__(self, driftwatch, truths):
        self.driftwatch, self.truths, self.alerts, self.seen, self.just = driftwatch, truths, {}, {}, {}
        self.firing = {}

    def key(self, one):
        """Of an alert, from its firing to its end; by no time, because a clock that is set moves them. None for one
        that had ended before."""
        fingerprint = one["fingerprint"]
        if not one["resolvedAt"]:
            return self.firing.setdefault(fingerprint, (fingerprint, len(self.alerts)))
        return self.firing.pop(fingerprint, None)

    def look(self):
        for one in self.driftwatch.api("alerts")["alerts"]:
            key = self.key(one) if one["firedAt"] and one["labels"]["severity"] != "info" else None
            if not key:
                continue
            self.alerts[key] = one
            self.seen.setdefault(key, time.monotonic())
            labels = one["labels"]
            truth = self.truths[labels["collection"]]
            if key not in self.just and truth.says(labels["alertname"], labels.get("query")):
                self.just[key] = time.monotonic() - self.seen[key]

    def verdict(self, key):
        if key not in self.just:
            return "unjust"
        return f"just after {self.just[key]:.0f} s" if self.just[key] >= LOOK else "just"

    def rows(self):
        for key, one in sorted(self.alerts.items(), key=lambda item: item[1]["firedAt"]):
            labels = one["labels"]
            yield (labels["collection"], labels["alertname"], one["firedAt"][11:19], (one["resolvedAt"] or "")[11:19],
                   one["annotations"]["description"].split(";")[0], self.verdict(key))


@pytest.mark.parametrize("which", churn.KINDS)
def test_benign_churn_alarms_nobody_unjustly(scenes, driftwatch, which, printed):
    churns = [churn.Churn(at, which, SECONDS / 60) for at in scenes]
    diary = Diary(driftwatch, {one.scene.name: just.Truth(one.scene, one.held) for one in churns})
    began = time.monotonic()
    ends = began + SECONDS
    while time.monotonic() < ends + CALM:
        for one in churns:
            one.catch_up(min(time.monotonic(), ends) - began)
        diary.look()
        time.sleep(LOOK)
    rows = list(diary.rows())
    replays = sum(one["replays"] for one in driftwatch.api("collections")["collections"])
    done = numpy.array([one.counts() for one in churns]).sum(axis=0)
    records = sum(len(at.world) for at in scenes)
    table = printed(f"{which}: {SECONDS} s, {replays} replays of three collections with {records} records; "
                    f"{done[0]} deleted, {done[1]} edited, {done[2]} added",
                    ["collection", "alert", "from", "to", "sentence", "exact search"])
    for row in rows:
        table.add(*row)
    assert min(done) > 0
    assert [row for row in rows if row[-1] == "unjust"] == []
