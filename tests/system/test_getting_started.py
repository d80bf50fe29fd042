# SPDX-License-Identifier: Apache-2.0
"""docs/getting-started.md is run as it stands: its files are written, its commands run, and what they print compared.
Only the two servers' ports are others."""
import os
import re
import shlex
import subprocess

import pytest
import requests
import yaml

import tools
import worlds

# The page's blocks that start the daemon.
FROM_NOTHING, OWN_QUESTIONS = 0, 1

HANDBOOK = {
    "leave-policy.md": "Ask for a day off two weeks before. Your lead approves a holiday within three days.",
    "expenses.md": "Expenses up to an amount of 50 euros need no approval. Keep the receipt.",
    "laptops.md": "A laptop that was stolen is reported to the help desk at once, so that it can be locked.",
    "parental-leave.md": "Parents take up to twelve months of leave. Tell human resources ten weeks before.",
    "onboarding.md": "On the first day you get a badge and a mentor who answers questions.",
    "passwords.md": "Reset a forgotten password on the login page. The link is valid for one hour.",
    "travel.md": "Book trains and hotels in the travel tool. Flights inside the country need a reason.",
    "sick-leave.md": "Call your lead when you are ill. A doctor's note is needed from the fourth day on.",
}


@pytest.fixture(scope="module")
def page(source):
    return (source / "docs/getting-started.md").read_text()


def blocks(page, language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found
    return found


def sessions(page):
    """Of each console block: [(command, what it prints)]."""
    return [re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE) for block in blocks(page, "console")]


def essence(text):
    """Without durations, and what another processor's last digits may change."""
    text = re.sub(r"replayed in \d+ms", "replayed", text)
    return re.sub(r" +", " ", re.sub(r"\b(\d\.\d{4})\d*", r"\1", text))


class Newcomer:
    """A person with the page, a directory and two servers."""

    def __init__(self, directory, build, page, chroma, embedder):
        self.directory, self.page = directory, page
        self.urls = {"http://127.0.0.1:8000": chroma.url, "http://127.0.0.1:8081": embedder.url}
        self.environment = {**os.environ, "PATH": f"{build}:{os.environ['PATH']}"}
        for name in "GITHUB_ACTIONS", "SUDO_USER":
            self.environment.pop(name, None)

    def here(self, text):
        for url, real in self.urls.items():
            text = text.replace(url, real)
        return text

    def write(self, name, text):
        (self.directory / name).write_text(self.here(text))

    def daemon(self, way):
        run = blocks(self.page, "sh")[way]
        return tools.Process(shlex.split(run) + ["--web.listen-address=127.0.0.1:0", "--log.level=debug"],
                             self.directory.parent / "log", cwd=self.directory, env=self.environment)

    def run(self, command):
        return subprocess.run(shlex.split(self.here(command)), cwd=self.directory, env=self.environment, text=True,
                              capture_output=True, timeout=60)

    def follow(self, session):
        """Runs what is behind each prompt."""
        for command, printed in session:
            done = self.run(command)
            # A set of three is warned of.
            strange = [line for line in done.stderr.splitlines()
                       if not line.startswith("driftwatch: warning: queries.yaml: ")]
            assert (done.returncode, strange) == (0, []), (command, done)
            assert essence(done.stdout) == essence(self.here(printed)), command


@pytest.fixture
def newcomer(source, build, page, chroma, name, tmp_path, ends):
    embedder = ends(worlds.Embedder(source / "config/demo/embedder.py", tmp_path / "embedder.log"))
    answer = requests.post(f"{embedder.url}/v1/embeddings", timeout=10,
                           json={"model": "demo", "input": list(HANDBOOK.values())}).json()
    chroma.create("handbook")
    chroma.upsert("handbook", [f"{file}#1" for file in HANDBOOK], [one["embedding"] for one in answer["data"]],
                  [{"file": file} for file in HANDBOOK], list(HANDBOOK.values()))
    directory = tmp_path / "here"
    directory.mkdir()
    yield Newcomer(directory, build, page, chroma, embedder), embedder
    chroma.drop("handbook")


def test_from_nothing(newcomer, ends, page):
    person, _embedder = newcomer
    init, approve = sessions(page)[:2]
    person.follow(init)
    assert [init[0][1].splitlines()[-2].strip(), init[0][1].splitlines()[-1].strip()] == [
        approve[0][0], blocks(page, "sh")[FROM_NOTHING].strip()], "what is printed next is what is done next"
    person.follow(approve)
    daemon = ends(person.daemon(FROM_NOTHING))
    tools.poll(lambda: "comparing with baseline 1, approved by root: first canaries" in daemon.text()
               and "cause NONE" in daemon.text(), "the daemon to compare")


def test_both_at_once(newcomer, page):
    person, _embedder = newcomer
    person.follow(sessions(page)[0])
    both, config, queries, _expecting = blocks(page, "yaml")
    written = yaml.safe_load((person.directory / "watched/driftwatch.yaml").read_text())
    assert {**yaml.safe_load(both)["collections"][0]} == written["collections"][0]
    person.write("watched/queries.yaml", queries)
    person.write("watched/driftwatch.yaml", yaml.safe_dump(
        {**written, **yaml.safe_load(both), "embedders": yaml.safe_load(config)["embedders"]}))
    done = person.run("driftwatch check --config.file=watched/driftwatch.yaml --storage.path=watched/state")
    assert "handbook-questions on main: unjudged" in done.stdout, done


def test_the_page(newcomer, ends, page):
    person, _embedder = newcomer
    _both, config, queries, expecting = blocks(page, "yaml")
    first, second = sessions(page)[2:]
    assert len(first) == 4, "four commands"
    person.write("driftwatch.yaml", config)
    person.write("queries.yaml", queries)
    person.follow(first)
    person.write("queries.yaml", expecting)
    person.follow(second)
    assert sorted(one.name for one in person.directory.iterdir()) == ["driftwatch.yaml", "queries.yaml", "state"]

    daemon = ends(person.daemon(OWN_QUESTIONS))
    tools.poll(lambda: "comparing with baseline 1, approved by Ada: first review" in daemon.text()
               and "cause NONE" in daemon.text(), "the daemon to compare")


def test_without_an_embedding_server(newcomer, page):
    """What went wrong is said, not what is missing because of it; and there is no state yet."""
    person, embedder = newcomer
    embedder.stop()
    person.write("driftwatch.yaml", blocks(page, "yaml")[1])
    person.write("queries.yaml", blocks(page, "yaml")[2])
    done = person.run(sessions(page)[2][1][0])
    assert (done.returncode, done.stdout) == (3, "")
    assert re.search(rf"embedder local at {embedder.url}/[^ ]*: .*refused", done.stderr), done.stderr
    assert not (person.directory / "state").exists()


def test_a_daemon_makes_its_state_directory(newcomer, ends, page):
    person, _embedder = newcomer
    person.write("driftwatch.yaml", blocks(page, "yaml")[1])
    person.write("queries.yaml", blocks(page, "yaml")[2])
    daemon = ends(person.daemon(OWN_QUESTIONS))
    tools.poll(lambda: (person.directory / "state/baselines").is_dir(), "the directory")
    assert "cannot" not in daemon.text()
