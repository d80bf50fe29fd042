# SPDX-License-Identifier: Apache-2.0
"""Servers that hang, die, lose a collection or come back: what is unmeasured stays unknown."""
import signal

import pytest

import releases
import tools

pytestmark = pytest.mark.releases(*releases.ALL)

FAILING, MISSING = "RetrievalReplayFailing", "RetrievalExpectedResultMissing"


@pytest.fixture
def watched(own_chroma, driftwatch, name, receiver):
    """A running driftwatch with three queries, replayed every second; the third misses its record."""
    queries, records = tools.axes([0.5] * 3)
    own_chroma.create(name)
    own_chroma.upsert(name, ["r0", "r1", "r2"], records)
    driftwatch.server(own_chroma.url)
    driftwatch.watch(name, [
        {"id": f"q{i}", "text": f"Question {i}?", "expect": {"ids": [expected]}}
        for i, expected in enumerate(["r0", "r1", "gone"])],
        {f"q{i}": row for i, row in enumerate(queries)}, interval="1s", timeout="500ms")
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE,
        "receivers": [{"name": "search-team", "webhook_configs": [{"url": receiver.url}]}],
        "rules": {FAILING: {"for": "1s"}}}
    driftwatch.start()
    driftwatch.replay(name)
    tools.poll(lambda: receiver.alerts("firing", alertname=MISSING), "the alert of the third query")
    return records


def outcomes(driftwatch, name):
    """Numbers of queries: pass, drift, fail, unmeasured."""
    metrics = driftwatch.metrics()
    return tuple(metrics["driftwatch_queries", (("collection", name), ("outcome", outcome))]
                 for outcome in ("pass", "drift", "fail", "unmeasured"))


def up(driftwatch, name):
    return driftwatch.metric("driftwatch_up", collection=name)


def test_a_frozen_server_leaves_everything_unmeasured(watched, own_chroma, driftwatch, receiver, name):
    assert (outcomes(driftwatch, name), up(driftwatch, name)) == ((2, 0, 1, 0), 1)
    canonical = driftwatch.metric("driftwatch_canonical_total", collection=name)
    own_chroma.freeze()
    tools.poll(lambda: up(driftwatch, name) == 0, "driftwatch_up to be 0")
    assert outcomes(driftwatch, name) == (0, 0, 0, 3)
    firing = tools.poll(lambda: receiver.alerts("firing", alertname=FAILING), "the alert")
    assert firing[0]["labels"] == {
        "alertname": FAILING, "severity": "critical", "collection": name, "incident": name}
    assert own_chroma.url in firing[0]["annotations"]["description"]

    # For several intervals nothing else is told, and what fired before is not taken back.
    def other_news():
        return [alert for alert in receiver.alerts() if alert["labels"]["alertname"] != FAILING
                and (alert["status"] == "resolved" or alert["labels"].get("query") != "q2")]
    tools.never(other_news, "an alert about what was not measured", 4)
    assert sorted(a["labels"]["alertname"] for a in driftwatch.alerts()) == [MISSING, FAILING]
    assert driftwatch.metric("driftwatch_replays_failed_total", collection=name, reason="timeout") >= 1
    assert driftwatch.metric("driftwatch_query_distance", collection=name, query="q0") is None
    assert driftwatch.get("/-/healthy").ok and driftwatch.get("/-/ready").ok
    measured = driftwatch.metric("driftwatch_canonical_total", collection=name) - canonical
    assert measured <= 2 * 3, "only a replay that was under way may have been counted"

    own_chroma.thaw()
    tools.poll(lambda: outcomes(driftwatch, name) == (2, 0, 1, 0), "recovery", 30)
    assert up(driftwatch, name) == 1
    tools.poll(lambda: [a["labels"]["alertname"] for a in driftwatch.alerts()] == [MISSING], "the resolution")
    assert receiver.alerts("resolved") == [], "the incident goes on"
    assert other_news() == []


def test_a_dead_server_is_noticed_and_found_again(watched, own_chroma, driftwatch, name):
    own_chroma.stop()
    tools.poll(lambda: up(driftwatch, name) == 0, "driftwatch_up to be 0")
    assert tools.poll(lambda: driftwatch.metric(
        "driftwatch_replays_failed_total", collection=name, reason="connect"), "the reason") >= 1
    own_chroma.start()
    tools.poll(lambda: outcomes(driftwatch, name) == (2, 0, 1, 0), "recovery", 30)


def test_a_slow_server_delays_only_its_own_collections(
        watched, own_chroma, chroma, driftwatch, receiver, name):
    queries, records = tools.axes([0.5])
    chroma.create("elsewhere")
    chroma.upsert("elsewhere", ["r0"], records)
    driftwatch.server(chroma.url, name="other")
    driftwatch.watch("elsewhere", [{"id": "e", "text": "?", "expect": {"ids": ["r0"]}}], {"e": queries[0]},
                     server="other", interval="1s", timeout="500ms")
    driftwatch.write()
    assert driftwatch.reload().ok
    own_chroma.freeze()
    tools.poll(lambda: up(driftwatch, name) == 0, "the frozen server's collection to be down")
    before = driftwatch.metric("driftwatch_replays_total", collection="elsewhere")
    tools.poll(lambda: driftwatch.metric("driftwatch_replays_total", collection="elsewhere") >= before + 3,
               "three more replays on the other server", 8)
    assert outcomes(driftwatch, "elsewhere") == (1, 0, 0, 0)
    assert driftwatch.metric("driftwatch_replays_failed_total", collection="elsewhere", reason="timeout") in (0, None)


def test_a_recreated_collection_is_noticed_within_one_replay(watched, own_chroma, driftwatch, name):
    before, = driftwatch.api("collections")["collections"]
    own_chroma.drop(name)
    own_chroma.create(name)
    own_chroma.upsert(name, ["r0", "r1", "r2"], watched)
    driftwatch.replay(name)
    after, = driftwatch.api("collections")["collections"]
    assert (before["replaced"], after["replaced"]) == (0, 1)
    assert after["collection_id"] == own_chroma.id(name) != before["collection_id"]
    assert after["replaced_at"]
    assert outcomes(driftwatch, name) == (2, 0, 1, 0)
    assert "replaced" in driftwatch.process.text()


def test_a_deleted_collection_is_unmeasured_though_the_server_is_up(watched, own_chroma, driftwatch, name):
    own_chroma.drop(name)
    report = driftwatch.replay(name)
    assert report["verdict"] == "unmeasured"
    assert (outcomes(driftwatch, name), up(driftwatch, name)) == ((0, 0, 0, 3), 1)
    collection, = driftwatch.api("collections")["collections"]
    assert name in collection["last_error"]


def test_an_emptied_collection_fails(watched, own_chroma, driftwatch, name):
    """It answers, and the answer is that nothing is found: a measurement, not an outage."""
    own_chroma.delete(name, ["r0", "r1", "r2"])
    report = driftwatch.replay(name)
    assert report["verdict"] == "fail"
    assert outcomes(driftwatch, name) == (0, 0, 3, 0)
    assert driftwatch.metric("driftwatch_collection_records", collection=name) == 0


def test_it_stops_while_a_server_hangs(watched, own_chroma, driftwatch, name):
    own_chroma.freeze()
    tools.poll(lambda: up(driftwatch, name) == 0, "driftwatch_up to be 0")
    driftwatch.process.send(signal.SIGTERM)
    assert driftwatch.process.child.wait(1) == 0
