# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests. What a test starts ends with it."""
import contextlib
import pathlib
import shutil
import zlib

import pytest
import xdist.scheduler

import heart
import releases
import tools

# Files that wait for minutes come first: whoever came to them last would end alone.
LONGEST = ("test_package", "test_incident", "test_agreement", "test_runbook", "test_demo", "test_causes",
           "test_baseline", "test_endurance", "test_outage", "test_drill")
# Files whose tests wait so long that they are worth a Chroma server on each worker.
SPREAD = ("test_incident", "test_agreement", "test_runbook", "test_ingest", "test_endurance", "test_outage",
          "test_drill", "test_documents")


class Scheduling(xdist.scheduler.LoadScopeScheduling):
    """A file to a worker, and each test of those that wait for long to whoever is free."""

    def _split_scope(self, nodeid):
        path = nodeid.split("::", 1)[0]
        return nodeid if pathlib.PurePath(path).stem in SPREAD else path


def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log)


def need(program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


def pytest_configure(config):
    config.addinivalue_line("markers", "releases(*versions): the Chroma servers that a test runs on; the older one")


def pytest_collection_modifyitems(items):
    order = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker("releases")
    if marker and "chroma_release" in metafunc.fixturenames:
        metafunc.parametrize("chroma_release", marker.args, indirect=True, scope="module")


@pytest.fixture(scope="session")
def release():
    """release(version) installs a Chroma server, once."""
    def install(version):
        for program in "node", "npm":
            need(program)
        try:
            return releases.install(version)
        except releases.Failed as error:
            return pytest.skip(str(error))
    return install


@pytest.fixture(scope="module")
def chroma_release(request, release):
    """The Chroma server that tests run on."""
    return release(getattr(request, "param", releases.OLDER))


@pytest.fixture(scope="module")
def chroma(chroma_release, tmp_path_factory):
    """A Chroma server for one file of tests."""
    server = tools.Chroma(chroma_release, tmp_path_factory.mktemp("chroma"))
    yield server
    server.stop()


@pytest.fixture
def own_chroma(chroma_release, tmp_path):
    """A Chroma server that the test may stop, freeze or damage."""
    server = tools.Chroma(chroma_release, tmp_path / "chroma")
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
def beating(tmp_path, ends):
    """Hears how late the daemon's loop is that is started in its environment."""
    listener = ends(heart.Heart(tmp_path))
    tools.poll(listener.listening, "the listener")
    return listener


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
    def start(program, targets=None, **options):
        return ends(tools.Prometheus(
            tmp_path / f"prometheus{len(list(tmp_path.iterdir()))}",
            *(targets or [program.url.removeprefix("http://")]), **options))
    return start


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
