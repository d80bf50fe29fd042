# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests. What a test starts ends with it."""
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import zlib

import pytest

import tools

# The newest Chroma whose prebuilt bindings load on Debian 12's glibc 2.36.
CHROMA_PACKAGE = {
    "private": True,
    "dependencies": {"chromadb": "3.0.14"},
    "overrides": {"chromadb-js-bindings-linux-x64-gnu": "1.0.5"},
}


def need(program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


def cache():
    """Where downloads are kept between runs, outside of the tree."""
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("DRIFTWATCH_TEST_CACHE", pathlib.Path(home) / "driftwatch-tests"))


@pytest.fixture(scope="session")
def chroma_modules():
    """node_modules with the Chroma server, installed once."""
    need("node")
    need("npm")
    directory = cache() / "chroma"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted, stamp = json.dumps(CHROMA_PACKAGE), directory / "installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            (directory / "package.json").write_text(wanted)
            done = subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
                cwd=directory, capture_output=True, text=True, timeout=300)
            if done.returncode != 0:
                pytest.skip(f"npm could not install Chroma: {done.stderr[-500:]}")
            stamp.write_text(wanted)
    return directory / "node_modules"


@pytest.fixture(scope="module")
def chroma(chroma_modules, tmp_path_factory):
    """A Chroma server for one file of tests."""
    server = tools.Chroma(chroma_modules, tmp_path_factory.mktemp("chroma"))
    yield server
    server.stop()


@pytest.fixture
def own_chroma(chroma_modules, tmp_path):
    """A Chroma server that the test may stop, freeze or damage."""
    server = tools.Chroma(chroma_modules, tmp_path / "chroma")
    yield server
    server.stop()


@pytest.fixture
def ends():
    """ends(thing) returns it and stops it after the test, the last one first."""
    with contextlib.ExitStack() as stack:
        def add(thing):
            stack.callback(thing.stop)
            return thing
        yield add


@pytest.fixture
def driftwatch(build, tmp_path, ends):
    """The program, configured by the test, not started yet. It must end with status 0."""
    program = tools.Driftwatch(build, tmp_path / "driftwatch")
    yield program
    status = program.stop()
    if program.process:
        assert status in (0, -9), program.process.text()[-3000:]


@pytest.fixture
def prometheus(tmp_path, ends):
    """prometheus(driftwatch, ...) starts one that scrapes it."""
    need("prometheus")
    return lambda program, **options: ends(tools.Prometheus(
        tmp_path / f"prometheus{len(list(tmp_path.iterdir()))}", program.url.removeprefix("http://"), **options))


@pytest.fixture
def receiver(ends):
    return ends(tools.Receiver())


@pytest.fixture
def alertmanager(tmp_path, receiver, ends):
    """An Alertmanager that passes on to `receiver`."""
    need("prometheus-alertmanager")
    return ends(tools.Alertmanager(tmp_path / "alertmanager", receiver.url))


@pytest.fixture
def name(request):
    """A collection name of this test's own: readable, and with its parameters' checksum."""
    node = request.node
    readable = "".join(c if c.isalnum() else "_" for c in node.name.split("[")[0])
    return f"{readable[:48].strip('_')}_{zlib.crc32(node.nodeid.encode()):08x}"
