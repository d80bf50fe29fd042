# SPDX-License-Identifier: Apache-2.0
"""Nothing happens on a real server, for long: nobody may be woken, and nothing may seem to have moved.

DRIFTWATCH_REPLAYS=2000 makes it as long as the figure in docs/detection.md says."""
import os

import tools
from worlds import Scene, World

REPLAYS = int(os.environ.get("DRIFTWATCH_REPLAYS", "120"))
RESTARTS = 4
# A server that is away is told, and nothing else is.
AWAY = "RetrievalReplayFailing"


def replays(driftwatch):
    return driftwatch.metric("driftwatch_replays_total", collection="world") or 0


def quality_alerts(driftwatch):
    return [alert for state in ("pending", "firing", "resolved") for alert in driftwatch.alerts(state)
            if alert["labels"]["alertname"] != AWAY]


def test_an_unchanged_collection_wakes_nobody(own_chroma, driftwatch):
    scene = Scene(own_chroma, driftwatch, World(7), interval="100ms", survey_interval="0s")
    driftwatch.config["probes"] = {"interval": "5s"}
    driftwatch.write()
    scene.fill()
    scene.approve()
    driftwatch.start()
    tools.poll(lambda: replays(driftwatch) >= 5, "the first replays")
    for part in range(1, RESTARTS + 2):
        wanted = REPLAYS * part / (RESTARTS + 1)
        while replays(driftwatch) < wanted:
            tools.never(lambda: quality_alerts(driftwatch), "an alert", 0.5)
        if part <= RESTARTS:
            scene.restart()
    # The last replays reached the server again.
    scene_now = tools.poll(lambda: not scene.collection()["last_error"] and scene.collection(), "a successful replay")
    assert quality_alerts(driftwatch) == []
    assert scene_now["cause"]["cause"] == "NONE"
    assert scene_now["index"]["unreachable_records"] == 0
    for direction in ("up", "down"):
        assert driftwatch.metric("driftwatch_moved_queries", collection="world", direction=direction) == 0
    print(f"{replays(driftwatch):.0f} replays, {RESTARTS} restarts of the server, no alert but {AWAY}")
