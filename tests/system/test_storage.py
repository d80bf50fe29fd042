# SPDX-License-Identifier: Apache-2.0
"""The disk that keeps what must survive a restart: full, read-only, and well again. Meanwhile collections are measured
on time, and people are told of what happens, this included."""
import errno
import os
import pathlib
import shutil
import signal
import subprocess
import time

import numpy
import pytest

import tools

# Its pages are what is allocated.
SMALL = "512k"
FAILING, MISSING = "DriftwatchStorageFailing", "RetrievalExpectedResultMissing"
# Seconds; of 99 in 100 instants.
LATE = 0.05
# Made in the daemon's mount namespace, with what an earlier life left, and full of rubbish, where there is such a file.
MOUNTED = """#!/bin/sh
mount -t tmpfs -o size=%(size)s,mode=700 tmpfs "%(state)s" || exit
[ ! -d "%(left)s" ] || cp -a "%(left)s/." "%(state)s/"
[ ! -e "%(left)s.full" ] || cat /dev/zero >"%(state)s/rubbish" 2>/dev/null
[ ! -e "%(left)s.ro" ] || mount -o remount,ro "%(state)s"
exec "%(program)s" "$@"
"""


@pytest.fixture
def disk(chroma, driftwatch, name, receiver, beating):
    """The state directory on a small disk of its own, in a mount namespace of the daemon; where it is seen."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    queries, records = tools.axes([0.5])
    chroma.create(name)
    chroma.upsert(name, ["r0"], records)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": "q", "text": "?", "expect": {"ids": ["r0"]}}], {"q": queries[0]},
                     interval="500ms")
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}],
        "rules": {FAILING: {"for": "0s"}, MISSING: {"for": "0s"}}}
    program, wrapper = driftwatch.program, driftwatch.directory / "mounted"
    wrapper.write_text(MOUNTED % {"size": SMALL, "state": driftwatch.state, "left": left(driftwatch),
                                  "program": program})
    wrapper.chmod(0o755)
    outer = driftwatch.directory / "unshared"
    outer.write_text(f'#!/bin/sh\nexec unshare --mount --propagation private "{wrapper}" "$@"\n')
    outer.chmod(0o755)
    driftwatch.program = outer
    driftwatch.start(environment=beating.environment)
    return where(driftwatch)


def where(driftwatch):
    return pathlib.Path(f"/proc/{driftwatch.process.pid}/root{driftwatch.state}")


def left(driftwatch):
    """What the next life finds on its disk."""
    return driftwatch.directory / "left"


def leave(driftwatch, how):
    """Ends this life, and has the next one find what it left on a disk that is `how`: full or ro."""
    if how == "ro":
        driftwatch.process.send(signal.SIGSTOP)  # a crash: its log is not in its file yet
        shutil.copytree(where(driftwatch), left(driftwatch))
        driftwatch.process.kill()
    else:
        # An orderly end, after which SQLite has to make its log and its index anew.
        inside = os.open(where(driftwatch), os.O_RDONLY | os.O_DIRECTORY)
        driftwatch.stop()
        shutil.copytree(f"/proc/self/fd/{inside}", left(driftwatch))
        os.close(inside)
    left(driftwatch).with_suffix(f".{how}").touch()


def fill(disk):
    with (disk / "rubbish").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC


def mounted(driftwatch, how):
    inside = ["nsenter", "-t", str(driftwatch.process.pid), "-m"]
    subprocess.run([*inside, "mount", "-o", f"remount,{how}", driftwatch.state], check=True)


def told(driftwatch, failing, reason=None):
    tools.poll(lambda: driftwatch.metric("driftwatch_storage_failing") == failing, f"storage_failing {failing}", 30)
    storage = driftwatch.api("status")["storage"]
    assert storage["failing"] == bool(failing)
    assert reason in storage["error"] if failing else storage["error"] is None
    page = driftwatch.page()
    assert ("What must survive a restart cannot be written" in page) == bool(failing)
    assert not failing or reason in page


def lines(driftwatch, words):
    return [line for line in driftwatch.process.text().splitlines() if words in line]


def replays(driftwatch, name):
    return driftwatch.metric("driftwatch_replays_total", collection=name)


def test_a_full_disk_is_told_of_until_there_is_room(disk, driftwatch, chroma, name, receiver, beating):
    tools.poll((disk / "state.db").exists, "the state")
    assert driftwatch.metric("driftwatch_storage_failing") == 0
    fill(disk)
    begun, before = time.monotonic(), replays(driftwatch, name)
    told(driftwatch, 1, "No space left on device")
    assert len(lines(driftwatch, "would be lost by a restart; trying again")) == 1
    alert, = tools.poll(lambda: receiver.alerts("firing", alertname=FAILING), "people to be told")
    assert "state.db" in alert["annotations"]["description"]
    assert "No space left on device" in alert["annotations"]["description"]
    chroma.delete(name, ["r0"])
    tools.poll(lambda: receiver.alerts("firing", alertname=MISSING), "an incident to be told")
    seconds = time.monotonic() - begun
    assert replays(driftwatch, name) - before >= int(2 * seconds) - 2, "measuring goes on"
    assert numpy.quantile(beating.late(begun, begun + seconds), 0.99) < LATE
    (disk / "rubbish").unlink()
    told(driftwatch, 0)
    tools.poll(lambda: receiver.alerts("resolved", alertname=FAILING), "its end to be told")
    assert len(lines(driftwatch, "is written again: nothing was lost")) == 1
    assert not [one.name for one in disk.iterdir() if one.name.endswith(".damaged")]


@pytest.mark.parametrize("how, reason", [("full", "No space left on device"), ("ro", "Read-only file system")])
def test_it_starts_on_a_disk_that_cannot_be_written_with_all_that_it_knew(
        disk, driftwatch, chroma, name, receiver, beating, how, reason):
    chroma.delete(name, ["r0"])
    first, = tools.poll(lambda: receiver.alerts("firing", alertname=MISSING), "an incident to be told")
    tools.never(lambda: False, "the seconds until all of it is written", 2)
    samples = sum(run["samples"] for run in runs(driftwatch, name))
    leave(driftwatch, how)
    driftwatch.start(environment=beating.environment)
    begun = time.monotonic()
    told(driftwatch, 1, reason)
    tools.poll(lambda: receiver.alerts("firing", alertname=FAILING), "people to be told of the disk")
    driftwatch.replay(name, times=3)
    assert driftwatch.metric("driftwatch_up", collection=name) == 1, "measuring goes on"
    assert numpy.quantile(beating.late(begun, time.monotonic()), 0.99) < LATE
    assert started(driftwatch, MISSING) == first["startsAt"], "an incident that is known"
    assert sum(run["samples"] for run in runs(driftwatch, name)) > samples, "a history that goes on"
    if how == "full":
        (where(driftwatch) / "rubbish").unlink()
    else:
        mounted(driftwatch, "rw")
    told(driftwatch, 0)
    assert not [one.name for one in where(driftwatch).iterdir() if one.name.endswith(".damaged")]
    chroma.upsert(name, ["r0"], tools.axes([0.5])[1])
    tools.poll(lambda: receiver.alerts("resolved", alertname=MISSING), "the end of what the life before told", 30)
    assert {one["startsAt"] for one in receiver.alerts(alertname=MISSING)} == {first["startsAt"]}


def runs(driftwatch, name):
    return driftwatch.api("history", collection=name, query="q")["runs"]


def started(driftwatch, alertname):
    alert, = (one for one in driftwatch.alerts() if one["labels"]["alertname"] == alertname)
    return alert["firedAt"]


def silence(driftwatch):
    return driftwatch.post("/api/v1/silences", json={
        "matchers": "collection=elsewhere", "duration": "1h", "createdBy": "anna", "comment": "re-ingest"})


@pytest.fixture
def unwritable(disk, driftwatch):
    """A disk that is read-only and empty when the daemon starts. Later it cannot be made so: a file is open there."""
    driftwatch.stop()
    left(driftwatch).with_suffix(".ro").touch()
    driftwatch.start()


def test_a_read_only_disk_is_told_of_until_it_can_be_written(unwritable, driftwatch, name):
    told(driftwatch, 1, "Read-only file system")
    driftwatch.replay(name, times=3)
    assert driftwatch.metric("driftwatch_up", collection=name) == 1, "measuring goes on"
    made = silence(driftwatch)
    assert made.status_code == 202, "it is done, and not on the disk"
    warning, = made.json()["warnings"]
    assert "a restart would lose it until it can be written" in warning and "Read-only file system" in warning
    assert [one["id"] for one in driftwatch.api("silences")["silences"]] == [made.json()["data"]["silenceID"]]
    mounted(driftwatch, "rw")
    told(driftwatch, 0)
    assert silence(driftwatch).status_code == 200
