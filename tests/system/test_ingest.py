# SPDX-License-Identifier: Apache-2.0
"""While a collection is written anew nobody is told of what is missing in between; what is lost for good is told when
the grace is over, and at once where the ingest hook was called. In a thirtieth of the times that are the default."""
import html

import pytest

import tools
import worlds

INTERVAL, LOOK, GRACE = "10s", "1s", 10
# Longer than two looks, by which one that lost nothing is over.
PAUSE = 4
PARTS = 4
# A label follows the records within two looks and the replay that they ask for; a busy machine takes its time, and
# where a look and a replay cross each other, it is the next replay.
SOON = 4
LATER = 30


@pytest.fixture
def at(chroma, driftwatch):
    """A scene with an approved baseline, whose driftwatch runs."""
    scene = worlds.Scene(chroma, driftwatch, worlds.World(1), interval=INTERVAL, survey_interval=LOOK)
    scene.fill()
    scene.approve()
    driftwatch.config["ingest"] = {"grace": f"{GRACE}s"}
    driftwatch.write()
    driftwatch.start()
    tools.poll(lambda: scene.collection()["cause"]["cause"] == "NONE", "the baseline to be compared with")
    yield scene
    chroma.drop(scene.name)


def alerts(scene):
    """What anybody could be told of."""
    return [one["labels"] for one in scene.driftwatch.alerts() if one["labels"]["severity"] != "info"]


def quiet(scene, seconds):
    tools.never(lambda: alerts(scene), "told in the middle of an ingest", seconds)


def add(scene):
    """All records, part by part."""
    count = len(scene.world.ids)
    for start in range(0, count, count // PARTS):
        scene.upsert(range(start, min(start + count // PARTS, count)))
        quiet(scene, 1)


def readded(scene):
    """All are deleted, and embedded while there are none."""
    scene.delete(range(len(scene.world.ids)))
    quiet(scene, PAUSE)
    add(scene)


def recreated(scene):
    """The collection is away for a while."""
    scene.chroma.drop(scene.name)
    quiet(scene, PAUSE)
    scene.create()
    quiet(scene, PAUSE)
    add(scene)


def file_by_file(scene):
    count = len(scene.world.ids)
    for start in range(0, count, count // PARTS):
        part = range(start, min(start + count // PARTS, count))
        scene.delete(part)
        quiet(scene, 0.5)
        scene.upsert(part)
        quiet(scene, 1)


def calm(scene):
    found = scene.collection()
    assert (found["cause"]["cause"], found["verdict"]) == ("NONE", "pass"), found["findings"]
    return True


@pytest.mark.parametrize("ingest", [readded, recreated, file_by_file])
def test_a_whole_ingest_wakes_nobody(at, ingest):
    ingest(at)
    # A replay that counted before the last of them were written may have found them.
    tools.poll(lambda: calm(at) and at.collection()["records"] == len(at.world.ids),
               "the end of the label and of what was found", LATER)
    quiet(at, SOON)
    assert calm(at)


def missing(scene):
    return [one for one in alerts(scene) if one["alertname"] == "RetrievalExpectedResultMissing"]


def test_a_loss_is_told_when_the_grace_is_over(at):
    worlds.delete_topic(at)
    tools.poll(lambda: [one for one in at.collection()["findings"] if one["state"] == "waiting"], "the finding", SOON)
    waiting = at.collection()["waiting"]
    assert waiting.startswith("nobody is told of ") and "an ingest seems to be under way" in waiting, waiting
    assert waiting in at.driftwatch.status()
    assert waiting in html.unescape(at.driftwatch.get("/").text)
    quiet(at, GRACE - SOON)
    tools.poll(lambda: missing(at), "the alert", 2 * SOON)


def test_who_says_that_an_ingest_is_over_is_told_at_once(at):
    worlds.delete_topic(at)
    report = at.driftwatch.replay()
    assert report["verdict"] == "fail" and report["collections"][0]["cause"] in ("REMOVED_TOPIC", "REMOVED")
    assert missing(at)
