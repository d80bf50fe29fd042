# SPDX-License-Identifier: Apache-2.0
"""What strangers wrote into a collection, at every door: people read what steers no terminal, opens no annotation, row
or element and turns no text round; machines read the ids exactly as they are."""
import json
import re
import subprocess
import xml.etree.ElementTree

import pytest

import tools

HARM = "a\x1b[31m\u202ez\u2066\u200f\x9b\u2028\n::error::|<script>]]>"
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
COUNT = 12


@pytest.fixture
def world(own_chroma, driftwatch, receiver, name):
    """A collection whose ids, documents and metadata mean harm, approved; then every second record is deleted."""
    queries, records = tools.axes([0.1 + 0.05 * i for i in range(COUNT)])
    ids = [f"{i}{HARM}" for i in range(COUNT)]
    own_chroma.create(name)
    own_chroma.upsert(name, ids, records, [{"kind": f"{HARM}{i % 3}"} for i in range(COUNT)],
                      [f"words {HARM} {i}" for i in range(COUNT)])
    driftwatch.server(own_chroma.url)
    driftwatch.watch(name, [{"id": f"q\u202e|<script>]]>::error::{i}", "text": f"{HARM}?", "expect": {"ids": [one]}}
                            for i, one in enumerate(ids)],
                     {f"q\u202e|<script>]]>::error::{i}": row for i, row in enumerate(queries)}, interval="1h")
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}]}
    driftwatch.write()
    driftwatch.ids, driftwatch.receiver, driftwatch.name = ids, receiver, name
    driftwatch.shown = {}
    for command in (["propose", "--pause=100ms"], ["diff", "--format=markdown"], ["diff"],
                    ["approve", "--by=Ada\x1b[1m", f"--reason=as {HARM} built"], ["show"], ["list"]):
        done = driftwatch.run("baseline", *command)
        assert done.returncode == 0, done.stderr
        driftwatch.shown[f"baseline {' '.join(command)}"] = done.stdout + done.stderr
    own_chroma.delete(name, ids[::2])
    return driftwatch


def texts(world):
    """Every door that a person reads, by its name."""
    yield from world.shown.items()
    for form in "text", "github", "markdown", "junit":
        done = world.run("check", f"--format={form}")
        assert done.returncode == 1, done.stderr
        yield f"check {form}", done.stdout + done.stderr
    for form in "markdown", "html":
        done = world.run("report", f"--format={form}")
        yield f"report {form}", done.stdout + done.stderr
    done = world.run("coverage", "--by=metadata.kind")
    yield "coverage", done.stdout + done.stderr
    done = world.run("validate", "--online")
    yield "validate", done.stdout + done.stderr
    for flag in "--collection", "--format", "--fail-on", "--output", "--min-pass", "--config.file", "--no-such-flag":
        done = world.run("check", f"{flag}={HARM}")
        assert done.returncode == 2 and "31m" in done.stderr
        yield f"a complaint of {flag}", done.stderr
    world.start()
    world.replay(world.name)
    address = world.url.removeprefix("http://")
    yield "status", subprocess.run([world.program, "status", f"--web.listen-address={address}"], text=True,
                                   capture_output=True, timeout=30, check=False).stdout
    yield "page", world.page()
    yield "page of the collection", world.get("/", params={"collection": world.name}).text
    tools.poll(lambda: world.receiver.alerts("firing"), "a notification")
    for alert in world.receiver.alerts("firing"):
        yield "a notification", "\n".join(alert["annotations"].values())
    yield "log", world.process.text()


def test_every_door(world):
    doors = dict(texts(world))
    assert {door: STEERS.findall(text) for door, text in doors.items() if STEERS.search(text)} == {}
    named = {door for door, text in doors.items() if "31m" in text}
    assert named >= {"baseline propose --pause=100ms", "baseline show", "check text", "check github", "check markdown",
                     "check junit", "report markdown", "report html", "coverage", "a notification"}, named
    # The runner obeys a line that begins so.
    for line in doors["check github"].splitlines():
        assert re.match(r"::(error|warning|notice) (file|title)=", line), line
    for form in "check markdown", "report markdown":
        assert "<script>" not in doors[form] and "\n::" not in doors[form]
    suite = xml.etree.ElementTree.fromstring(doors["check junit"])
    assert any("]]>" in case.get("name") for case in suite.iter("testcase"))
    for door in "page", "page of the collection", "report html":
        assert not re.search(r"<script>\]\]", doors[door]), door
    # Nor does it meet one in what a log may show: query texts on the page have lines, and are HTML.
    assert [door for door, text in doors.items()
            if "\n::" in text and not door.startswith(("check github", "page"))] == []

    # Machines read what is there.
    answers = [one for query in world.api("queries", collection=world.name)["queries"] for one in query["ids"]]
    assert set(answers) <= set(world.ids) and set(world.ids[1::2]) <= set(answers)
    assert any("\u202e" in dict(labels).get("query", "") for _, labels in world.metrics())
    approved = json.loads(world.run("baseline", "show", "--format=json").stdout)
    assert {one["id"] for query in approved["queries_recorded"] for one in query["answers"]} <= set(world.ids)
