# SPDX-License-Identifier: Apache-2.0
"""What an index does by itself: measured at the baseline and after restarts and upserts of the same records, it is
nobody's alarm, and what is worse is one. Prints what was measured after each beside brute force:

    DRIFTWATCH_FLOORS=10 DRIFTWATCH_REAL=small python3 -m pytest -q tests/real/test_floor.py"""
import json

import numpy
import pytest

import amount
import changes
import corpora
import exact
import releases

PASS, RED, REFUSED = 0, 1, 1
# Of one that misses more by itself than the default limit lets pass.
POOR = {"ef_search": 10, "ef_construction": 100, "max_neighbors": 6}
LIMIT = 0.9
MEASURED = amount.length("DRIFTWATCH_FLOORS", 10, 3)


def index_poorly(at):
    at.chroma.drop(at.name)
    at.chroma.call("POST", "", {"name": at.name, "configuration": {"hnsw": {
        "space": at.space, "sync_threshold": len(at.world) // 4, **POOR}}})
    at.put(at.world)


def floor(at):
    candidate = at.driftwatch.state / "baselines" / f"{at.name}.candidate.json"
    return json.loads(candidate.read_text())["baseline"]["floor"]


def kinds(found):
    return {one["kind"]: one for one in found["findings"] if one["effect"] != "none"}


def told_of_index(found):
    return kinds(found).keys() & {"recall-low", "index-incomplete"}


@pytest.mark.parametrize("space", changes.SPACES)
def test_an_index_that_misses_much_by_itself_alarms_nobody(scene, space, printed):
    at = scene(corpora.NAMES[0], space, releases.OLDER, 0)
    index_poorly(at)
    at.driftwatch.config["collections"] = []
    at.watch(interval="1h")
    at.baseline("propose", "--pause=100ms")
    table = printed(f"{at.name}, {at.space}: what a poor index does by itself", [
        "no.", "after", "recall@10", "recall", "places", "moved", "unreachable"])
    before = at.answers(at.asked())
    due = exact.answers([one.vector for one in at.asked()], at.world.ids, at.world.vectors, at.space)
    known = []
    for number in range(1, MEASURED + 1):
        rebuild = [changes.reupserted, changes.restarted][number % 2]
        rebuild(at)
        at.baseline("propose", "--floor", "--pause=100ms")
        seen, now = floor(at), at.answers(at.asked())
        known.append(exact.baseline_recall(before, due, now))
        table.add(number, rebuild.__name__, f"{exact.recall(due, now):.3f}", f"{seen['recall']:.3f}", seen["places"],
                  f"{seen['moved']:.3f}", seen["unreachable"])
        assert seen["measured"] == number + 1
        assert seen["recall"] <= min(known) + 0.02, "the worst is kept"
    assert seen["recall"] < LIMIT, "no poor index"
    at.baseline("approve", "--by=test", "--reason=as poor as it is", "--force")
    limit = json.loads(at.baseline("show", "--format=json"))["floor"]["recall_limit"]
    assert limit < seen["recall"]
    for rebuild in changes.reupserted, changes.restarted:
        rebuild(at)
        _, found = at.check()
        assert not told_of_index(found), found["findings"]
    at.delete(numpy.arange(len(at.world) // 2))
    refused = at.driftwatch.run("baseline", "propose", "--floor", "--pause=100ms")
    assert refused.returncode == REFUSED and "records are not the baseline's" in refused.stderr


def test_an_index_that_became_worse_than_by_itself_is_told(scene):
    at = scene(corpora.NAMES[0], changes.SPACES[0], releases.OLDER, 0)
    changes.reupserted(at)
    at.baseline("propose", "--floor", "--pause=100ms")
    at.baseline("approve", "--by=test", "--reason=the same, and its floor")
    assert json.loads(at.baseline("show", "--format=json"))["floor"]["measured"] == 2
    changes.index_lost(at)
    status, found = at.check()
    assert status == RED and "index-incomplete" in kinds(found), found["findings"]
