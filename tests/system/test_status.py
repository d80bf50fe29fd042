# SPDX-License-Identifier: Apache-2.0
"""`driftwatch status`: the table of what a running daemon sees."""
import json
import re
import subprocess

import pytest

import proxy
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


def test_collections_that_nobody_watches(own_chroma, driftwatch, status, name):
    """Named and counted; what a new configuration watches is none of them."""
    others = [f"zz_{i:02d}" for i in range(21)]
    queries, records = tools.axes([0.5])
    for collection in [name, *others]:
        own_chroma.create(collection)
    own_chroma.upsert(name, ["r0"], records)
    driftwatch.server(own_chroma.url)
    query = {"id": "found", "text": "?", "expect": {"ids": ["r0"]}}
    driftwatch.watch(name, [query], {"found": queries[0]}, interval="1h")
    driftwatch.start()
    driftwatch.replay(name)  # a listing may end before the first replay, whose verdict is none yet
    gauge = 'driftwatch_collections_unwatched{server="main"}'
    tools.poll(lambda: f"{gauge} 21\n" in driftwatch.get("/metrics").text, "the listing")
    done = status()
    assert done.returncode == 0, "it is no matter of the verdict"
    assert f"main: 21 collections are not watched: {', '.join(others[:20])} and 1 more\n" in done.stdout
    assert json.loads(status("--json").stdout)["servers"][0]["unwatched"]["names"] == others[:20]
    assert driftwatch.api("status")["servers"][0]["unwatched"]["count"] == 21
    assert "21 collections are not watched: zz_00" in driftwatch.page()

    driftwatch.watch("zz_00", [query], {"found": queries[0]}, interval="1h")
    driftwatch.write()
    assert driftwatch.reload().ok
    driftwatch.replay(name)
    tools.poll(lambda: f"{gauge} 20\n" in driftwatch.get("/metrics").text, "the listing")
    assert "20 collections are not watched: zz_01, " in status().stdout


def test_a_listing_that_is_refused(chroma, driftwatch, status, name, ends):
    """Unknown, with the reason; the verdict is what it was, and it is not asked again at once."""
    between = ends(proxy.Proxy(chroma.url))
    listing = re.compile(r"/collections\?limit=\d+&offset=")
    between.rules.append(lambda method, path, body: listing.search(path) and (
        403, {"Content-Type": "application/json"}, b'{"error": "Forbidden", "message": "no lists"}'))
    queries, records = tools.axes([0.5])
    chroma.create(name)
    chroma.upsert(name, ["r0"], records)
    driftwatch.server(between.url)
    driftwatch.watch(name, [{"id": "found", "text": "?", "expect": {"ids": ["r0"]}}], {"found": queries[0]},
                     interval="100ms")
    driftwatch.start()
    server = tools.poll(lambda: [s for s in driftwatch.api("status")["servers"] if s["error"]], "the refusal")[0]
    assert server["unwatched"] is None and "no lists" in server["error"]
    driftwatch.replay(name, times=3)
    done = status()
    assert done.returncode == 0 and "not watched" not in done.stdout
    assert "driftwatch_collections_unwatched{" not in driftwatch.get("/metrics").text
    assert len([1 for _, path, _ in between.requests if listing.search(path)]) == 1


def test_nobody_is_there(status):
    done = status()
    assert done.returncode not in (0, 2)
    assert done.stdout == ""
    assert "127.0.0.1" in done.stderr and len(done.stderr.splitlines()) == 1
