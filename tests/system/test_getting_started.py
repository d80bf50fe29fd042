# SPDX-License-Identifier: Apache-2.0
"""What test_documents.py does not see when it follows docs/getting-started.md: its parts together, and one that is
missing."""
import os
import re
import shlex
import subprocess

import pytest
import yaml

import document
import fences
import tools
import worlds


class Newcomer:
    """A person with the page's files and the servers of the example, at other ports."""

    def __init__(self, directory, build, page, chroma, embedder):
        self.directory, self.blocks = directory, fences.blocks(page)
        self.urls = {"http://127.0.0.1:8000": chroma.url, "http://127.0.0.1:8081": embedder.url}
        self.environment = {**os.environ, "PATH": f"{build}:{os.environ['PATH']}"}
        for name in "GITHUB_ACTIONS", "SUDO_USER":
            self.environment.pop(name, None)
        for file in "driftwatch.yaml", "queries.yaml":
            self.write(file, next(block.text for block in self.blocks if block.words == file))

    def here(self, text):
        for url, real in self.urls.items():
            text = text.replace(url, real)
        return text

    def write(self, name, text):
        (self.directory / name).write_text(self.here(text))

    def commands(self, beginning):
        """Of the page: each command that begins so, and what it prints."""
        found = [step for block in self.blocks if block.language == "console" for step in fences.session(block.text)]
        found += [(block.text.strip(), "") for block in self.blocks if block.stays]
        return [step for step in found if step[0].startswith(f"driftwatch {beginning}")]

    def run(self, command):
        return subprocess.run(shlex.split(self.here(command)), cwd=self.directory, env=self.environment, text=True,
                              capture_output=True, timeout=60)


@pytest.fixture
def embedder(source, tmp_path, ends):
    return ends(worlds.Embedder(source / "config/demo/embedder.py", tmp_path / "embedder.log"))


@pytest.fixture
def newcomer(build, documents, chroma, embedder, tmp_path):
    document.fill(chroma, embedder)
    directory = tmp_path / "here"
    directory.mkdir()
    yield Newcomer(directory, build, documents["docs/getting-started.md"], chroma, embedder)
    chroma.drop("handbook")


def test_what_init_prints_next_is_done_next(newcomer):
    (_init, printed), = newcomer.commands("init ")
    approve, run = (one.strip() for one in printed.splitlines()[-2:])
    assert approve == newcomer.commands("baseline approve")[0][0] and run == newcomer.commands("run")[0][0]


def test_both_at_once(newcomer):
    (init, _printed), = newcomer.commands("init ")
    assert newcomer.run(init).returncode == 0
    written = yaml.safe_load((newcomer.directory / "watched/driftwatch.yaml").read_text())
    both, = (yaml.safe_load(block.text) for block in newcomer.blocks
             if block.language == "yaml" and block.text.startswith("collections:"))
    assert both["collections"][0] == written["collections"][0]
    newcomer.write("watched/queries.yaml", (newcomer.directory / "queries.yaml").read_text())
    own = yaml.safe_load((newcomer.directory / "driftwatch.yaml").read_text())
    newcomer.write("watched/driftwatch.yaml", yaml.safe_dump({**written, **both, "embedders": own["embedders"]}))
    done = newcomer.run("driftwatch check --config.file=watched/driftwatch.yaml --storage.path=watched/state")
    assert "handbook-questions on main: unjudged" in done.stdout, done


def test_without_an_embedding_server(newcomer, embedder):
    """What went wrong is said, not what is missing because of it; and there is no state yet."""
    embedder.stop()
    done = newcomer.run(newcomer.commands("baseline propose")[0][0])
    assert (done.returncode, done.stdout) == (3, "")
    assert re.search(rf"embedder local at {embedder.url}/[^ ]*: .*refused", done.stderr), done.stderr
    assert not (newcomer.directory / "state").exists()


def test_a_daemon_makes_its_state_directory(newcomer, tmp_path, ends):
    daemon = ends(tools.Process([*shlex.split(newcomer.commands("run")[1][0]), "--web.listen-address=127.0.0.1:0"],
                                tmp_path / "log", cwd=newcomer.directory, env=newcomer.environment))
    tools.poll(lambda: (newcomer.directory / "state/baselines").is_dir(), "the directory")
    assert "cannot" not in daemon.text()
