# SPDX-License-Identifier: Apache-2.0
"""Every fault made for real on a Chroma server, and what driftwatch calls it.

    DRIFTWATCH_SEEDS=5 python3 -m pytest -q -s -k label tests/system/test_causes.py

prints the table of docs/detection.md."""
import collections
import os
import shutil

import pytest
import requests

import releases
import tools
import worlds

SEEDS = range(1, 1 + int(os.environ.get("DRIFTWATCH_SEEDS", "1")))
# Files of long tests run on the other release, too, where more than one seed is asked for.
LONG_RELEASES = releases.ALL if len(SEEDS) > 1 else (releases.OLDER,)
PASS, FAILED, UNMEASURED = 0, 1, 3

# What is done, to which world, and the labels that are right; the table shows the first of them.
FAULTS = {
    "nothing": (worlds.nothing, worlds.World, ["NONE"]),
    "the server restarts": (worlds.restart, worlds.World, ["NONE"]),
    "the server restarts, random vectors": (worlds.restart, worlds.HardWorld, ["NONE"]),
    "one topic is deleted": (worlds.delete_topic, worlds.World, ["REMOVED_TOPIC", "REMOVED"]),
    "20 % of the records are deleted": (worlds.delete_some, worlds.World, ["REMOVED"]),
    "20 % are edited in place, cosine 0.95": (worlds.edit_some, worlds.World, ["EDIT"]),
    "10 % more records of the same topics": (worlds.grow, worlds.World, ["GROWTH"]),
    "near-duplicates of 20 %, five each": (worlds.flood, worlds.World, ["FLOOD"]),
    "all vectors are embedded anew, cosine 0.95": (worlds.reembed, worlds.World, ["REEMBED"]),
    "recreated with another space": (worlds.change_space, worlds.World, ["METRIC"]),
    "the index's directory is lost": (worlds.lose_index, worlds.World, ["INDEX_LOSS"]),
    "`ef_search` 10 and a restart, random vectors": (worlds.search_shallowly, worlds.HardWorld, ["ANN_RECALL"]),
    "the embedder has another model": (worlds.change_model, worlds.EmbeddedWorld, ["EMBEDDER"]),
    "the server is stopped": (worlds.stop, worlds.World, ["TRANSPORT"]),
}


@pytest.fixture(scope="module")
def embedders(source, tmp_path_factory):
    """embedders(world) starts one, if that is a world with an embedder."""
    started = []

    def start(kind):
        if kind is not worlds.EmbeddedWorld:
            return None
        log = tmp_path_factory.mktemp("embedder") / "log"
        started.append(worlds.Embedder(source / "config/demo/embedder.py", log))
        return started[-1]
    yield start
    for embedder in started:
        embedder.stop()


@pytest.fixture(scope="module")
def approved(chroma_release, build, embedders, tmp_path_factory):
    """approved(kind, seed): a directory with a server's data and an approved baseline, made once."""
    made = {}

    def make(kind, seed):
        if (kind, seed) not in made:
            directory = made[kind, seed] = tmp_path_factory.mktemp("approved")
            chroma = tools.Chroma(chroma_release, directory / "chroma")
            try:
                scene = worlds.Scene(chroma, tools.Driftwatch(build, directory / "driftwatch"), kind(seed),
                                     embedders(kind))
                scene.fill()
                scene.approve()
                chroma.shut_down()
            finally:
                chroma.stop()
        return made[kind, seed]
    return make


@pytest.fixture
def scene(approved, chroma_release, embedders, driftwatch, tmp_path, ends):
    """scene(): a world of this test's own with an approved baseline."""
    def make(kind=worlds.World, seed=1, **keys):
        shutil.copytree(approved(kind, seed), tmp_path, dirs_exist_ok=True)
        chroma = ends(tools.Chroma(chroma_release, tmp_path / "chroma"))
        return worlds.Scene(chroma, driftwatch, kind(seed), embedders(kind), **keys)
    return make


@pytest.fixture(scope="module")
def table(chroma_release):
    """Counts labels and prints them."""
    counts = collections.defaultdict(collections.Counter)
    yield counts
    print(f"\n\nOn Chroma {chroma_release.version}:\n")
    print(f"| what was done | truth | label, of {len(SEEDS)} |\n|---|---|---|")
    for what, (_, _, right) in FAULTS.items():
        labels = ", ".join(f"`{label}` {count}" for label, count in counts[what].most_common())
        print(f"| {what} | `{right[0]}` | {labels} |")


@pytest.mark.releases(*releases.ALL)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("what", FAULTS)
def test_label(scene, table, what, seed):
    fault, kind, right = FAULTS[what]
    at = scene(kind, seed)
    status, before = at.check()
    assert (status, before["verdict"], before["cause"]) == (PASS, "pass", "NONE"), before
    fault(at)
    status, after = at.check()
    table[what][after["cause"]] += 1
    assert after["cause"] in right, after["evidence"]
    assert len(after["evidence"]["evidence"].split()) > 4
    assert (status == UNMEASURED) == (after["cause"] == "TRANSPORT")
    if after["cause"] in ("NONE", "GROWTH"):
        assert status == PASS
    elif after["cause"] != "TRANSPORT":
        assert status in (PASS, FAILED)


# Two faults at a time, to a world, and the causes by which each may go.
PAIRS = {
    "deleted and edited": (worlds.World, [worlds.delete_some, worlds.edit_some]),
    "deleted and flooded": (worlds.World, [worlds.delete_some, worlds.flood]),
    "edited and grown": (worlds.World, [worlds.edit_some, worlds.grow]),
    "a topic deleted and others edited": (worlds.World, [worlds.delete_topic, worlds.edit_some]),
    "deleted, and the embedder has another model": (worlds.EmbeddedWorld, [worlds.delete_some, worlds.change_model]),
    "grown and deleted": (worlds.World, [worlds.grow, worlds.delete_some]),
}
NAMED = {
    worlds.delete_some: {"REMOVED", "REMOVED_TOPIC"},
    worlds.delete_topic: {"REMOVED", "REMOVED_TOPIC"},
    worlds.edit_some: {"EDIT"},
    worlds.flood: {"FLOOD"},
    worlds.grow: {"GROWTH"},
    worlds.change_model: {"EMBEDDER"},
}
FATES = ["gone", "edited"]


@pytest.fixture(scope="module")
def pairs():
    """Counts what was named, and which records rightly, and prints it."""
    counts = collections.defaultdict(collections.Counter)
    yield counts
    print("\n\n| what was done | both named | gone: right, wrong, missed | edited: the same |\n|---|---|---|---|")
    for what, count in counts.items():
        fates = [", ".join(str(count[fate, how]) for how in ("right", "wrong", "missed")) for fate in FATES]
        print(f"| {what} | {count['both']} of {count['all']} | {' | '.join(fates)} |")
    both, all_pairs = (sum(count[key] for count in counts.values()) for key in ("both", "all"))
    right, wrong, missed = (sum(count[fate, how] for count in counts.values() for fate in FATES)
                            for how in ("right", "wrong", "missed"))
    print(f"\nboth causes: {both} of {all_pairs}; records: precision {right / (right + wrong):.4f}, "
          f"recall {right / (right + missed):.4f}")
    # Some growth is seen by no query.
    assert both >= 0.95 * all_pairs


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("what", PAIRS)
def test_pairs_of_faults_are_told_apart(scene, pairs, what, seed):
    kind, faults = PAIRS[what]
    at = scene(kind, seed)
    _, before = at.check()
    stood = {record for query in before["queries"] for record in query["ids"]}
    was = at.chroma.vectors(at.name)
    for fault in faults:
        fault(at)
    _, after = at.check()
    now = at.chroma.vectors(at.name)
    told = after["evidence"]["records"]
    named = {one["cause"] for one in after["evidence"]["causes"]} | {after["cause"]}
    both = all(named & NAMED[fault] for fault in faults)
    count = pairs[what]
    count["all"] += 1
    count["both"] += both
    wanted = {"gone": stood - now.keys(),
              "edited": {record for record in stood & now.keys() if abs(now[record] - was[record]).max() > 1e-4}}
    for fate, records in wanted.items():
        listed = set(told.get(fate, {"ids": []})["ids"]) & stood
        assert told.get(fate, {"count": 0})["count"] >= len(listed)
        count[fate, "right"] += len(listed & records)
        count[fate, "wrong"] += len(listed - records)
        count[fate, "missed"] += len(records - listed)
        assert listed <= records, f"{fate}: {sorted(listed - records)}"
        assert len(listed) >= 0.95 * len(records), f"{fate}: without {sorted(records - listed)}"
    assert {query["cause"] for query in after["queries"]} - {None, "NONE"} <= named
    gone = [query for query, anchor in zip(after["queries"], at.world.anchors) if at.world.ids[anchor] not in now]
    assert {query["cause"] for query in gone} <= NAMED[worlds.delete_some]
    assert not gone or "approve" not in after["evidence"]["action"]


def test_the_gate_stops_a_flood(scene):
    at = scene()
    worlds.flood(at)
    status, report = at.driftwatch.check("--baseline")
    assert (status, report["verdict"], report["collections"][0]["cause"]) == (FAILED, "fail", "FLOOD")


def test_a_lost_index_looks_healthy(scene):
    at = scene()
    worlds.lose_index(at)
    assert requests.get(f"{at.chroma.url}/api/v2/heartbeat", timeout=5).ok
    assert all(requests.get(f"{at.chroma.url}/api/v2/healthcheck", timeout=5).json().values())
    assert at.chroma.call("GET", f"/{at.chroma.id(at.name)}/count") == len(at.world.ids)
    status, found = at.check()
    assert (status, found["verdict"], found["cause"]) == (FAILED, "fail", "INDEX_LOSS")
    assert found["records"] == len(at.world.ids)
    assert 0.5 * len(at.world.ids) < found["unreachable_records"] < len(at.world.ids), "the log's records are found"
    assert min(len(query["ids"]) for query in found["queries"]) == worlds.RESULTS, "every answer is full"


@pytest.mark.parametrize("file", ["header.bin", "data_level0.bin"])
def test_errors_of_the_index_are_the_index_s(scene, file):
    at = scene()
    worlds.cut_index(at, file)
    status, found = at.check()
    assert (status, found["verdict"], found["cause"]) == (UNMEASURED, "unmeasured", "INDEX_LOSS")
    assert "was refused: HTTP 500: " in found["queries"][0]["reason"]


def test_a_better_distance_does_not_make_up_for_a_lost_record(scene):
    at = scene()
    anchor = at.world.anchors[0]
    _, before = at.check()
    at.delete([anchor])
    at.chroma.upsert(at.name, ["stranger"], [tools.at_distance(at.world.questions[0], 0.01)])
    status, after = at.check()
    query = after["queries"][0]
    assert query["distance"] < before["queries"][0]["distance"]
    assert (status, after["verdict"], query["outcome"]) == (FAILED, "fail", "fail")
    assert at.world.ids[anchor] in query["reason"] and "no such record exists any more" in query["reason"]


# Cause, what is done to which world, and an alert that names it.
TOLD = {
    "REMOVED": (worlds.delete_some, worlds.World, "RetrievalExpectedResultMissing"),
    "REMOVED_TOPIC": (worlds.delete_topic, worlds.World, "RetrievalExpectedResultMissing"),
    "EDIT": (worlds.edit_some, worlds.World, "RetrievalSetDrift"),
    "FLOOD": (worlds.flood, worlds.World, "RetrievalSetDrift"),
    "REEMBED": (worlds.reembed, worlds.World, "RetrievalSetDrift"),
    "METRIC": (worlds.change_space, worlds.World, "RetrievalConfigurationChanged"),
    "INDEX_LOSS": (worlds.lose_index, worlds.World, "RetrievalIndexIncomplete"),
    "ANN_RECALL": (worlds.search_shallowly, worlds.HardWorld, "RetrievalConfigurationChanged"),
    "EMBEDDER": (worlds.change_model, worlds.EmbeddedWorld, "RetrievalEmbedderChanged"),
    "TRANSPORT": (worlds.stop, worlds.World, "RetrievalReplayFailing"),
}


@pytest.fixture
def daemon(scene, driftwatch, receiver):
    """daemon(): a scene whose driftwatch runs, compares with the baseline and tells `receiver`."""
    def make(**keys):
        at = scene(**keys)
        driftwatch.config["alerting"] = {
            **tools.AT_ONCE,
            "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}],
            "rules": {"RetrievalReplayFailing": {"for": "0s"}}}
        driftwatch.config["probes"] = {"interval": "1s"}
        driftwatch.write()
        driftwatch.start()
        tools.poll(lambda: at.collection()["baseline"]["number"] == 1 and at.collection()["cause"]["cause"] == "NONE",
                   "the baseline to be compared with")
        return at
    return make


@pytest.mark.parametrize("cause", TOLD)
def test_an_alert_names_the_cause(daemon, receiver, cause):
    fault, kind, alert = TOLD[cause]
    fault(daemon(kind=kind, interval="300ms", embed_interval="0s"))
    tools.poll(lambda: [one for one in receiver.alerts("firing", alertname=alert)
                        if one["annotations"].get("cause") == cause], f"{alert} because of {cause}")


def test_growth_alerts_nobody(daemon, receiver):
    at = daemon(interval="1h")
    worlds.grow(at)
    at.driftwatch.replay(times=8)
    assert at.collection()["cause"]["cause"] == "GROWTH"
    assert not receiver.requests and not at.driftwatch.alerts()


def replace_one(at):
    """As many records as before."""
    at.delete([0])
    at.chroma.upsert(at.name, ["other"], [at.world.vectors[0]])


def edit_a_known_one(at):
    """The best answer to the first query, a little."""
    anchor = at.world.anchors[0]
    at.world.vectors[anchor] = worlds.turned(at.world.vectors[anchor], 0.999, at.world.random)
    at.upsert([anchor])


@pytest.mark.parametrize("ingest", [worlds.grow, replace_one, edit_a_known_one])
def test_an_ingest_is_replayed_at_once(daemon, ingest):
    at = daemon(interval="1h", survey_interval="200ms")
    before = at.collection()["replays"]
    tools.never(lambda: at.collection()["replays"] > before, "a replay without an ingest", 1)
    ingest(at)
    tools.poll(lambda: at.collection()["replays"] > before, "the replay after an ingest", 3)


def test_a_collection_recreated_with_other_content_is_told_of_until_it_is_approved(daemon, receiver):
    at = daemon(interval="300ms")
    at.world.vectors = worlds.turned(at.world.vectors, 0.95, at.world.random)
    at.chroma.drop(at.name)
    at.fill()
    told, *_ = tools.poll(lambda: receiver.alerts("firing", alertname="RetrievalCollectionReplaced"), "the alert")
    assert at.chroma.id(at.name) in told["annotations"]["description"]
    at.approve()
    tools.poll(lambda: receiver.alerts("resolved", alertname="RetrievalCollectionReplaced"), "the end of the alert", 10)
    tools.poll(lambda: not at.driftwatch.alerts(), "peace", 10)


def test_an_approval_is_picked_up_and_resolves(daemon, receiver):
    at = daemon(interval="300ms")
    worlds.edit_some(at)
    tools.poll(lambda: receiver.alerts("firing", alertname="RetrievalSetDrift"), "the alert")
    at.approve()
    tools.poll(lambda: at.collection()["baseline"]["number"] == 2, "the new baseline", 5)
    tools.poll(lambda: receiver.alerts("resolved", alertname="RetrievalSetDrift"), "the end of the alert", 10)
    tools.poll(lambda: at.collection()["cause"]["cause"] == "NONE" and not at.driftwatch.alerts(), "peace", 10)


def test_an_embedder_of_another_length_is_told_and_can_be_taken_away(daemon, receiver):
    at = daemon(kind=worlds.EmbeddedWorld, interval="300ms", embed_interval="0s")
    at.embedder.stop()
    at.embedder.dimension //= 2
    at.embedder.start(1)
    tools.poll(lambda: [one for one in receiver.alerts("firing", alertname="RetrievalEmbedderChanged")
                        if "they have another number of components" in one["annotations"]["description"]], "the alert")
    tools.poll(lambda: at.collection()["cause"]["cause"] == "EMBEDDER", "the cause", 5)
    del at.driftwatch.config["collections"][0]["embedder"]
    at.driftwatch.write()
    assert at.driftwatch.reload().ok
    tools.poll(lambda: receiver.alerts("resolved", alertname="RetrievalEmbedderChanged"), "the end of the alert", 10)
    tools.poll(lambda: at.collection()["cause"]["cause"] == "NONE" and not at.driftwatch.alerts(), "peace", 10)
