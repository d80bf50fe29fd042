# SPDX-License-Identifier: Apache-2.0
"""Two real Alertmanagers that know nothing of each other: both hold what the daemon holds, whatever one of them missed
or refuses, and what has ended stays ended."""
import pytest
import requests

import crowd
import proxy
import tools
from conftest import need

# Of so many queries these fail: more than a tenth would be one alert.
QUERIES, COUNT, SPOILT = 60, 6, "query-3"
MISSING = "RetrievalExpectedResultMissing"


class Side:
    """An Alertmanager, and who hears what it passes on."""

    def __init__(self, directory, ends):
        self.directory, self.ends = directory, ends
        self.behind = ends(tools.Receiver())
        self.alertmanager = ends(tools.Alertmanager(directory, self.behind.url))

    def restart(self):
        """Under the same address; it knows what it told, and of alerts nothing."""
        self.alertmanager = self.ends(tools.Alertmanager(
            self.directory, self.behind.url, port=self.alertmanager.port))

    def holds(self):
        return {one["fingerprint"] for one in self.alertmanager.alerts()}

    def passed_on(self):
        """Notifications that it knows to have arrived: after a restart it tells the end of these."""
        text = requests.get(f"{self.alertmanager.url}/metrics", timeout=10).text
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if line.startswith('alertmanager_notification_latency_seconds_count{integration="webhook"'))

    def told(self, status, name):
        return {one["fingerprint"] for one in self.behind.alerts(status, collection=name)}


@pytest.fixture
def sides(tmp_path, ends):
    need("prometheus-alertmanager")
    return [Side(tmp_path / name, ends) for name in ("first", "second")]


class Fault:
    """A collection of which some records can be gone: one alert a query."""

    def __init__(self, quick, name):
        self.quick, self.name = quick, name
        self.end()

    def begin(self):
        self.quick.hold(crowd.RECORD, name=self.name)

    def end(self):
        self.quick.hold(crowd.RECORD, crowd.GONE, name=self.name)


@pytest.fixture
def faults(driftwatch, tmp_path, ends):
    quick = ends(crowd.Crowd(tmp_path))
    driftwatch.server(quick.url)
    driftwatch.config["probes"] = {"interval": "0s"}
    crowd.watch(driftwatch, 2, queries=QUERIES, missing=COUNT, interval="300ms")
    return [Fault(quick, f"c-{i}") for i in range(2)]


def start(driftwatch, urls):
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "resend_delay": "2s", "query_alerts_max": COUNT,
        "alertmanagers": [{"url": url} for url in urls],
        "rules": {MISSING: {"for": "0s"}, "RetrievalBandCrossed": {"enabled": False}}}
    driftwatch.start("--web.external-url=http://drift.example.org:9820/")
    driftwatch.replay()


def firing(driftwatch, *faults):
    """Fingerprints of what the daemon says that fires, once that is all of these."""
    found = {one["fingerprint"]: one["labels"] for one in driftwatch.alerts()}
    of_each = [[one for one in found.values() if one["collection"] == fault.name] for fault in faults]
    return set(found) if all(len(alerts) == COUNT for alerts in of_each) else None


def agree(driftwatch, *sides):
    """Whether all hold the same, and what."""
    wanted = firing(driftwatch)
    return all(side.holds() == wanted for side in sides) and (wanted or {"nothing"})


def test_each_gets_every_alert_and_its_end(driftwatch, faults, sides):
    start(driftwatch, [side.alertmanager.url for side in sides])
    for fault in faults:
        fault.begin()
    fired = tools.poll(lambda: firing(driftwatch, *faults), "alerts of both collections", 30)
    assert len(fired) == 2 * COUNT
    tools.poll(lambda: agree(driftwatch, *sides) == fired, "both to hold them", 30)
    for fault in faults:
        fault.end()
    tools.poll(lambda: agree(driftwatch, *sides) == {"nothing"}, "both to hold nothing", 30)
    for side in sides:
        for fault in faults:
            tools.poll(lambda side=side, fault=fault:
                       side.told("firing", fault.name) == side.told("resolved", fault.name) != set(),
                       "all to be told and ended", 30)


def test_what_was_stopped_catches_up_and_nothing_fires_again(driftwatch, faults, sides):
    """One alert ends while the second is away, another one begins; the daemon dies, too."""
    early, late = faults
    first, second = sides
    start(driftwatch, [side.alertmanager.url for side in sides])
    early.begin()
    ended = tools.poll(lambda: firing(driftwatch, early), "the first alerts", 30)
    tools.poll(lambda: agree(driftwatch, *sides) == ended, "both to hold them", 30)
    tools.poll(lambda: second.told("firing", early.name) == ended and second.passed_on() >= COUNT,
               "the second to pass them on, and to know it", 30)
    second.alertmanager.stop()
    late.begin()
    early.end()
    tools.poll(lambda: first.told("resolved", early.name) == ended and firing(driftwatch, late),
               "the end of the first, and the next", 30)
    begun = tools.poll(lambda: agree(driftwatch, first), "the first Alertmanager to hold the next alone", 30)
    assert not begun & ended
    second.restart()
    tools.poll(lambda: agree(driftwatch, *sides) == begun, "the second to hold the same", 60)
    tools.poll(lambda: second.told("resolved", early.name) == ended, "the second to pass on what ended meanwhile", 60)
    heard = [len(side.behind.alerts("firing", collection=early.name)) for side in sides]
    driftwatch.process.kill()
    driftwatch.start()
    driftwatch.replay()
    # Two sendings and more, of what has ended, too.
    tools.never(lambda: [side.holds() & ended for side in sides] != [set(), set()], "what has ended", 5)
    assert heard == [len(side.behind.alerts("firing", collection=early.name)) for side in sides]
    assert agree(driftwatch, *sides) == begun


def label_name(alert):
    """Alertmanager 0.25 answers 400 and takes the others."""
    return {**alert, "labels": {**alert["labels"], "bad-name": "x"}}


def no_labels(alert):
    return {**alert, "labels": {"query": ""}}


def backwards(alert):
    return {**alert, "startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"}


def no_uri(alert):
    """Alertmanager 0.25 answers 422 and takes none."""
    return {**alert, "generatorURL": "not a url"}


class Spoiling(proxy.Proxy):
    """Passes alerts on to an Alertmanager, one of them spoilt; `statuses` are those of its answers."""

    def __init__(self, side, spoil):
        super().__init__(side.alertmanager.url)
        self.statuses = set()

        def rule(_, path, body):
            passed = requests.post(self.target + path, timeout=30, json=[
                spoil(one) if one["labels"].get("query") == SPOILT else one for one in body])
            self.statuses.add(passed.status_code)
            return passed.status_code, {"Content-Type": "application/json"}, passed.content
        self.rules.append(rule)


@pytest.mark.parametrize("spoil, status", [(label_name, 400), (no_labels, 400), (backwards, 400), (no_uri, 422)])
def test_one_bad_alert_costs_no_other(driftwatch, faults, sides, ends, spoil, status):
    first, second = sides
    spoiling = ends(Spoiling(second, spoil))
    start(driftwatch, [first.alertmanager.url, spoiling.url])
    faults[0].begin()
    tools.poll(lambda: firing(driftwatch, faults[0]), "the alerts", 30)
    wanted = tools.poll(lambda: agree(driftwatch, first), "the first to hold all of them", 30)
    bad, = (one["fingerprint"] for one in driftwatch.alerts() if one["labels"]["query"] == SPOILT)
    tools.poll(lambda: second.holds() == wanted - {bad}, "the second to hold all others", 30)
    tools.poll(lambda: spoiling.statuses == {200, status}, "the others to be sent without it")
    peer = spoiling.url.split("/")[2]
    tools.poll(lambda: driftwatch.metric("driftwatch_notifications_failed_total", receiver="alertmanager",
                                         channel="alertmanager", peer=peer, reason="client_error"), "it to be counted")
    faults[0].end()
    tools.poll(lambda: agree(driftwatch, *sides) == {"nothing"}, "both to hold nothing", 30)
    tools.poll(lambda: second.told("resolved", faults[0].name) == wanted - {bad}, "the others to be ended", 30)
