# SPDX-License-Identifier: Apache-2.0
"""docs/runbook.md is followed as it stands: each fault is made in real servers, what *Confirm* of its cause says is run
and prints the line to look for, *Fix* is run, and it is over. Each test leaves its row of the table of
docs/runbook.md in the build directory:

    python3 -m pytest -q tests/system/test_runbook.py && cat $DRIFTWATCH_BUILD/runbook/*
"""
import html
import http.server
import os
import re
import subprocess

import numpy
import pytest

import tools
import worlds
from test_agreement import running, settle, stop_embedder  # noqa: F401 pylint: disable=unused-import
from test_causes import LONG_RELEASES, approved, embedders, scene  # noqa: F401 pylint: disable=unused-import

pytestmark = pytest.mark.releases(*LONG_RELEASES)


def put(at, ids, vectors, documents=None):
    for start in range(0, len(ids), worlds.BATCH):
        part = slice(start, start + worlds.BATCH)
        at.chroma.upsert(at.name, ids[part], vectors[part], documents=documents and documents[part])


def write_documents(at):
    """Somebody's handbook, which is approved."""
    put(at, at.world.ids, at.world.vectors, [f"The handbook says {one}." for one in at.world.ids])
    at.approve()


def replace(at):
    """Another corpus under the same ids."""
    at.world.vectors = worlds.World(7).vectors
    put(at, at.world.ids, at.world.vectors, [f"A novel tells {one}." for one in at.world.ids])


def rekey(at):
    at.delete(range(len(at.world.ids)))
    put(at, [f"v2/{one}" for one in at.world.ids], at.world.vectors)


def mispair(at):
    put(at, at.world.ids, numpy.roll(at.world.vectors, 1, axis=0))


def stretch(at):
    put(at, at.world.ids, 3 * at.world.vectors)


def stop_half_way(at):
    at.delete(range(len(at.world.ids)))
    at.upsert(range(len(at.world.ids) // 2))


# What is done, to which world, the sections to follow one after the other, and what is done before the fault.
FAULTS = {
    "20 % of the records are deleted": (worlds.delete_some, worlds.World, ["REMOVED"]),
    "one topic is deleted": (worlds.delete_topic, worlds.World, ["REMOVED_TOPIC"]),
    "an ingest deletes all and stops half-way": (stop_half_way, worlds.World, ["UNFINISHED"]),
    "20 % are edited in place": (worlds.edit_some, worlds.World, ["EDIT"]),
    "other documents under the same ids": (replace, worlds.World, ["REPLACED"], write_documents),
    "vectors one record off": (mispair, worlds.World, ["MISPAIRED"]),
    "other ids": (rekey, worlds.World, ["REKEYED"]),
    "all vectors are embedded anew": (worlds.reembed, worlds.World, ["REEMBED"]),
    "vectors three times as long": (stretch, worlds.World, ["SCALE"]),
    "recreated with another space": (worlds.change_space, worlds.World, ["METRIC"]),
    "the index's directory is lost": (worlds.lose_index, worlds.World, ["INDEX_LOSS"]),
    "`ef_search` 10 and a restart": (worlds.search_shallowly, worlds.HardWorld, ["ANN_RECALL"]),
    "near-duplicates of 20 %, five each": (worlds.flood, worlds.World, ["FLOOD"]),
    "10 % more records": (worlds.grow, worlds.World, ["GROWTH"]),
    "the embedder has another model": (worlds.change_model, worlds.EmbeddedWorld, ["EMBEDDER"]),
    "the embedder is stopped": (stop_embedder, worlds.EmbeddedWorld, ["RetrievalEmbedderUnreachable"]),
    "the server is stopped": (worlds.stop, worlds.World, ["TRANSPORT"]),
    "deleted, and near-duplicates": ((worlds.delete_topic, worlds.flood), worlds.World, ["FLOOD", "REMOVED"]),
    "deleted, and the index's directory lost": (
        (worlds.delete_some, worlds.lose_index), worlds.World, ["INDEX_LOSS", "REMOVED"]),
}
# What passes, and is named all the same; and an alert's section, which is no cause.
NO_FAULT = {"REKEYED", "GROWTH"}
UNNAMED = {"RetrievalEmbedderUnreachable"}


class Runbook:
    """Its sections: what stands before the first, and each by its heading."""

    def __init__(self, path):
        self.first, *rest = re.split(r"^## (.+)\n", path.read_text(), flags=re.MULTILINE)
        self.sections = dict(zip(rest[::2], rest[1::2]))

    def part(self, heading):
        """Of what stands before the first section."""
        return re.split(rf"^### {heading}\n", self.first, flags=re.MULTILINE)[1].split("\n### ")[0]


def blocks(text):
    """[(commands, the lines that they have to print, are they a fix)]: what a text block says is printed by the
    commands before it."""
    found, fix = [], False
    for before, language, content in re.findall(r"(.*?)^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        fix = fix or "**Fix.**" in before
        if language == "sh":
            found.append((content, [], fix))
        elif language == "text":
            found[-1][1].extend(content.splitlines())
    return found


class Hands(tools.Served):
    """What the runbook leaves to its reader: POST /ingest?NAME, /restart_chroma, /restart_embedder."""

    def __init__(self, at):
        ids, vectors = list(at.world.ids), at.world.vectors.copy()

        def ingest(name):
            for start in range(0, len(ids), worlds.BATCH):
                part = slice(start, start + worlds.BATCH)
                at.chroma.upsert(name, ids[part], vectors[part])

        def restart_embedder(_name):
            at.embedder.stop()
            at.embedder.start(1)

        acts = {"/ingest": ingest, "/restart_chroma": lambda _: at.restart(), "/restart_embedder": restart_embedder}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                act, _, name = self.path.partition("?")
                acts[act](name)
                self.send_response(204)
                self.end_headers()

        self.serve(Handler)


WRAPPER = """#!/bin/sh
case $1 in
status | ack) exec {program} "$@" --web.listen-address={address} ;;
*) exec {program} "$@" --config.file={config} ;;
esac
"""
VALUES = """
collection={name}
daemon={daemon}
collections={collections}
embedder={embedder}
ingest() {{ curl -sS --fail-with-body -X POST "{hands}/ingest?$1"; }}
restart_chroma() {{ curl -sS --fail-with-body -X POST {hands}/restart_chroma; }}
restart_embedder() {{ curl -sS --fail-with-body -X POST {hands}/restart_embedder; }}
"""


class Reader:
    """Somebody at the keyboard, with the runbook's words and the values of this scene."""

    def __init__(self, at, runbook, hands, directory):
        driftwatch = at.driftwatch
        self.directory = directory / "reader"
        self.directory.mkdir()
        wrapper = self.directory / "driftwatch"
        wrapper.write_text(WRAPPER.format(program=driftwatch.program, config=driftwatch.config_file,
                                          address=driftwatch.url.removeprefix("http://")))
        wrapper.chmod(0o755)
        (words, _, _), = blocks(runbook.part("At the keyboard"))
        self.words = words + VALUES.format(
            name=at.name, daemon=driftwatch.url, collections=at.chroma.base, hands=hands.url,
            embedder=at.embedder.url if at.embedder else "")
        self.environment = {**os.environ, "PATH": f"{self.directory}:{os.environ['PATH']}",
                            "STATE_DIRECTORY": str(driftwatch.state)}
        self.environment.pop("GITHUB_ACTIONS", None)

    def run(self, commands):
        done = subprocess.run(["sh", "-c", self.words + commands], cwd=self.directory, env=self.environment, text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, (commands, done)
        return done.stdout, done.stderr

    def follow(self, commands, printed):
        said, complaints = self.run(commands)
        assert set(printed) <= set(said.splitlines()), (commands, said, complaints)
        # What is expected not to answer may say so, and the world's query set is weak.
        wrong = [one for one in complaints.splitlines() if not one.startswith("driftwatch: warning: ")]
        assert not wrong or "||" in commands, (commands, complaints)


@pytest.fixture(scope="module")
def runbook(source):
    return Runbook(source / "docs/runbook.md")


@pytest.fixture
def row(build, request):
    """row(cells) leaves a line of the table, in the order of FAULTS."""
    def write(*cells):
        number = list(FAULTS).index(request.node.callspec.params["what"])
        directory = build / "runbook"
        directory.mkdir(exist_ok=True)
        (directory / f"{number:02d}").write_text(f"| {' | '.join(cells)} |\n")
    return write


def first_sentence(at):
    """Of what is wrong, as the page has it, as far as its first stop."""
    found = [one["sentence"] for one in at.collection()["findings"] if one["state"] == "open"]
    if not found:
        return None
    assert found[0] in html.unescape(at.driftwatch.page())
    return re.sub(r"127\.0\.0\.1:\d+", "…", re.split(r"[;.] ", found[0])[0])


def notice(at, causes):
    """Waits until the fault is noticed; the number of replays that it took."""
    before = at.collection()["replays"]

    def noticed():
        collection = at.collection()
        found = (set(collection["causes"]) & set(causes) if set(causes) <= NO_FAULT
                 else collection["verdict"] != "pass")
        return found and max(collection["replays"] - before, 1)
    return tools.poll(noticed, "the fault to be noticed", 30)


@pytest.mark.parametrize("what", FAULTS)
def test_fault(running, runbook, row, ends, tmp_path, what):  # noqa: F811
    made, kind, causes, *before = FAULTS[what]
    at = running(kind)
    for prepare in before:
        prepare(at)
        tools.poll(lambda: at.collection()["baseline"]["number"] == 2 and at.collection()["verdict"] == "pass",
                   "the new baseline")
    reader = Reader(at, runbook, ends(Hands(at)), tmp_path)
    for fault in made if isinstance(made, tuple) else (made,):
        fault(at)
    replays = notice(at, causes)
    named = set(causes) - UNNAMED
    tools.poll(lambda: named <= set(at.collection()["causes"]), f"{named} to be named", 30)
    # It waits while somebody writes; of growth nothing is told.
    sentence = "-" if causes == ["GROWTH"] else tools.poll(lambda: first_sentence(at), "a finding", 30)
    confirmed, mended = [], []
    for cause in causes:
        for commands, printed, fix in blocks(runbook.sections[cause]):
            # What the first fix has mended cannot be confirmed any more.
            if fix or cause == causes[0]:
                reader.follow(commands, printed)
                confirmed += printed
            if fix:
                mended.append(re.split(r"[|\n] *", commands.strip())[-1])
    (commands, printed, _), = blocks(runbook.part("It is over"))
    # What a probe has found, the next one takes back.
    tools.poll(lambda: set(printed) <= set(reader.run(commands)[0].splitlines()), "the end of it", 30)
    sections = ", ".join(f"[{cause}](#{cause.lower()})" for cause in causes)
    row(what, str(replays), sentence, sections, "; ".join(confirmed),
        ", ".join(f"`{one}`" for one in dict.fromkeys(mended)) or "-", "yes")


def test_a_change_that_was_meant(running, runbook, ends, tmp_path):  # noqa: F811
    at = running(worlds.World)
    reader = Reader(at, runbook, ends(Hands(at)), tmp_path)
    worlds.edit_some(at)
    settle(at)
    (commands, printed, _), = blocks(runbook.part("It was meant"))
    reader.follow(commands, printed)
    (commands, printed, _), = blocks(runbook.part("It is over"))
    tools.poll(lambda: set(printed) <= set(reader.run(commands)[0].splitlines()), "the end of it", 30)


def test_the_daemon_serves_it(driftwatch, runbook):
    """A page for each section, and links that lead somewhere."""
    driftwatch.server("http://127.0.0.1:1")
    driftwatch.watch("unreached", [{"id": "q", "text": "?"}], {"q": [1, 0]})
    driftwatch.start("--web.external-url=http://drift.example.org")
    pages = {name: driftwatch.get(f"/runbook/{name.lower()}") for name in ("", *runbook.sections)}
    for name, page in pages.items():
        assert page.status_code == 200 and f"<h1>{name or 'Runbook'}</h1>" in page.text
        assert page.headers["Content-Encoding"] == "gzip"
        for target in re.findall(r'href="([^"]+)"', page.text):
            path, _, anchor = target.partition("#")
            if path not in ("../", "data:,"):
                there = driftwatch.get(f"/runbook/{path}")
                assert there.status_code == 200 and (not anchor or f'id="{anchor}"' in there.text), (name, target)
    found, = tools.poll(lambda: driftwatch.alerts("pending"), "the alert")
    assert found["annotations"]["runbook_url"] == "http://drift.example.org/runbook/retrievalreplayfailing"
    assert driftwatch.metric("driftwatch_runbook_info", url="http://drift.example.org/runbook/") == 1
    driftwatch.config["alerting"]["runbook_url"] = ""
    driftwatch.write()
    assert driftwatch.reload().ok
    assert "driftwatch_runbook_info{" not in driftwatch.get("/metrics").text
    driftwatch.replay()
    found, = driftwatch.alerts("pending")
    assert "runbook_url" not in found["annotations"]


# Sections of alerts whose commands need no fault.
CALM = ["RetrievalQueriesUnmeasured", "DriftwatchReloadFailed"]


def test_commands_of_alerts(running, runbook, ends, tmp_path):  # noqa: F811
    at = running(worlds.World)
    reader = Reader(at, runbook, ends(Hands(at)), tmp_path)
    for alert in CALM:
        for commands, printed, _ in blocks(runbook.sections[alert]):
            reader.follow(commands, printed)


def test_every_command_is_followed(runbook):
    followed = {cause for _, _, causes, *_ in FAULTS.values() for cause in causes} | set(CALM)
    assert {name for name, text in runbook.sections.items() if blocks(text)} == followed
    parts = re.findall(r"^### (.+)$", runbook.first, re.MULTILINE)
    assert [one for one in parts if blocks(runbook.part(one))] == ["At the keyboard", "It is over", "It was meant"]
    assert sum(len(blocks(text)) for text in runbook.sections.values()) >= 34
