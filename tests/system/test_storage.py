# SPDX-License-Identifier: Apache-2.0
"""The disk that keeps what must survive a restart: full, read-only, and well again."""
import errno
import os
import pathlib
import subprocess

import pytest

import tools

# Its pages are what is allocated.
SMALL = "512k"


@pytest.fixture
def disk(chroma, driftwatch, name):
    """The state directory on a small disk of its own, in a mount namespace of the daemon; where it is seen."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    queries, records = tools.axes([0.5])
    chroma.create(name)
    chroma.upsert(name, ["r0"], records)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": "q", "text": "?", "expect": {"ids": ["r0"]}}], {"q": queries[0]},
                     interval="500ms")
    program, wrapper = driftwatch.program, driftwatch.directory / "mounted"
    wrapper.write_text('#!/bin/sh\nmount -t tmpfs -o size=%s,mode=700 tmpfs "%s" && exec "%s" "$@"\n'
                       % (SMALL, driftwatch.state, program))
    wrapper.chmod(0o755)
    outer = driftwatch.directory / "unshared"
    outer.write_text(f'#!/bin/sh\nexec unshare --mount --propagation private "{wrapper}" "$@"\n')
    outer.chmod(0o755)
    driftwatch.program = outer
    driftwatch.start()
    return pathlib.Path(f"/proc/{driftwatch.process.pid}/root{driftwatch.state}")


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


def test_a_full_disk_is_told_of_until_there_is_room(disk, driftwatch):
    tools.poll((disk / "state.db").exists, "the state")
    assert driftwatch.metric("driftwatch_storage_failing") == 0
    fill(disk)
    told(driftwatch, 1, "No space left on device")
    assert len(lines(driftwatch, "would be lost by a restart")) == 1
    (disk / "rubbish").unlink()
    told(driftwatch, 0)
    assert len(lines(driftwatch, "is written again: nothing was lost")) == 1
    assert not [one.name for one in disk.iterdir() if one.name.endswith(".damaged")]


def silence(driftwatch):
    return driftwatch.post("/api/v1/silences", json={
        "matchers": "collection=elsewhere", "duration": "1h", "createdBy": "anna", "comment": "re-ingest"})


@pytest.fixture
def unwritable(disk, driftwatch):
    """The disk, read-only when the daemon starts. Later that can be done to none that has a file open for writing."""
    driftwatch.stop()
    wrapper = driftwatch.directory / "mounted"
    wrapper.write_text(wrapper.read_text().replace("mode=700", "mode=700,ro"))
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
