# SPDX-License-Identifier: Apache-2.0
"""Many collections: each is measured in time, whatever the servers of the others do."""
from datetime import datetime

import pytest

import crowd
import tools


@pytest.fixture
def hung(ends):
    return ends(crowd.Hung())


@pytest.fixture
def quick(tmp_path, ends):
    return ends(crowd.Crowd(tmp_path))


def measured(driftwatch, prefix):
    """The collections that begin so, once all were replayed; else None."""
    found = [one for one in driftwatch.api("collections")["collections"] if one["collection"].startswith(prefix)]
    return found if all(one["last_finished"] for one in found) else None


def replays(driftwatch, prefix):
    """Replays of the collections that begin so, by label."""
    return {dict(labels)["collection"]: value for (name, labels), value in driftwatch.metrics().items()
            if name == "driftwatch_replays_total" and dict(labels)["collection"].startswith(prefix)}


def test_a_hung_server_holds_up_nobody_else(driftwatch, hung, quick):
    """More collections on it than transfers there ever are; a healthy server's are measured within a second."""
    driftwatch.server(hung.url, "hung")
    driftwatch.server(quick.url, "quick")
    driftwatch.config["replay"] = {"interval": "1m"}
    crowd.watch(driftwatch, 600, "hung", "hung")
    crowd.watch(driftwatch, 5, "quick", "quick")
    driftwatch.start()
    quick_ones = tools.poll(lambda: measured(driftwatch, "quick"), "the healthy five")
    begun = datetime.fromisoformat(driftwatch.api("status")["started"])
    assert len(quick_ones) == 5
    for one in quick_ones:
        assert one["up"] and (datetime.fromisoformat(one["last_finished"]) - begun).total_seconds() < 1
    assert not measured(driftwatch, "hung")


def test_a_thousand_begin_at_once(driftwatch, quick):
    """None fails to begin, and all are measured long before the first is due again."""
    driftwatch.server(quick.url, concurrency=4)
    driftwatch.config["replay"] = {"interval": "10m"}
    crowd.watch(driftwatch, 1000)
    driftwatch.start("--log.level=info")
    tools.poll(lambda: min(replays(driftwatch, "c-").values()) == 1, "a replay of each", 60)
    metrics = driftwatch.metrics()
    assert {value for (name, _), value in metrics.items() if name == "driftwatch_up"} == {1}
    assert "cannot start" not in driftwatch.process.text()
    # What waited was not measured meanwhile.
    took = [value for (name, _), value in metrics.items() if name == "driftwatch_replay_duration_seconds"]
    assert sorted(took)[len(took) // 2] < 0.5
