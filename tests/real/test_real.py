# SPDX-License-Identifier: Apache-2.0
"""Changes of every kind made to collections of real text, embedded by a real model, and what the program makes of them.

    DRIFTWATCH_BUILD=build-tests python3 -m pytest -q tests/real -k 'policy and rekey'

runs one; the table at the end counts. Environment: DRIFTWATCH_REAL=small takes a tenth of each corpus,
DRIFTWATCH_VARIANTS=3 all variants, DRIFTWATCH_ALERTS=all|none more or fewer cases in which a daemon runs."""
import fcntl
import os
import re
import shutil
import zlib

import pytest

import beds
import books
import changes
import releases
import tools

SMALL = os.environ.get("DRIFTWATCH_REAL") == "small"
VARIANTS = range(int(os.environ.get("DRIFTWATCH_VARIANTS", "1")))
ALERTS = os.environ.get("DRIFTWATCH_ALERTS", "some")
VERSIONS = releases.ALL[:1] if SMALL else releases.ALL
REPLAYS = 12

# Changes that have to be judged right, whatever the corpus. True asserts all.
ASSERT_ALL = False
KNOWN = {"nothing"}


def cases():
    """(change, space, corpus, version, variant); each corpus begins with a variant of its own."""
    for change, about in changes.ALL.items():
        for space in about.spaces:
            for number, name in enumerate(books.CORPORA):
                for version in VERSIONS:
                    for variant in VARIANTS:
                        yield change, space, name, version, (variant + number) % 3


def name_of(case):
    change, space, name, version, variant = case
    made = changes.ALL[change].make.__name__
    return f"{made}-{space}-{name}-{version}-v{variant}-{re.sub('[^a-z0-9]+', '_', change.lower())}"


@pytest.fixture(scope="session")
def approved(build, tmp_path_factory, worker_id):
    """approved(name, space, version): a directory with a server's data and an approved baseline, made once for all
    workers."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "approved"

    def fill(directory, name, space, version):
        shutil.rmtree(directory, ignore_errors=True)
        chroma = tools.Chroma(releases.install(version), directory / "chroma")
        try:
            bed = beds.Bed(chroma, tools.Driftwatch(build, directory / "driftwatch"), beds.corpus(name, SMALL), space)
            bed.fill()
            bed.approve()
            assert bed.check()[0] == 0, bed.check()
            chroma.shut_down()
        finally:
            chroma.stop()

    def make(name, space, version):
        directory = shared / f"{name}-{space}-{version}"
        directory.parent.mkdir(exist_ok=True)
        with directory.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (directory / "driftwatch/approved").exists():
                fill(directory, name, space, version)
                (directory / "driftwatch/approved").touch()
        return directory
    return make


@pytest.fixture
def bed(approved, build, tmp_path):
    """bed(case): a copy of what was approved, on a server of its own."""
    started = []

    def make(case):
        _, space, name, version, variant = case
        shutil.copytree(approved(name, space, version), tmp_path, dirs_exist_ok=True)
        started.append(tools.Chroma(releases.install(version), tmp_path / "chroma"))
        driftwatch = tools.Driftwatch(build, tmp_path / "driftwatch")
        made = beds.Bed(started[0], driftwatch, beds.corpus(name, SMALL), space, variant)
        started.append(driftwatch)
        return made
    yield make
    for one in reversed(started):
        one.stop()


def watched(case):
    """Whether a daemon runs while the change is made: a sample, always the same."""
    return ALERTS == "all" or ALERTS == "some" and zlib.crc32(name_of(case).encode()) % 4 == 0


def loud(driftwatch):
    """Names of the alerts that fire and that somebody is told of."""
    return sorted({alert["labels"]["alertname"] for alert in driftwatch.alerts()
                   if alert["labels"]["severity"] != "info"})


def judged(case, status, report, alerts):
    """What is recorded of a case. A gate that passes what is harmful is wrong, and one that stops what is not."""
    change, space, name, version, variant = case
    about = changes.ALL[change]
    label_right = report["cause"] in about.labels
    gate_right = (status != 0) == about.harmful
    return {"change": change, "space": space, "corpus": name, "version": version, "variant": variant,
            "order": list(changes.ALL).index(change), "harmful": about.harmful, "label": report["cause"],
            "status": status, "verdict": report["verdict"], "alerts": alerts, "label_right": label_right,
            "right": label_right and gate_right and (about.harmful or not alerts)}


@pytest.mark.parametrize("case", list(cases()), ids=name_of)
def test_change(bed, case, record_property):
    at = bed(case)
    if watched(case):
        at.driftwatch.start()
        at.driftwatch.replay()
    changes.ALL[case[0]].make(at)
    status, report = at.check()
    alerts = None
    if watched(case):
        at.driftwatch.replay(times=REPLAYS)
        alerts = loud(at.driftwatch)
    found = judged(case, status, report, alerts)
    record_property("case", found)
    if ASSERT_ALL or case[0] in KNOWN:
        assert found["right"], (found, report["evidence"], report.get("findings"))
