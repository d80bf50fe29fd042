# SPDX-License-Identifier: Apache-2.0
"""`driftwatch status`: the table of what a running daemon sees."""
import json
import subprocess

import pytest

import tools


@pytest.fixture
def status(driftwatch):
    """status(flag, ...) asks the daemon of the test, or nobody when there is none."""
    def ask(*flags):
        address = (driftwatch.url or f"http://127.0.0.1:{tools.free_port()}").removeprefix("http://")
        return subprocess.run([driftwatch.program, "status", f"--web.listen-address={address}", *flags],
                              text=True, capture_output=True, timeout=30)
    return ask


def test_the_table(chroma, driftwatch, status, name):
    queries, records = tools.axes([0.5, 0.9])
    chroma.create(name)
    chroma.upsert(name, ["r0"], records[:1])
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": "found", "text": "?", "expect": {"ids": ["r0"]}},
                            {"id": "lost", "text": "?", "expect": {"ids": ["r1"]}}],
                     dict(zip(["found", "lost"], queries)), interval="1h")
    driftwatch.start()
    driftwatch.replay(name)
    done = status()
    assert (done.returncode, done.stderr) == (1, "")
    row, = [line for line in done.stdout.splitlines() if line.startswith(name)]
    assert row.split().count("1") >= 2, "one passes and one fails"
    assert " fail " in row and "of 2 queries 1 fail, 1 pass" in row
    done = status("--json")
    data = json.loads(done.stdout)
    assert (done.returncode, data["verdict"], data["collections"][0]["collection"]) == (1, "fail", name)


def test_the_exit_status_is_the_verdict(own_chroma, driftwatch, status, name):
    """As that of check."""
    queries, records = tools.axes([0.5])
    own_chroma.create(name)
    own_chroma.upsert(name, ["r0"], records)
    driftwatch.server(own_chroma.url)
    driftwatch.watch(name, [{"id": "a", "text": "?"}], {"a": queries[0]}, interval="1h", timeout="1s")
    driftwatch.start()
    driftwatch.replay(name)
    done = status()
    assert done.returncode == driftwatch.run("check").returncode == 3
    assert " unjudged " in done.stdout and "driftwatch baseline propose" in done.stdout
    assert driftwatch.run("baseline", "propose", "--pause=100ms").returncode == 0
    assert driftwatch.run("baseline", "approve", "--by=Ada", "--reason=as built").returncode == 0
    tools.poll(lambda: status().returncode == 0, "the baseline to be the expectation")
    assert " pass " in status().stdout
    own_chroma.stop()
    driftwatch.replay(name)
    done = status()
    assert done.returncode == driftwatch.run("check").returncode == 3
    assert " unmeasured " in done.stdout and own_chroma.url in done.stdout


def test_nobody_is_there(status):
    done = status()
    assert done.returncode not in (0, 2)
    assert done.stdout == ""
    assert "127.0.0.1" in done.stderr and len(done.stderr.splitlines()) == 1
