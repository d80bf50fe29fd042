# SPDX-License-Identifier: Apache-2.0
"""Every exercise of the course goes wrong in a running demonstration as docs/training/answers.md says: what the page
tells first, what the commands there print, and that the runbook's Confirm shows it and its Fix mends it. Then
drill.sh restores what is left of it. Each test leaves its row of the table of answers.md in the build directory:

    python3 -m pytest -q tests/system/test_drill.py && cat $DRIFTWATCH_BUILD/drill/*
"""
import os
import re
import subprocess

import pytest
import requests

import tools
from test_runbook import Runbook, blocks

EXERCISES = range(1, 19)
# Asked twenty times as often as in the demonstration, and as much less patient.
HASTE = {"interval: 5s": "interval: 250ms", "grace: 10s": "grace: 500ms", "interval: 15s": "interval: 750ms",
         "replay:\n": "replay:\n  survey_interval: 250ms\n  server_share: 1\n"}
# What an index loses is another thing each time, and so are the numbers of it.
CHANCE = {"INDEX_LOSS", "ANN_RECALL"}
# Nothing that is told; the verdict passes.
QUIET = {"GROWTH"}


class Demonstration:
    """run.sh with an embedder, and whoever sits before it."""

    def __init__(self, source, build, directory):
        text = (source / "config/demo/driftwatch.yaml").read_text()
        for before, after in HASTE.items():
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        (directory / "fast.yaml").write_text(text)
        ports = {f"{name}_PORT": str(tools.free_port()) for name in ("CHROMA", "DRIFTWATCH", "EMBEDDER")}
        self.source, self.url = source, f"http://127.0.0.1:{ports['DRIFTWATCH_PORT']}"
        self.environment = {**os.environ, **ports, "DRIFTWATCH": str(build / "driftwatch"), "TMPDIR": str(directory),
                            "DRIFTWATCH_CONFIG": str(directory / "fast.yaml")}
        self.environment.pop("GITHUB_ACTIONS", None)
        self.process = tools.Process(["sh", source / "config/demo/run.sh", "--embedder"], directory / "demo.log",
                                     env=self.environment)
        tools.poll(lambda: "Ctrl-C" in self.process.text(), "the demonstration to explain itself", 180)

    def collection(self):
        found = requests.get(f"{self.url}/api/v1/collections", timeout=5).json()["data"]["collections"]
        return found[0]

    def run(self, commands):
        done = subprocess.run(["sh", "-c", f'eval "$(sh config/demo/drill.sh words)"\n{commands}'], text=True,
                              cwd=self.source, env=self.environment, capture_output=True, timeout=60)
        assert done.returncode == 0, (commands, done)
        return done.stdout

    def drill(self, *arguments):
        done = subprocess.run(["sh", "config/demo/drill.sh", *arguments], text=True, cwd=self.source,
                              env=self.environment, capture_output=True, timeout=60)
        assert done.returncode == 0, done
        return done.stdout

    def green(self):
        found = self.collection()
        return (found["verdict"] == "pass" and found["causes"] in ([], ["NONE"])
                and not [one for one in found["findings"] if one["state"] == "open" and one["effect"] != "none"])

    def calm(self):
        """As it was, also after what failed."""
        if subprocess.run(["sh", "config/demo/drill.sh", "reveal"], cwd=self.source, env=self.environment, timeout=60,
                          capture_output=True).returncode == 0:
            self.drill("restore")

    def stop(self):
        assert self.process.stop(30) in (0, 143), self.process.text()[-2000:]


@pytest.fixture(scope="module")
def started(source, build, tmp_path_factory):
    made = Demonstration(source, build, tmp_path_factory.mktemp("demonstration"))
    yield made
    made.stop()


@pytest.fixture
def demonstration(started):
    yield started
    started.calm()


@pytest.fixture(scope="module")
def runbook(source):
    return Runbook(source / "docs/runbook.md")


def answers(source):
    """{number of the exercise: (causes, text)}"""
    found = {}
    for heading, text in Runbook(source / "docs/training/answers.md").sections.items():
        number, causes = re.fullmatch(r"Exercise (\d+): (.*)", heading).groups()
        found[int(number)] = causes.split(" and "), text
    return found


def masked(text, causes):
    return re.sub(r"\d+(\.\d+)?", "N", text) if CHANCE & set(causes) else text


def first_sentence(collection):
    """Of what is wrong, as the page has it, as far as its first stop."""
    found = [one["sentence"] for one in collection["findings"] if one["state"] == "open"]
    if not found:
        return "-"
    sentence = re.split(r"[;.]( |$)", found[0])[0]
    return re.sub(r"127\.0\.0\.1:\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "…", sentence)


@pytest.mark.parametrize("number", EXERCISES)
def test_exercise(demonstration, source, build, runbook, number):
    at = demonstration
    causes, text = answers(source)[number]
    tools.poll(at.green, "the demonstration to be green", 30)
    before = at.collection()["replays"]
    at.drill(str(number))

    def noticed():
        found = at.collection()
        wrong = "GROWTH" in found["causes"] if set(causes) <= QUIET else first_sentence(found) != "-"
        return wrong and max(found["replays"] - before, 1)
    replays = tools.poll(noticed, "the fault to be noticed", 30)
    tools.poll(lambda: set(at.collection()["causes"]) == set(causes), f"{causes} to be named", 30)
    promised, = re.findall(r"^> (.*)$", text, re.MULTILINE)
    tools.poll(lambda: masked(first_sentence(at.collection()), causes) == masked(promised, causes),
               f"the page to say first: {promised}", 30)

    own = blocks(text)
    fixes = [(commands, printed) for commands, printed, fix in own if fix]
    for commands, printed in [(commands, printed) for commands, printed, fix in own if not fix]:
        said = masked(at.run(commands), causes).splitlines()
        assert [one for one in printed if masked(one, causes) not in said] == [], said
    for cause in causes:
        for commands, printed, fix in blocks(runbook.sections[cause]):
            if fix:
                fixes.insert(len(fixes) - sum(fix for *_, fix in own), (commands, printed))
            elif cause == causes[0]:
                said = at.run(commands).splitlines()
                assert [one for one in printed if one not in said] == [], said
    mended = at.collection()["replays"]
    for commands, _ in fixes:
        at.run(commands)
    tools.poll(at.green, "the end of it", 40)
    green = at.collection()["replays"] - mended

    assert f"exercise {number}, " in at.drill("reveal")
    at.drill("restore")
    assert at.collection()["verdict"] == "pass"
    directory = build / "drill"
    directory.mkdir(exist_ok=True)
    (directory / f"{number:02d}").write_text(f"| {number} | {', '.join(f'`{one}`' for one in causes)} | "
                                             f"{replays} | {green} |\n")


def test_what_mends_is_not_needed(demonstration):
    """restore alone undoes what touches most: the collection, its server and the embedder."""
    at = demonstration
    for fault in "removed-and-index-loss", "outage", "embedder":
        at.drill(fault)
        tools.poll(lambda: at.collection()["verdict"] != "pass", "the fault to be noticed", 30)
        at.drill("restore")
        tools.poll(at.green, "the end of it", 30)


@pytest.fixture
def lone(source, tmp_path):
    """lone(argument, ...): drill.sh of a demonstration without an embedder, whose server is not there."""
    (tmp_path / "driftwatch-demo").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "driftwatch-demo/runs-1").write_text(f"{tmp_path}/run\n")
    (tmp_path / "run/words").write_text("")

    def run(*arguments):
        return subprocess.run(["sh", source / "config/demo/drill.sh", *arguments], text=True, capture_output=True,
                              env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "CHROMA_PORT": "1"}, timeout=30)
    return run


def test_what_cannot_be_done(lone, tmp_path):
    def refused(*arguments):
        done = lone(*arguments)
        assert (done.returncode, done.stdout) == (1, ""), done
        return done.stderr

    assert "run.sh --embedder" in refused("embedder")
    assert "nothing is wrong" in refused("reveal")
    assert "is the demonstration running?" in refused("removed")
    assert "undo it first" in refused("random")
    assert lone("nonsense").returncode == lone().returncode == 2
    (tmp_path / "run/words").unlink()
    assert "no demonstration runs with Chroma on port 1" in refused("removed")


def test_every_exercise_has_its_answer(lone, source):
    listed = [line.split()[:2] for line in lone("list").stdout.splitlines()]
    assert [int(number) for number, _ in listed] == list(EXERCISES)
    assert list(answers(source)) == list(EXERCISES)
    exercises = (source / "docs/training/exercises.md").read_text()
    assert re.findall(r"^## Exercise (\d+)", exercises, re.MULTILINE) == [str(one) for one in EXERCISES]
    causes = {cause for found, _ in answers(source).values() for cause in found}
    known = set(re.findall(r"^\| \[`([A-Z_]+)`\]", (source / "docs/causes.md").read_text(), re.MULTILINE))
    assert causes == known - {"NONE"}
    # Who exercises is not told.
    assert [cause for cause in causes if re.search(rf"\b{cause}\b", exercises)] == []
