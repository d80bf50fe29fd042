# SPDX-License-Identifier: Apache-2.0
"""Links in messages that acknowledge an incident: from the message to who confirms, and what they are not good for."""
import re
import stat

import pytest

import tools

EXTERNAL = "https://drift.example.org/watch/"
# The second step comes a second and a half after the first: nothing happens for longer where it must not.
STEP, LONGER = "1500ms", 2.5
# As a mail reader's browser behind a proxy sends it.
AWAY = {"Origin": "https://mail.example", "X-Forwarded-For": "192.0.2.7", "Host": "drift.example.org"}


class Linked:
    def __init__(self, chroma, program, name, team, lead):
        self.chroma, self.program, self.name, self.team, self.lead = chroma, program, name, team, lead
        queries, self.records = tools.axes([0.5, 0.5])
        chroma.create(name)
        chroma.upsert(name, ["r0", "r1"], self.records)
        program.server(chroma.url)
        program.watch(name, [{"id": f"q{i}", "text": "?", "expect": {"ids": [f"r{i}"]}} for i in range(2)],
                      {"q0": queries[0], "q1": queries[1]}, interval="1h")
        program.config["alerting"] = {
            **tools.AT_ONCE,
            "receivers": [{"name": "team", "webhook_configs": [{"url": team.url}]},
                          {"name": "lead", "ntfy_configs": [{"url": lead.base, "topic": "lead"}]}],
            "escalation": [{"severities": ["critical"], "steps": [
                {"after": "0s", "notify": ["team"]}, {"after": STEP, "notify": ["lead"]}]}]}
        self.start()
        assert program.replay()["verdict"] == "pass"

    def start(self, *flags, wait=True):
        self.program.start(f"--web.external-url={EXTERNAL}", *flags, wait=wait)

    def break_it(self):
        self.chroma.delete(self.name, ["r0"])
        self.program.replay()

    def repair(self):
        self.chroma.upsert(self.name, ["r0"], self.records[:1])
        self.program.replay()

    def links(self):
        """Of every message to the team that something is wrong, in order of arrival."""
        return [body["commonAnnotations"]["ack_url"] for body in self.team.bodies("/hook")
                if body["status"] == "firing"]

    def next_link(self, before):
        return tools.poll(lambda: self.links()[before:], "a message with a link")[0]

    def path(self, link):
        """Where the proxy that the address belongs to leads it."""
        assert re.fullmatch(re.escape(EXTERNAL) + r"ack/[A-Za-z0-9_-]+", link)
        return "/" + link.removeprefix(EXTERNAL)

    def look(self, link):
        return self.program.get(self.path(link), headers=AWAY)

    def confirm(self, link):
        return self.program.post(self.path(link), headers=AWAY)

    def taken_by(self):
        found, = [one for one in self.program.api("incidents")["incidents"] if one["state"] == "open"]
        return found["escalation"] and (found["escalation"]["acknowledged"] or {}).get("by")


@pytest.fixture
def linked(chroma, driftwatch, ends, name):
    return Linked(chroma, driftwatch, name, ends(tools.Receiver()), ends(tools.Receiver()))


def test_who_confirms_takes_it_and_who_only_looks_does_not(linked):
    linked.break_it()
    link = linked.next_link(0)
    for _ in range(5):
        page = linked.look(link)
        assert page.status_code == 200 and '<form method="post">' in page.text and linked.name in page.text
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert linked.taken_by() is None
    lead = tools.poll(lambda: linked.lead.bodies("/"), "the second step")[0]
    button, = lead["actions"]
    assert (button["action"], button["label"]) == ("view", "Acknowledge") and button["url"] != link
    assert button["url"] in lead["message"]

    done = linked.confirm(button["url"])
    assert done.status_code == 200 and "<h1>Acknowledged</h1>" in done.text and "<form" not in done.text
    assert linked.taken_by() == "link sent to lead"
    assert "acknowledged by link sent to lead" in linked.program.process.text()
    for link in link, button["url"]:
        for late in linked.look(link), linked.confirm(link):
            assert late.status_code == 410 and "acknowledged by link sent to lead" in late.text
    linked.repair()
    tools.poll(lambda: linked.team.bodies("/hook")[-1]["status"] == "resolved", "the end")
    assert "ack_url" not in str(linked.team.bodies("/hook")[-1])
    assert button["url"].rpartition("/")[2] not in linked.program.process.text(), "a link in the log"


def test_an_acknowledgement_that_is_given_back_needs_another_link(linked):
    linked.break_it()
    first = linked.next_link(0)
    told = len(linked.links())
    assert linked.confirm(first).status_code == 200
    assert linked.program.delete(f"/api/v1/incidents/{linked.name}/ack", json={"by": "anna"}).ok
    second = linked.next_link(told)
    assert linked.confirm(first).status_code == 410
    assert linked.taken_by() is None
    assert linked.confirm(second).status_code == 200
    told = len(linked.links())

    # A later incident is another one.
    linked.repair()
    tools.poll(lambda: linked.team.bodies("/hook")[-1]["status"] == "resolved", "the end")
    over = linked.look(second)
    assert over.status_code == 410 and "The incident is over" in over.text
    linked.break_it()
    third = linked.next_link(told)
    tools.poll(lambda: linked.look(third).status_code == 200, "the next incident to be open")
    assert linked.confirm(second).status_code == 410
    assert linked.taken_by() is None
    assert linked.confirm(third).status_code == 200


def test_what_was_changed_is_no_link(linked):
    linked.break_it()
    link = linked.next_link(0)
    for at in range(len(EXTERNAL) + len("ack/"), len(link), 7):
        changed = link[:at] + ("A" if link[at] != "A" else "B") + link[at + 1:]
        for answer in linked.look(changed), linked.confirm(changed):
            assert answer.status_code == 403 and "acknowledges nothing" in answer.text
    assert linked.program.post("/ack/", headers=AWAY).status_code == 404
    assert linked.program.post(f"/ack/{'A' * 5000}", headers=AWAY).status_code == 403
    assert linked.taken_by() is None


def test_links_survive_a_restart_and_expire(linked):
    key = linked.program.state / "ack-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and len(key.read_text()) == 45
    linked.break_it()
    link = linked.next_link(0)
    assert linked.program.stop() == 0
    linked.start()
    tools.poll(lambda: linked.look(link).status_code == 200, "the incident to be known again")

    linked.program.config["alerting"]["ack_links"] = {"expire": "1s"}
    linked.program.write()
    assert linked.program.reload().ok
    told = len(linked.links())
    assert linked.program.post(f"/api/v1/incidents/{linked.name}/ack", json={"by": "anna"}).ok
    assert linked.program.delete(f"/api/v1/incidents/{linked.name}/ack", json={"by": "anna"}).ok
    short = linked.next_link(told)
    tools.poll(lambda: "This link is too old" in linked.look(short).text, "the link to be too old")
    assert linked.confirm(short).status_code == 410

    linked.program.config["alerting"]["ack_links"] = {"expire": "0s"}
    linked.program.write()
    assert linked.program.reload().ok
    off = linked.confirm(short)
    assert off.status_code == 403 and "switched off" in off.text
    assert linked.taken_by() is None


def test_a_link_passes_a_locked_door(linked):
    linked.break_it()
    link = linked.next_link(0)
    assert linked.program.stop() == 0
    lock = linked.program.directory / "web.yaml"
    lock.write_text("bearer_tokens: [{name: desk, token_file: desk.token, scopes: [read]}]\n")
    (linked.program.directory / "desk.token").write_text("token-of-the-desk\n")
    linked.start(f"--web.config.file={lock}", wait=False)  # who waits has no token
    linked.program.url = f"http://127.0.0.1:{tools.poll(linked.program.listening_port, 'the daemon to listen')}"
    tools.poll(lambda: linked.look(link).status_code == 200, "the incident to be known again")
    assert linked.program.get("/", headers=AWAY).status_code == 401
    assert linked.program.post(f"/api/v1/incidents/{linked.name}/ack", json={"by": "anna"}).status_code == 401
    assert linked.look(link + "A").status_code == 403
    assert linked.confirm(link).status_code == 200
    assert "acknowledged by link sent to team" in linked.program.process.text()
