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
    assert (done.returncode, done.stderr) == (0, "")
    row, = [line for line in done.stdout.splitlines() if line.startswith(name)]
    assert row.split().count("1") >= 2, "one passes and one fails"
    done = status("--json")
    assert done.returncode == 0
    data = json.loads(done.stdout)
    assert name in json.dumps(data)


def test_nobody_is_there(status):
    done = status()
    assert done.returncode not in (0, 2)
    assert done.stdout == ""
    assert "127.0.0.1" in done.stderr and len(done.stderr.splitlines()) == 1
