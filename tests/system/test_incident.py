# SPDX-License-Identifier: Apache-2.0
"""One fault is one incident: who hears of it how often until it is over, how much an Alertmanager holds, and what the
log says. A fault takes half a minute to be over: unless more than one seed is asked for, one of each kind is made. With
-s it prints the table:

    DRIFTWATCH_SEEDS=5 python3 -m pytest -q -s tests/system/test_incident.py
"""
import shutil

import pytest

import test_causes
import tools
import worlds

pytestmark = pytest.mark.releases(*test_causes.LONG_RELEASES)

# Told in the order of the times that are the default: a replay, group_wait, group_interval.
INTERVAL, GROUP_WAIT, GROUP_INTERVAL = "200ms", "300ms", "1s"
SIZES = [15, 44, 750]
# A change of the records, of the index, of what embeds, of nothing, and no server.
KINDS = ["20 % of the records are deleted", "the index's directory is lost", "the embedder has another model",
         "10 % more records of the same topics", "the server is stopped"]
CASES = ([(what, queries) for what in test_causes.FAULTS for queries in SIZES] if len(test_causes.SEEDS) > 1
         else [*((what, SIZES[0]) for what in KINDS), ("all vectors are embedded anew, cosine 0.95", SIZES[-1])])
TOLD_MAX, BODY_MAX, ALERTS_MAX, LINES_MAX = 2, 32 << 10, 8, 3
# Faults in whose making the server, the collection or the embedder is away for a moment: a replay may meet that, and
# the log says so and that it is back.
RESTARTING, RESTART_LINES = (
    "the index's directory is lost", "`ef_search` 10 and a restart, random vectors", "recreated with another space",
    "the embedder has another model"), 2
# Words of lines that say that a collection, its index or an embedder is away. While it is put right it is: that is no
# part of the fault.
REPAIRING = "replay", "embedder demo", "Nothing found on disk", "the index could not be probed"
# Nobody is told of these.
HARMLESS = "NONE", "GROWTH"


@pytest.fixture(scope="module")
def embedder(source, tmp_path_factory):
    started = worlds.Embedder(source / "config/demo/embedder.py", tmp_path_factory.mktemp("embedder") / "log")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def approved(chroma_release, build, embedder, tmp_path_factory):
    """approved(kind, queries): a directory with a server's data and an approved baseline, made once."""
    made = {}

    def make(kind, queries):
        if (kind, queries) not in made:
            directory = made[kind, queries] = tmp_path_factory.mktemp("approved")
            chroma = tools.Chroma(chroma_release, directory / "chroma")
            try:
                scene = worlds.Scene(chroma, tools.Driftwatch(build, directory / "driftwatch"), kind(1, queries),
                                     embedder if kind is worlds.EmbeddedWorld else None)
                scene.fill()
                scene.approve()
                chroma.shut_down()
            finally:
                chroma.stop()
        return made[kind, queries]
    return make


class Watched:
    """A scene whose driftwatch runs and tells a receiver and an Alertmanager."""

    def __init__(self, scene, receiver, passed_on):
        self.scene, self.receiver, self.passed_on = scene, receiver, passed_on
        self.vectors = scene.world.vectors.copy()

    def start(self, alertmanager):
        program = self.scene.driftwatch
        program.config["alerting"] = {
            "group_wait": GROUP_WAIT, "group_interval": GROUP_INTERVAL,
            "alertmanagers": [{"url": alertmanager.url}],
            "receivers": [{"name": "team", "webhook_configs": [{"url": self.receiver.url}]}],
            "rules": {"RetrievalReplayFailing": {"for": "3s"}}}
        program.config["probes"] = {"interval": "1s"}
        program.config["ingest"] = {"grace": "3s"}
        program.write()
        program.start("--log.level=info")
        tools.poll(lambda: self.at()["baseline"]["number"] == 1 and self.at()["cause"]["cause"] == "NONE",
                   "the baseline to be compared with", 30)
        self.replays(6)
        self.lines_before = len(self.lines())

    def at(self):
        return self.scene.collection()

    def replays(self, count):
        """Waits for so many more, successful or not."""
        before = self.at()["replays"]
        tools.poll(lambda: self.at()["replays"] >= before + count, f"{count} replays", 60)

    def lines(self):
        return [line for line in self.scene.driftwatch.process.text().splitlines() if line]

    def notifications(self, status):
        return [one for one in list(self.receiver.requests) if one["body"]["status"] == status]

    def settle(self):
        """Until everything that follows from what was done is told: the longest wait is the failing replays'."""
        told = None
        while told != (told := len(self.receiver.requests)):
            self.replays(8)
            tools.never(lambda: False, "quiet", 4)

    def repair(self):
        """What was stopped or changed is as it was; else the collection is created again as it was."""
        scene = self.scene
        if not scene.chroma.process.running():
            scene.chroma.start()
        elif scene.embedder:
            scene.embedder.stop()
            scene.embedder.start(1)
        elif isinstance(scene.world, worlds.HardWorld):
            worlds.search_deeply(scene)
        else:
            scene.world.vectors = self.vectors
            scene.chroma.drop(scene.name)
            scene.fill()

    def alerts_seen(self):
        """Identities of all alerts that the Alertmanager was ever told of."""
        return {alert["fingerprint"] for alert in self.passed_on.alerts("firing")}


@pytest.fixture
def watched(approved, chroma_release, embedder, driftwatch, tmp_path, alertmanager, receiver, ends):
    """watched(kind, queries): its own copy, running, nothing wrong."""
    def make(kind, queries):
        shutil.copytree(approved(kind, queries), tmp_path, dirs_exist_ok=True)
        chroma = ends(tools.Chroma(chroma_release, tmp_path / "chroma"))
        keys = {"embed_interval": "0s"} if kind is worlds.EmbeddedWorld else {}
        scene = worlds.Scene(chroma, driftwatch, kind(1, queries), embedder if keys else None, interval=INTERVAL,
                             survey_interval="100ms", **keys)
        at = Watched(scene, ends(tools.Receiver()), receiver)
        at.start(alertmanager)
        return at
    return make


@pytest.fixture(scope="module")
def table(chroma_release):
    rows = []
    yield rows
    print(f"\n\nOn Chroma {chroma_release.version}:\n")
    print("| fault | queries | told firing | told resolved | largest body | alerts at Alertmanager | log lines |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def go_through(watched, table, what, queries):
    fault, kind, (truth, *_) = test_causes.FAULTS[what]
    at = watched(kind, queries)
    fault(at.scene)
    if truth not in HARMLESS:
        tools.poll(lambda: at.notifications("firing"), "the notification", 30)
    at.settle()
    firing = at.notifications("firing")
    verdict = at.at()["verdict"]
    lines = at.lines()[at.lines_before:]
    if truth not in HARMLESS:
        at.repair()
        tools.poll(lambda: at.notifications("resolved"), "the end", 30)
        at.settle()
        lines += [line for line in at.lines()[at.lines_before + len(lines):]
                  if not any(words in line for words in REPAIRING)]
    resolved = at.notifications("resolved")
    largest = max([int(one["headers"]["Content-Length"]) for one in at.receiver.requests], default=0)
    alerts = at.alerts_seen()
    table.append((what, queries, len(firing), len(resolved), largest, len(alerts), len(lines)))

    report = "\n".join([*lines, *(f"{one['body']['status']}: " + ", ".join(
        f"{alert['status']} {alert['labels']['alertname']} {alert['labels'].get('query', '')}"
        for alert in one["body"]["alerts"]) for one in at.receiver.requests)])
    if truth in HARMLESS:
        assert (firing, resolved, alerts) == ([], [], set()) and len(lines) <= LINES_MAX, report
        assert verdict == "pass", report
        return
    assert 1 <= len(firing) <= TOLD_MAX and len(resolved) == 1, report
    assert len(at.notifications("firing")) == len(firing), f"the repair was told as a fault:\n{report}"
    assert largest <= BODY_MAX and len(alerts) <= ALERTS_MAX, report
    assert len(lines) <= LINES_MAX + RESTART_LINES * (what in RESTARTING), report
    for one in at.receiver.requests:
        assert one["body"]["groupLabels"] == {"collection": at.scene.name, "incident": at.scene.name}
    told = " ".join(alert["annotations"].get("cause", "") for alert in at.receiver.alerts("firing"))
    assert any(label in told for label in test_causes.FAULTS[what][2]), f"{told}\n{report}"
    opened, *_, closed = lines
    assert "incident of collection world opened" in "".join(lines) and "incident of collection world closed" in closed


@pytest.mark.parametrize("what, queries", CASES)
def test_one_fault_is_one_incident(watched, table, what, queries):
    go_through(watched, table, what, queries)


def test_a_nightly_rebuild_wakes_nobody(watched):
    at = watched(worlds.World, 15)
    for _ in range(10):
        at.scene.chroma.drop(at.scene.name)
        at.scene.fill()
        at.replays(12)
    at.settle()
    assert at.receiver.requests == [], [one["body"] for one in at.receiver.requests]
    assert at.at()["verdict"] == "pass" and at.at()["replaced"] >= 10
    assert {one["labels"]["severity"] for one in at.passed_on.alerts()} <= {"info"}
    assert at.scene.driftwatch.alerts() == []


def test_incidents_are_open_and_then_resolved(watched):
    at = watched(worlds.World, 15)
    assert at.scene.driftwatch.api("incidents")["incidents"] == []
    worlds.delete_some(at.scene)
    tools.poll(lambda: at.notifications("firing"), "the notification", 30)
    at.replays(6)
    incident, = at.scene.driftwatch.api("incidents")["incidents"]
    assert (incident["collection"], incident["state"], incident["resolved_at"]) == ("world", "open", None)
    assert "REMOVED" in incident["causes"] and incident["worst"]
    firing = {alert["fingerprint"] for alert in at.scene.driftwatch.alerts()}
    assert set(incident["alerts"]) == firing != set()
    assert at.scene.driftwatch.metric(
        "driftwatch_incidents", collection="world", severity=incident["severity"], state="open") == 1
    at.repair()
    tools.poll(lambda: at.notifications("resolved"), "the end", 30)
    past, *_ = tools.poll(lambda: [one for one in at.scene.driftwatch.api("incidents")["incidents"]
                                   if one["state"] == "resolved" and one["since"] == incident["since"]], "the record")
    assert past["resolved_at"] > past["since"]
    # The repair is an ingest, which may have been seen half-way: it is remembered as what was repaired.
    assert past["causes"] == incident["causes"]
    assert firing <= set(past["alerts"])


def test_a_reload_does_not_tell_again(watched):
    at = watched(worlds.World, 15)
    worlds.delete_some(at.scene)
    tools.poll(lambda: at.notifications("firing"), "the notification", 30)
    at.settle()
    before = len(at.receiver.requests)
    assert at.scene.driftwatch.reload().ok
    at.replays(8)
    tools.never(lambda: len(at.receiver.requests) > before, "told again", 3)
    at.repair()
    tools.poll(lambda: at.notifications("resolved"), "the end", 30)
