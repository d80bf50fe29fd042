# SPDX-License-Identifier: Apache-2.0
"""A real server on which nothing happens but restarts: no replay may raise an alarm. The figure in docs/detection.md:

    DRIFTWATCH_REPLAYS=2000 python3 -m pytest -q -s tests/system/test_endurance.py"""
import os
import time

import pytest

import tools
import worlds

REPLAYS = int(os.environ.get("DRIFTWATCH_REPLAYS", "120"))
QUERIES, RESTARTS = 24, 3
FAILING = "RetrievalReplayFailing"


class CalmWorld(worlds.World):
    def __init__(self, seed):
        super().__init__(seed)
        self.texts = [f"question {i}" for i in range(QUERIES)]
        self.anchors = self.random.choice(len(self.ids), QUERIES, replace=False)
        self.questions = worlds.turned(self.vectors[self.anchors], 0.9, self.random)


@pytest.mark.parametrize("kind", [CalmWorld, worlds.HardWorld])
def test_no_alarm_while_nothing_happens(own_chroma, driftwatch, receiver, kind):
    """A restart may change an answer or two among random vectors; where they are clustered, not even one."""
    driftwatch.config["probes"] = {"interval": "1s"}
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE,
        "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}],
        "rules": {FAILING: {"for": "100ms"}}}
    scene = worlds.Scene(own_chroma, driftwatch, kind(1), interval="100ms")
    scene.fill()
    scene.approve()
    driftwatch.start("--log.level=info")
    calm = kind is CalmWorld
    begun, alarms, shifts = time.monotonic(), [], [0]

    def measured():
        """Replays that succeeded until now; what should not be seen beside them is kept."""
        seen = driftwatch.api("baseline", collection=scene.name)["drift"]
        alarms.extend(alert for alert in driftwatch.api("alerts")["alerts"] if alert["labels"]["alertname"] != FAILING)
        answers = seen["moved_up"] + seen["moved_down"]
        if answers > (0 if calm else 2) or seen["set_shifted"] or seen["share_moved"] or calm and seen["unprovoked"]:
            alarms.append(seen)
        shifts.append(abs(seen["set_shift"] or 0))
        collection = scene.collection()
        return collection["replays"] - collection["replays_failed"]

    def wait(count):
        tools.poll(lambda: measured() >= count, f"{count} replays", 60 + count)
        assert alarms == []

    for i in range(RESTARTS):
        wait((i + 1) * REPLAYS // (RESTARTS + 1))
        failed = scene.collection()["replays_failed"]
        own_chroma.shut_down()
        tools.poll(lambda: scene.collection()["replays_failed"] >= failed + 2, "replays that fail")
        own_chroma.start()
    wait(REPLAYS)
    print(f"\n{measured()} replays of {QUERIES} queries, {RESTARTS} restarts, {len(shifts)} looks, "
          f"{time.monotonic() - begun:.0f} s; largest shift of the set {max(shifts):g}")
    after = driftwatch.api("baseline", collection=scene.name)
    assert after["cause"]["cause"] == "NONE"
    assert after["drift"]["compared"] == QUERIES
    assert after["drift"]["overlap"] == 1 if calm else after["drift"]["overlap"] > 0.98
    assert scene.collection()["index"]["unreachable_records"] <= (0 if calm else len(scene.world.ids) / 100)
    assert receiver.alerts("firing", alertname=FAILING), "the restarts were seen"
    assert [one for one in receiver.alerts() if one["labels"]["alertname"] != FAILING] == []
