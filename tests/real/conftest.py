# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests with real texts: the servers of the system tests, collections with an approved baseline, and
the tables of what was told."""
import importlib.util
import os
import pathlib
import shutil
import sys

import pytest

SYSTEM = pathlib.Path(__file__).resolve().parent.parent / "system"
sys.path.insert(0, str(SYSTEM))
import releases  # noqa: E402
import tools  # noqa: E402

import amount  # noqa: E402
import changes  # noqa: E402
import corpora  # noqa: E402
import table  # noqa: E402
from scene import Scene  # noqa: E402

_spec = importlib.util.spec_from_file_location("system_fixtures", SYSTEM / "conftest.py")
system_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(system_fixtures)
driftwatch = system_fixtures.driftwatch
ends = system_fixtures.ends
release = system_fixtures.release

# Long runs.
collect_ignore = ["test_churn.py", "test_methods.py", "test_rebuilds.py"] if amount.ONCE else []


def cases():
    """(change, space, corpus, release, variant)."""
    for number, change in enumerate(changes.CHANGES.values()):
        places = [(space, name) for space in change.spaces for name in corpora.NAMES]
        if amount.ONCE:
            yield change, *places[number % len(places)], releases.OLDER, 0
        else:
            yield from ((change, *place, version, variant) for place in places
                        for version in releases.ALL for variant in changes.VARIANTS)


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        listed = list(cases())
        names = [f"{change.name}-{space}-{name}-{version}-v{variant}"
                 for change, space, name, version, variant in listed]
        metafunc.parametrize("case", listed, ids=names)
    if "corpus" in metafunc.fixturenames:
        metafunc.parametrize("corpus", corpora.NAMES[:1] if amount.ONCE else corpora.NAMES)


@pytest.fixture(scope="session")
def approved(build, release, tmp_path_factory):
    """approved(corpus, space, version): a directory with a server's data and an approved baseline, made once for all
    the processes that run tests."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared

    def make(corpus, space, version):
        directory = shared / f"approved-{corpus.name}-{space}-{version}"

        def approve():
            chroma = tools.Chroma(release(version), directory / "chroma")
            try:
                scene = Scene(chroma, tools.Driftwatch(build, directory / "driftwatch"), corpus, space)
                scene.fill()
                scene.look()
                scene.watch()
                scene.approve()
                status, found = scene.check()
                assert (status, found["verdict"]) == (0, "pass"), found
                chroma.shut_down()
            finally:
                chroma.stop()
        releases.once(directory, version, approve)
        return directory
    return make


@pytest.fixture
def scene(approved, release, driftwatch, tmp_path, ends):
    """scene(name, space, version, variant): a collection of this test's own with an approved baseline."""
    def make(name, space, version, variant):
        corpus = corpora.corpus(name, amount.SMALL)
        shutil.copytree(approved(corpus, space, version), tmp_path, dirs_exist_ok=True)
        at = Scene(ends(tools.Chroma(release(version), tmp_path / "chroma")), driftwatch, corpus, space, variant)
        at.recall()
        at.watch(interval="1h")
        return at
    return make


@pytest.fixture
def printed(record_property):
    """printed(title, head): a table that is printed at the end with what the test added to it, also when it failed."""
    made = []
    yield lambda title, head: made.append(table.Table(title, head)) or made[-1]
    record_property("table", "\n".join(map(str, made)))


def pytest_terminal_summary(terminalreporter):
    rows = [dict(report.user_properties) for reports in terminalreporter.stats.values() for report in reports
            if getattr(report, "when", None) == "teardown"]
    for line in table.everything(rows):
        terminalreporter.write_line(line)
    for line in table.calibration([row for found in rows for row in found.get("calibration", [])]):
        terminalreporter.write_line(line)
