# SPDX-License-Identifier: Apache-2.0
"""A query that leaves its home band, from the record in Chroma to the notification of a real Alertmanager."""
import datetime

import json

import pytest

import tools

COUNT, MOVING = 8, 3
CROSSED = "RetrievalBandCrossed"


@pytest.fixture
def watched(chroma, driftwatch, name, alertmanager, receiver, ends):
    """A running driftwatch with eight queries at home in `good`; move(distance) moves record 3 and replays."""
    direct = ends(tools.Receiver())
    queries, records = tools.axes([0.9] * COUNT)
    chroma.create(name)
    chroma.upsert(name, [f"r{i}" for i in range(COUNT)], records)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [
        {"id": f"q{i}", "text": f"Question {i}?", "expect": {"ids": [f"r{i}"], "within": 1}}
        for i in range(COUNT)], {f"q{i}": row for i, row in enumerate(queries)}, interval="1h")
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "alertmanagers": [{"url": alertmanager.url}],
        "receivers": [{"name": "search-team", "webhook_configs": [{"url": direct.url}]}]}
    driftwatch.start()
    driftwatch.replay(name, times=5)

    def move(distance, times=1):
        chroma.upsert(name, [f"r{MOVING}"], [tools.axis(MOVING, COUNT, distance)])
        return driftwatch.replay(name, times)
    move.direct = direct
    return move


def queries_of(driftwatch, name):
    return {query["id"]: query for query in driftwatch.api("queries", collection=name)["queries"]}


def test_a_crossing_is_told_and_taken_back(watched, driftwatch, alertmanager, receiver, name):
    assert {query["home_band"] for query in queries_of(driftwatch, name).values()} == {"good"}
    assert driftwatch.metric("driftwatch_band_queries", collection=name, band="good") == COUNT

    # One sample beyond the border is not a crossing yet, four of five are.
    watched(1.1)
    moved = queries_of(driftwatch, name)[f"q{MOVING}"]
    assert (moved["band"], moved["confirmed_band"], moved["crossed"]) == ("okay", "good", False)
    assert driftwatch.alerts() == []
    report = driftwatch.replay(name, times=4)
    assert report["verdict"] == "fail"
    moved = queries_of(driftwatch, name)[f"q{MOVING}"]
    assert (moved["confirmed_band"], moved["home_band"], moved["outcome"]) == ("okay", "good", "drift")
    assert "0.9" in moved["reason"] and "1.1" in moved["reason"]
    assert driftwatch.metric("driftwatch_queries", collection=name, outcome="drift") == 1
    assert driftwatch.metric("driftwatch_band_queries", collection=name, band="okay") == 1

    alert, = tools.poll(lambda: alertmanager.alerts(alertname=CROSSED), "the alert in Alertmanager")
    assert alert["labels"] == {
        "alertname": CROSSED, "severity": "warning", "collection": name, "incident": name, "query": f"q{MOVING}"}
    assert float(alert["annotations"]["distance"]) == pytest.approx(1.1, rel=1e-6)
    assert float(alert["annotations"]["previous_distance"]) == pytest.approx(0.9, rel=1e-6)
    for word in f"q{MOVING}", f"Question {MOVING}?", "0.9", "1.1", "good", "okay":
        assert word in alert["annotations"]["description"]
    ends = datetime.datetime.fromisoformat(alert["endsAt"].replace("Z", "+00:00"))
    assert ends > datetime.datetime.now(datetime.timezone.utc), "an unrefreshed alert ends by itself"
    tools.poll(lambda: receiver.alerts("firing", alertname=CROSSED), "Alertmanager's notification")

    watched(0.9, times=5)
    tools.poll(lambda: receiver.alerts("resolved", alertname=CROSSED), "the resolution")
    assert alertmanager.alerts(alertname=CROSSED) == []
    assert driftwatch.alerts() == []
    assert {alert["labels"]["alertname"] for alert in receiver.alerts()} == {CROSSED}
    assert driftwatch.metric("driftwatch_queries", collection=name, outcome="pass") == COUNT


def test_receivers_get_what_alertmanager_sends(watched, receiver, name):
    """Whatever takes Alertmanager's webhooks takes ours: the same members, labels, fingerprint and times."""
    watched(1.1, times=5)
    tools.poll(lambda: receiver.alerts("firing"), "Alertmanager's notification")
    tools.poll(lambda: watched.direct.alerts("firing"), "driftwatch's notification")
    watched(0.9, times=5)
    tools.poll(lambda: receiver.alerts("resolved"), "Alertmanager's resolution")
    tools.poll(lambda: watched.direct.alerts("resolved"), "driftwatch's resolution")
    for status in "firing", "resolved":
        theirs, ours = (
            next(r for r in one.requests if r["body"]["status"] == status) for one in (receiver, watched.direct))
        assert set(ours["body"]) == set(theirs["body"])
        assert ours["body"]["version"] == theirs["body"]["version"] == "4"
        assert ours["body"]["receiver"] == "search-team"
        assert ours["headers"]["Content-Type"] == theirs["headers"]["Content-Type"]
        (our_alert,), (their_alert,) = ours["body"]["alerts"], theirs["body"]["alerts"]
        assert set(our_alert) == set(their_alert)
        for member in "status", "labels", "annotations", "fingerprint":
            assert our_alert[member] == their_alert[member]
        for member in "commonLabels", "commonAnnotations":
            assert ours["body"][member] == theirs["body"][member]
        assert seconds(our_alert["startsAt"]) == pytest.approx(seconds(their_alert["startsAt"]), abs=0.01)
        if status == "firing":
            assert our_alert["endsAt"] == their_alert["endsAt"] == "0001-01-01T00:00:00Z"
        else:
            assert seconds(our_alert["endsAt"]) == pytest.approx(seconds(their_alert["endsAt"]), abs=0.01)


def seconds(text):
    """Of an RFC 3339 time; Go writes up to nine digits, Python reads six."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.datetime.fromisoformat(whole + "+00:00").timestamp() + float(f"0.{fraction or 0}")


@pytest.mark.parametrize("near, far", [(0.995, 1.005), (0.97, 1.03)], ids=["within-hysteresis", "beyond-it"])
def test_flapping_at_a_border_is_no_news(watched, driftwatch, alertmanager, receiver, near, far):
    for i in range(24):
        watched(far if i % 2 else near)
    assert driftwatch.alerts() == []
    fired = {alert["startsAt"] for alert in receiver.alerts("firing", alertname=CROSSED)}
    assert len(fired) <= 1, "at most one alert"


def test_a_missing_record_is_told_by_the_replay_that_was_asked_for(watched, chroma, driftwatch, alertmanager, name):
    chroma.delete(name, ["r5"])
    driftwatch.replay(name)
    missing, = tools.poll(
        lambda: alertmanager.alerts(alertname="RetrievalExpectedResultMissing"), "the alert")
    assert (missing["labels"]["query"], missing["labels"]["severity"]) == ("q5", "critical")
    assert "r5" in missing["annotations"]["description"]
    assert driftwatch.metric("driftwatch_alerts", alertname="RetrievalExpectedResultMissing", collection=name,
                             severity="critical", state="firing") == 1


def test_an_alertmanager_that_was_away_is_told_later(watched, driftwatch, alertmanager, receiver, ends, name):
    """Stopped when the alert fires; what it missed comes when it is back."""
    port = alertmanager.port
    alertmanager.stop()
    watched(1.1, times=5)
    tools.poll(lambda: driftwatch.metric("driftwatch_notification_queue_length", receiver="alertmanager"),
               "the notification to wait")
    again = ends(tools.Alertmanager(alertmanager.directory, receiver.url, port=port))
    tools.poll(lambda: again.alerts(alertname=CROSSED), "the alert in the restarted Alertmanager", 30)


def test_what_was_bad_before_a_restart_is_not_normal_after_it(watched, driftwatch, name):
    watched(1.1, times=4)
    crossed, = driftwatch.alerts()
    driftwatch.process.kill()
    driftwatch.start()
    assert queries_of(driftwatch, name)[f"q{MOVING}"]["home_band"] == "good"
    driftwatch.replay(name, times=4)
    again, = driftwatch.alerts()
    assert again["labels"] == crossed["labels"]
    assert float(again["annotations"]["previous_distance"]) == pytest.approx(0.9, rel=1e-6)


def test_homes_of_an_earlier_version_are_taken_over(watched, driftwatch, name):
    """They were in a file of their own, which goes once they are in the state."""
    snapshot = driftwatch.state / "snapshot.json"
    driftwatch.stop()
    for part in driftwatch.state.glob("state.db*"):
        part.unlink()
    snapshot.write_text(json.dumps({"version": 1, "homes": {name: {f"q{MOVING}": {
        "band": "excellent", "distance": 0.7}}}}))
    for _ in range(2):
        driftwatch.start()
        assert queries_of(driftwatch, name)[f"q{MOVING}"]["home_band"] == "excellent"
        tools.poll(lambda: not snapshot.exists(), "the file to go")
        driftwatch.stop()


def test_a_damaged_snapshot_is_kept_and_starts_nothing_wrong(watched, driftwatch, name):
    snapshot = driftwatch.state / "snapshot.json"
    driftwatch.process.kill()
    snapshot.write_text('{"version": 1, "homes": {')
    driftwatch.start()
    assert driftwatch.replay(name, times=4)["verdict"] == "pass"
    assert "snapshot.json.damaged" in driftwatch.process.text()
    assert snapshot.with_suffix(".json.damaged").exists()
