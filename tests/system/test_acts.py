# SPDX-License-Identifier: Apache-2.0
"""What people do about incidents: an acknowledgement stops an escalation, a silence keeps it quiet, and every door says
the same of it."""
import json
import re
import subprocess
import urllib.parse

import pytest

import tools

# One step is told a second and a half after the other: nothing happens for as long where it must not.
STEP, LONGER = "1500ms", 2.5


class Desk:
    """A daemon that watches one collection and tells two receivers, one after the other."""

    def __init__(self, chroma, program, name, label, receivers, group_wait):
        self.chroma, self.program, self.name, self.label = chroma, program, name, label
        self.team, self.lead = receivers
        queries, self.records = tools.axes([0.5, 0.5])
        chroma.create(name)
        chroma.upsert(name, ["r0", "r1"], self.records)
        program.server(chroma.url)
        program.watch(name, [{"id": f"q{i}", "text": "?", "expect": {"ids": [f"r{i}"]}} for i in range(2)],
                      {"q0": queries[0], "q1": queries[1]}, interval="1h", label=label)
        program.config["alerting"] = {
            **tools.AT_ONCE, "group_wait": group_wait,
            "rules": {"DriftwatchNotificationFailing": {"for": "0s"}},
            "receivers": [{"name": one, "webhook_configs": [{"url": receiver.url}]}
                          for one, receiver in (("team", self.team), ("lead", self.lead))],
            "escalation": [{"severities": ["critical"], "steps": [
                {"after": "0s", "notify": ["team"]}, {"after": STEP, "notify": ["lead"]}]}]}
        program.start()
        assert program.replay(label)["verdict"] == "pass"

    def run(self, command, *words):
        done = self.act(command, *words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def act(self, command, *words):
        """These commands read no configuration."""
        address = self.program.url.removeprefix("http://")
        return subprocess.run([self.program.program, command, *words, f"--web.listen-address={address}"], text=True,
                              capture_output=True, timeout=30)

    def break_it(self):
        self.chroma.delete(self.name, ["r0"])
        self.program.replay(self.label)

    def repair(self):
        self.chroma.upsert(self.name, ["r0"], self.records[:1])
        self.program.replay(self.label)

    def incident(self):
        found, = [one for one in self.program.api("incidents")["incidents"] if one["state"] == "open"]
        return found

    def status(self):
        return self.program.status()


@pytest.fixture
def desk(chroma, driftwatch, ends, name):
    def make(label=None, group_wait="0s"):
        receivers = [ends(tools.Receiver()), ends(tools.Receiver())]
        return Desk(chroma, driftwatch, name, label or name, receivers, group_wait)
    return make


def told(receiver, status="firing"):
    return [one for one in list(receiver.requests) if one["body"]["status"] == status]


def test_who_takes_it_stops_the_escalation(desk):
    at = desk()
    at.break_it()
    tools.poll(lambda: told(at.team), "the first step")
    assert at.incident()["escalation"]["next"] == ["lead"]
    assert re.search(f"incident {at.label}: told: team; next: lead (in [12]s|now)", at.status())
    assert at.run("ack", at.label, "--by=anna", "--comment=looking into it") == ""
    tools.never(lambda: told(at.lead), "the second step", LONGER)

    escalation = at.incident()["escalation"]
    assert (escalation["acknowledged"]["by"], escalation["acknowledged"]["comment"]) == ("anna", "looking into it")
    words = r"acknowledged by anna \d+s ago: looking into it"
    assert re.fullmatch(words, escalation["sentence"])
    assert re.search(f"incident {at.label}: {words}\n", at.status())
    assert re.search(words, at.program.page())
    collection, = at.program.api("collections")["collections"]
    assert collection["incident"]["escalation"]["acknowledged"] == escalation["acknowledged"]
    assert f"incident of collection {at.label}: acknowledged by anna: looking into it" in at.program.process.text()

    before = len(told(at.team))
    assert at.run("unack", at.label, "--by=anna") == ""
    tools.poll(lambda: len(told(at.team)) > before, "the first step again")
    tools.poll(lambda: told(at.lead), "the second step")
    assert at.incident()["escalation"]["acknowledged"] is None
    at.repair()
    for one in at.team, at.lead:
        tools.poll(lambda one=one: told(one, "resolved"), "the resolution for all who were told")


def test_a_silence_set_beforehand_keeps_it_quiet(desk):
    at = desk()
    silence = at.run("silence", "add", f"collection={at.label}", 'severity=~"critical|warning"', "--for=1h", "--by=ben",
                     "--comment=re-ingest").strip()
    row, = [line for line in at.run("silence", "list").splitlines() if line.startswith(silence)]
    assert " active " in row and f'{{collection="{at.label}",severity=~"critical|warning"}} by ben: re-ingest' in row
    at.break_it()
    tools.poll(lambda: at.incident()["escalation"], "the incident at the desk")
    tools.never(lambda: told(at.team), "what is silenced", LONGER)
    assert at.incident()["escalation"]["sentence"].startswith("silenced by ben until ")
    assert "silenced by ben until" in at.status() and "silenced by ben until" in at.program.page()
    shown, = at.program.api("silences")["silences"]
    assert (shown["id"], shown["status"], shown["createdBy"]) == (silence, {"state": "active"}, "ben")
    assert {"name": "collection", "value": at.label, "isRegex": False, "isEqual": True} in shown["matchers"]

    assert at.run("silence", "expire", silence) == ""
    tools.poll(lambda: told(at.team), "the first step, late")
    assert at.program.api("silences")["silences"][0]["status"] == {"state": "expired"}
    at.repair()
    tools.poll(lambda: told(at.team, "resolved"), "the resolution")


def test_a_silence_ends_by_itself_and_what_it_kept_is_told(desk):
    at = desk()
    at.run("silence", "add", f"collection={at.label}", "--for=3s", "--by=ben", "--comment=short")
    at.break_it()
    tools.never(lambda: told(at.team), "what is silenced", 1)
    tools.poll(lambda: told(at.team), "the first step")


def test_an_alert_can_be_taken_alone(desk):
    at = desk()
    at.break_it()
    tools.poll(lambda: told(at.team), "the first step")
    fired = at.program.alerts()
    for alert in fired:
        assert alert["acknowledged"] is None
        at.run("ack", "--alert", alert["fingerprint"], "--by=anna", "--comment=known")
    tools.never(lambda: told(at.lead), "the second step", LONGER)
    assert at.incident()["escalation"]["quiet"] == "taken by anna"
    taken = at.program.alerts()[0]["acknowledged"]
    assert (taken["by"], taken["comment"], taken["until"]) == ("anna", "known", None)
    at.run("unack", "--alert", fired[0]["fingerprint"], "--by=anna")
    tools.poll(lambda: told(at.lead), "the second step")
    done = at.act("ack", "--alert", "0123456789abcdef", "--by=anna")
    assert done.returncode == 1 and "no alert 0123456789abcdef is pending or firing" in done.stderr


def test_it_can_be_taken_before_anybody_is_told(desk):
    """The page has it at once; people would be paged when group_wait is over."""
    at = desk(group_wait="3s")
    at.break_it()
    assert at.incident()["escalation"] is None
    assert at.run("ack", at.label, "--by=anna", "--comment=on it") == ""
    assert at.incident()["escalation"]["acknowledged"]["by"] == "anna"
    assert "acknowledged by anna" in at.status() and "acknowledged by anna" in at.program.page()
    tools.never(lambda: told(at.team), "what is taken", 3 + LONGER)
    assert at.run("unack", at.label, "--by=anna") == ""
    tools.poll(lambda: told(at.team), "the first step")


def test_what_people_did_is_seen_at_every_door(desk):
    """Also of the incident that is driftwatch's own."""
    at = desk()
    at.lead.status = 410
    at.run("silence", "add", "collection=elsewhere", "--for=1h", "--by=dora", "--comment=re-ingest")
    at.break_it()
    itself = "driftwatch itself"

    def incidents():
        return {one["id"]: one for one in at.program.api("incidents")["incidents"] if one["state"] == "open"}
    tools.poll(lambda: told(at.lead), "the one who does not take it to be told")
    tools.poll(lambda: at.program.replay(at.label) and incidents().keys() == {at.label, itself}, "both incidents", 60)
    alerts = {one["labels"]["incident"]: one for one in at.program.alerts()}
    assert alerts.keys() == {at.label, itself}
    at.run("ack", at.label, "--by=anna", "--comment=looking into it")
    at.run("ack", itself, "--by=ben")
    at.run("ack", "--alert", alerts[itself]["fingerprint"], "--by=carl")

    ours, own = incidents()[at.label], incidents()[itself]
    assert own.keys() == ours.keys() and own["escalation"].keys() == ours["escalation"].keys()
    assert (own["collection"], own["severity"], own["findings"], own["queries"]) == (None, "warning", 1, 0)
    assert own["summary"] == "1 destination cannot be relied on" and "status 410" in own["explanation"]
    assert own["alerts"] == [alerts[itself]["fingerprint"]] and own["since"] == alerts[itself]["firedAt"]
    assert ours["escalation"]["acknowledged"]["by"] == "anna" and own["escalation"]["acknowledged"]["by"] == "ben"
    taken = {one["labels"]["incident"]: one for one in at.program.alerts()}
    assert taken[itself].keys() == taken[at.label].keys()
    assert taken[itself]["acknowledged"]["by"] == "carl" and taken[at.label]["acknowledged"] is None
    page, status = at.program.page(), at.status()
    for door in page, status:
        assert re.search(r"acknowledged by anna \d+s ago: looking into it", door), door
        assert "1 destination cannot be relied on" in door and re.search(r"acknowledged by ben \d+s ago", door), door
        assert "collection=" in door and "re-ingest" in door and "dora" in door
    assert "taken by carl" in page and 'href="api/v1/silences"' in page and 'href="api/v1/incidents"' in page
    assert f"incident {itself}: 1 destination cannot be relied on; acknowledged by ben" in status


def test_any_label_can_be_named(desk):
    """Also one that a path has to encode."""
    at = desk("50 % of a/b & ack?")
    at.break_it()
    tools.poll(lambda: told(at.team), "the first step")
    at.run("ack", at.label, "--by=anna")
    assert at.incident()["escalation"]["acknowledged"]["by"] == "anna"
    path = f"/api/v1/incidents/{urllib.parse.quote(at.label, safe='')}/ack"
    assert at.program.post(path, json={"by": "eve"}).json() == {"status": "success", "data": {"incident": at.label}}
    assert at.incident()["escalation"]["acknowledged"]["by"] == "eve"


def test_what_is_not_there(desk):
    at = desk()
    for words, code, said in [
            (["ack", "nothing", "--by=anna"], 1, 'no open incident "nothing"'),
            (["unack", "nothing", "--by=anna"], 1, 'no open incident "nothing"'),
            (["silence", "expire", "0"], 1, "no silence 0"),
            (["ack", "nothing"], 2, "--by=NAME"),
            (["silence", "add", "a=b", "--by=x", "--comment=y"], 2, "--for"),
            (["silence", "add", "a=~(", "--for=1h", "--by=x", "--comment=y"], 2, "("),
            (["silence", "add", 'a=~".*"', "--for=1h", "--by=x", "--comment=y"], 2, "match everything")]:
        done = at.act(*words)
        assert (done.returncode, done.stdout) == (code, ""), done
        assert said in done.stderr and done.stderr.count("\n") == 1
    assert at.program.api("silences") == {"silences": []}


def test_alertmanagers_own_body_makes_a_silence(desk):
    at = desk()
    body = {"matchers": [{"name": "collection", "value": "x.*", "isRegex": True, "isEqual": False},
                         {"name": "severity", "value": "info", "isRegex": False, "isEqual": True}],
            "startsAt": "2036-01-01T00:00:00Z", "endsAt": "2036-01-01T01:00:00Z", "createdBy": "ben", "comment": "c"}
    refused = at.program.post("/api/v1/silences", json=body)
    assert refused.status_code == 400 and "more than a year ahead" in refused.json()["error"]
    del body["startsAt"]
    refused = at.program.post("/api/v1/silences", json=body)
    assert refused.status_code == 400 and "longer than" in refused.json()["error"]
    foreign = at.program.post("/api/v1/silences", json=body, headers={"Origin": "http://elsewhere.example"})
    assert foreign.status_code == 403
    body = {**body, "duration": "2h"}
    del body["endsAt"]
    made = at.program.post("/api/v1/silences", data=json.dumps(body))
    assert made.status_code == 200 and re.fullmatch(r"[0-9a-f-]{36}", made.json()["data"]["silenceID"])
    shown, = at.program.api("silences")["silences"]
    assert shown["matchers"] == body["matchers"] and shown["text"] == '{collection!~"x.*",severity="info"}'
