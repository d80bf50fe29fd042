# SPDX-License-Identifier: Apache-2.0
"""What survives: the daemon is killed at any moment of incidents, and people are told of each once and of its end;
whatever they did and were answered holds. Of the rounds, DRIFTWATCH_KILLS are made; more find rarer moments:

    DRIFTWATCH_KILLS=200 python3 -m pytest -q tests/system/test_state.py
"""
import collections
import concurrent.futures
import http.server
import itertools
import json
import os
import random
import sqlite3
import subprocess

import pytest
import requests

import tools

ROUNDS = int(os.environ.get("DRIFTWATCH_KILLS", "20"))


class Unreliable(tools.Served):
    """A receiver that takes what is posted, and often says that it did not, or says nothing."""

    def __init__(self, seed):
        receiver, self.random = self, random.Random(seed)
        self.received = []  # (key, body), taken by people whatever was answered

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                mood = receiver.random.random()
                if mood < 0.1:
                    self.close_connection = True
                    return
                receiver.received.append((self.headers["Idempotency-Key"], body))
                if mood < 0.2:
                    self.close_connection = True
                    return
                self.send_response(503 if mood < 0.33 else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.serve(Handler)
        self.url += "/hook"

    def told(self, status):
        """Keys of what was told, in the order in which it came first."""
        return list(dict.fromkeys(key for key, body in list(self.received) if json.loads(body)["status"] == status))


@pytest.fixture
def watched(chroma, driftwatch, name, ends):
    queries, records = tools.axes([0.5])
    chroma.create(name)
    chroma.upsert(name, ["r0"], records)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": "q", "text": "?", "expect": {"ids": ["r0"]}}], {"q": queries[0]},
                     interval="100ms")
    return records


def killed(driftwatch, chance, meanwhile=lambda: None):
    """Now, or a little later: while it replays, decides, writes or sends, or somebody acts."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        acting = pool.submit(meanwhile)
        tools.never(lambda: False, "patience", chance.random() * 0.5)
        driftwatch.process.kill()
        acting.result()
    driftwatch.start()


class People:
    """What they did and were answered with status 200, which is what must hold in the next life."""

    def __init__(self, driftwatch, name):
        self.driftwatch, self.name = driftwatch, name
        self.silences, self.expired = {}, set()  # by id, as they were shown last or asked for; ids
        self.acts = collections.Counter()

    def ask(self, method, path, body=None):
        """The data of the answer; None when the daemon died over it."""
        try:
            answer = requests.request(method, self.driftwatch.url + path, json=body, timeout=30)
        except requests.RequestException:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def act(self):
        """Until nobody answers any more. Few of the silences stay active, because a thousand are the most."""
        for number in itertools.count():
            body = {"matchers": [f"collection=elsewhere{number}"], "createdBy": "anna", "duration": "5h",
                    "comment": f"number {number}"}
            made = self.ask("POST", "/api/v1/silences", body)
            if not made:
                return
            self.silences[made["silenceID"]] = body
            self.acts["silences"] += 1
            if len(self.silences) > 20 and not self.expire(next(iter(self.silences))):
                return

    def expire(self, number):
        del self.silences[number]
        if not self.ask("DELETE", f"/api/v1/silences?id={number}"):
            return False
        self.expired.add(number)
        self.acts["expired"] += 1
        return True

    def take(self):
        """The incident that is open, and its alerts; what is shown then."""
        by = f"ben {self.acts['incidents']}"
        assert self.ask("POST", f"/api/v1/incidents/{self.name}/ack", {"by": by, "comment": "on it"})
        self.acts["incidents"] += 1
        for alert in self.driftwatch.alerts():
            assert self.ask("POST", f"/api/v1/alerts/{alert['fingerprint']}/ack", {"by": by})
            self.acts["alerts"] += 1
        shown = self.shown()
        assert shown["acknowledged"]["by"] == by and all(one["acknowledged"]["by"] == by for one in shown["alerts"])
        return shown

    def shown(self):
        """Who has the incident, and its alerts with their start times, as they are shown."""
        found, = [one for one in self.driftwatch.api("incidents")["incidents"] if one["state"] == "open"]
        return {"acknowledged": found["escalation"]["acknowledged"], "told": found["escalation"]["told"],
                "alerts": [{key: one[key] for key in ("fingerprint", "activeAt", "firedAt", "acknowledged")}
                           for one in self.driftwatch.alerts()]}

    def look(self):
        """Every silence is there as it was asked for; a request that was not answered may have made one, too."""
        shown = {one["id"]: one for one in self.driftwatch.api("silences")["silences"]}
        for number, body in self.silences.items():
            one = shown[number]
            assert (one["status"], one["createdBy"], one["comment"]) == ({"state": "active"}, "anna", body["comment"])
            assert one["text"] == '{collection="%s"}' % body["matchers"][0].removeprefix("collection=")
        assert all(shown[number]["status"] == {"state": "expired"} for number in self.expired & shown.keys())


def test_every_incident_and_its_end_is_told_whenever_the_daemon_is_killed(watched, driftwatch, chroma, name, ends):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance, receiver, people = random.Random(seed), ends(Unreliable(seed)), People(driftwatch, name)
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}]}
    driftwatch.start()
    driftwatch.replay(name)
    for number in range(ROUNDS):
        chroma.delete(name, ["r0"])
        killed(driftwatch, chance, people.act)
        people.look()
        tools.poll(lambda: len(receiver.told("firing")) > number, f"round {number}: the incident to be told", 60)
        taken = people.take()
        killed(driftwatch, chance, people.act)
        people.look()
        assert people.shown() == taken
        chroma.upsert(name, ["r0"], watched)
        killed(driftwatch, chance, people.act)
        people.look()
        tools.poll(lambda: len(receiver.told("resolved")) > number, f"round {number}: its end to be told", 60)
    assert len(receiver.told("firing")) == len(receiver.told("resolved")) == ROUNDS
    bodies = collections.defaultdict(set)
    for key, body in receiver.received:
        bodies[key].add(body)
    assert all(len(same) == 1 for same in bodies.values()), "one key, one message"
    keys = collections.Counter(body for same in bodies.values() for body in same)
    assert max(keys.values()) == 1, "one message, one key"
    print(f"{ROUNDS} rounds, {3 * ROUNDS} kills; messages {len(bodies)}, of them received again "
          f"{len(receiver.received) - len(bodies)} times; acts that held: {dict(people.acts)}")


def test_what_was_not_delivered_is_delivered_after_a_kill(watched, driftwatch, chroma, name, receiver):
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}]}
    driftwatch.start()
    driftwatch.replay(name)
    receiver.status = 503
    chroma.delete(name, ["r0"])
    tools.poll(lambda: receiver.requests, "the first attempt")
    driftwatch.process.kill()
    before = len(receiver.requests)
    receiver.status = 200
    driftwatch.start()
    tools.poll(lambda: len(receiver.requests) > before, "the attempt of the next life")
    assert len({one["headers"]["Idempotency-Key"] for one in receiver.requests}) == 1
    tools.poll(lambda: driftwatch.metric("driftwatch_notification_queue_length", receiver="team") == 0, "delivery")


def test_what_ended_while_the_daemon_was_down_is_told(watched, driftwatch, chroma, name, receiver):
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}]}
    driftwatch.start()
    driftwatch.replay(name)
    chroma.delete(name, ["r0"])
    tools.poll(lambda: receiver.alerts("firing"), "the incident to be told")
    driftwatch.stop()
    chroma.upsert(name, ["r0"], watched)
    driftwatch.start()
    tools.poll(lambda: receiver.alerts("resolved"), "its end to be told", 30)
    first, last = receiver.alerts("firing")[0], receiver.alerts("resolved")[0]
    assert first["startsAt"] == last["startsAt"] and first["fingerprint"] == last["fingerprint"]


def test_a_collection_that_is_watched_no_more_leaves_no_incident_open(watched, driftwatch, chroma, name, receiver):
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}]}
    driftwatch.start()
    driftwatch.replay(name)
    chroma.delete(name, ["r0"])
    tools.poll(lambda: receiver.alerts("firing"), "the incident to be told")
    driftwatch.process.kill()
    driftwatch.config["collections"][0]["label"] = "another"
    driftwatch.write()
    driftwatch.start()
    tools.poll(lambda: receiver.alerts("resolved", collection=name), "its end to be told", 30)


def test_a_server_that_is_down_after_a_restart_ends_nothing(watched, driftwatch, own_chroma, name, receiver):
    driftwatch.config["servers"][0]["url"] = own_chroma.url
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}]}
    own_chroma.create(name)
    own_chroma.upsert(name, ["r1"], watched)
    driftwatch.start()
    tools.poll(lambda: receiver.alerts("firing", alertname="RetrievalExpectedResultMissing"), "the incident")
    driftwatch.process.kill()
    own_chroma.freeze()
    driftwatch.config["replay"]["timeout"] = "300ms"
    driftwatch.write()
    driftwatch.start()
    tools.poll(lambda: driftwatch.metric("driftwatch_up", collection=name) == 0, "a replay to fail", 30)
    tools.never(lambda: receiver.alerts("resolved"), "the end of it", 2)
    own_chroma.thaw()


def test_a_damaged_state_is_set_aside_and_the_daemon_starts(watched, driftwatch, name):
    driftwatch.start()
    driftwatch.replay(name)
    driftwatch.stop()
    state = driftwatch.state / "state.db"
    state.write_bytes(b"not a database" * 1000)
    driftwatch.start()
    assert driftwatch.replay(name)["verdict"] == "pass"
    assert (driftwatch.state / "state.db.damaged").exists()
    assert "it is kept as" in driftwatch.process.text()
    assert driftwatch.metric("driftwatch_storage_failing") == 0


def test_the_state_is_checked_and_dumped_while_the_daemon_runs(watched, driftwatch, chroma, name, receiver):
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}]}

    def run(*words):
        return subprocess.run([driftwatch.program, "state", *words, f"--storage.path={driftwatch.state}"],
                              capture_output=True, text=True, timeout=60, check=False)
    assert run("check").returncode == 2
    receiver.status = 503
    driftwatch.start()
    driftwatch.replay(name)
    chroma.delete(name, ["r0"])
    tools.poll(lambda: receiver.requests, "the first attempt")
    checked = run("check")
    assert checked.returncode == 0 and "is in order" in checked.stdout, checked
    dumped = json.loads(run("dump").stdout)
    entry, = dumped["outbox"].values()
    assert entry["key"] == receiver.requests[0]["headers"]["Idempotency-Key"]
    assert json.loads(entry["body"]) == receiver.requests[0]["body"]
    # A slow program may have come to know of more.
    states = {one["labels"]["alertname"]: one["state"] for one in dumped["alert"].values()}
    assert states["RetrievalExpectedResultMissing"] == "firing"
    driftwatch.stop()
    damaged = sqlite3.connect(driftwatch.state / "state.db")
    damaged.execute("UPDATE items SET value = 'x' WHERE kind = 'alert'")
    damaged.commit()
    damaged.close()
    checked = run("check")
    assert checked.returncode == 1 and "the check sum is wrong" in checked.stderr
    (driftwatch.state / "state.db").write_bytes(b"no database" * 1000)
    assert run("check").returncode == 1
    assert run("look").returncode == 2


# What the start itself says, and what is asked at every start.
OF_THIS_LIFE = {"started", "time", "last_reload_success", "next_due", "unwatched"}


def everything(driftwatch, name):
    return {"collections": driftwatch.api("collections"), "queries": driftwatch.api("queries", collection=name),
            "history": driftwatch.api("history", collection=name, query="q"), "alerts": driftwatch.api("alerts"),
            "incidents": driftwatch.api("incidents"), "silences": driftwatch.api("silences"),
            "status": driftwatch.api("status")}


def differences(before, after, path=""):
    if isinstance(before, dict) and isinstance(after, dict):
        return [one for key in sorted(before.keys() | after.keys())
                if key not in OF_THIS_LIFE and not (key == "sentence" and path.endswith(".escalation"))  # "5s ago"
                for one in differences(before.get(key), after.get(key), f"{path}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [one for i, pair in enumerate(zip(before, after)) for one in differences(*pair, f"{path}[{i}]")]
    return [] if before == after else [f"{path}: {before!r} -> {after!r}"]


@pytest.mark.parametrize("killed_at_once", [False, True])
def test_a_restart_costs_nothing(watched, driftwatch, own_chroma, name, receiver, killed_at_once):
    driftwatch.config["servers"][0]["url"] = own_chroma.url
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}],
        "escalation": [{"severities": ["critical"], "ack_timeout": "1h", "repeat": 2, "steps": [
            {"after": "0s", "notify": ["team"]}, {"after": "1h", "notify": ["team"]}]}]}
    driftwatch.config["collections"][0]["interval"] = "1h"
    own_chroma.create(name)
    own_chroma.upsert(name, ["r0", "r1"], [watched[0], watched[0][::-1]])
    driftwatch.start()
    driftwatch.replay(name, times=6)
    own_chroma.delete(name, ["r0"])
    driftwatch.replay(name, times=2)
    tools.poll(lambda: receiver.alerts("firing"), "the incident to be told")
    people = People(driftwatch, name)
    people.take()
    for number in range(3):
        assert people.ask("POST", "/api/v1/silences", {
            "matchers": [f"collection=~elsewhere{number}"], "createdBy": "anna", "duration": "1h", "comment": "c"})
    tools.never(lambda: False, "quiet", 3)
    before = everything(driftwatch, name)
    assert before["incidents"]["incidents"] and before["alerts"]["alerts"] and len(before["silences"]["silences"]) == 3
    assert before["incidents"]["incidents"][0]["escalation"]["step"] == 1
    if killed_at_once:
        driftwatch.process.kill()
    else:
        driftwatch.stop()
    own_chroma.freeze()  # the first replay of the next life waits
    driftwatch.start()
    assert differences(before, everything(driftwatch, name)) == []
    own_chroma.thaw()


def over(driftwatch):
    incident, = driftwatch.api("incidents")["incidents"]
    assert incident["resolved_at"], incident
    return incident


def test_an_incident_that_is_over_is_still_shown(watched, driftwatch, chroma, name):
    driftwatch.config["collections"][0]["interval"] = "1h"
    driftwatch.start()
    driftwatch.replay(name)
    chroma.delete(name, ["r0"])
    driftwatch.replay(name)
    chroma.upsert(name, ["r0"], watched)
    driftwatch.replay(name)
    resolved = tools.poll(lambda: over(driftwatch), "the end of the incident")
    driftwatch.stop()
    driftwatch.start()
    assert driftwatch.api("incidents")["incidents"] == [resolved]


def test_three_of_four_stay_three_of_four(watched, driftwatch, chroma, name):
    """A band is left when four of the last five replays say so; the fourth comes after the restart."""
    driftwatch.config["collections"][0]["interval"] = "1h"
    driftwatch.start()
    driftwatch.replay(name, times=6)
    chroma.upsert(name, ["r0"], [tools.axis(0, 1, 1.1)])
    driftwatch.replay(name)
    while driftwatch.api("queries", collection=name)["queries"][0]["distance"] < 1:
        driftwatch.replay(name)
    driftwatch.replay(name, times=2)
    assert not driftwatch.alerts()
    samples = sum(run["samples"] for run in runs(driftwatch, name))
    driftwatch.stop()
    driftwatch.start()
    tools.poll(driftwatch.alerts, "the fourth to count")
    assert sum(run["samples"] for run in runs(driftwatch, name)) == samples + 1


def runs(driftwatch, name):
    return driftwatch.api("history", collection=name, query="q")["runs"]


def fnv(*parts):
    value = 14695981039346656037
    for part in parts:
        for byte in part:
            value = (value ^ byte) * 1099511628211 % (1 << 64)
    return value


def sum_of(kind, key, value):
    """A row's check sum as keep/state.c makes it, signed as SQLite has it."""
    number = fnv(kind.encode(), b"\xff", key.encode(), b"\xff", value)
    return number - (1 << 64) if number >> 63 else number


def test_garbled_rows_with_the_right_check_sum_stop_nothing(watched, driftwatch, chroma, name):
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": "http://127.0.0.1:9/"}]}]}
    driftwatch.start()
    driftwatch.replay(name, times=3)
    chroma.delete(name, ["r0"])
    driftwatch.replay(name, times=2)
    tools.poll(lambda: driftwatch.alerts() and driftwatch.api("incidents")["incidents"][0]["escalation"], "an incident")
    people = People(driftwatch, name)
    people.take()
    assert people.ask("POST", "/api/v1/silences", {
        "matchers": "collection=elsewhere", "createdBy": "anna", "duration": "1h", "comment": "c"})
    driftwatch.stop()
    state, chance, refused = driftwatch.state / "state.db", random.Random(7), 0
    rows = sqlite3.connect(state).execute("SELECT kind, key, value, sum FROM items").fetchall()
    assert {row[0] for row in rows} >= {"alert", "incident-told", "outbox", "homes", "query", "collection", "history",
                                        "incident", "ack", "silence", "escalation"}
    assert all(sum_of(kind, key, value) == number for kind, key, value, number in rows)
    for _ in range(12):
        database = sqlite3.connect(state)
        database.execute("DELETE FROM items")
        for kind, key, value, _ in rows:
            garbled = bytearray(value)
            for _ in range(chance.choice([0, 1, 1, 2, 5])):
                garbled[chance.randrange(len(garbled))] = chance.choice(b'{}[]",:0-9eEnul\xff')
            database.execute("INSERT INTO items VALUES(?, ?, ?, ?)",
                             (kind, key, bytes(garbled), sum_of(kind, key, bytes(garbled))))
        database.commit()
        database.close()
        driftwatch.start()
        driftwatch.replay(name)
        refused += "is not restored" in driftwatch.process.text()
        assert driftwatch.stop() == 0
    assert refused > 6
