# SPDX-License-Identifier: Apache-2.0
"""Reloads of a running daemon: what did not change goes on as it is, replays under way included."""
import os
import signal
import threading

import pytest

import proxy
import tools


@pytest.fixture
def slow(chroma, driftwatch, name, ends):
    """Two collections behind a proxy that keeps every query until `go` is set."""
    between = ends(proxy.Proxy(chroma.url))
    between.go = threading.Event()
    queries, records = tools.axes([0.5])
    driftwatch.server(between.url)
    for one in name, f"{name}_other":
        chroma.create(one)
        chroma.upsert(one, ["r0"], records)
        driftwatch.watch(one, [{"id": "q", "text": "?", "expect": {"ids": ["r0"]}}], {"q": queries[0]},
                         interval="1h", timeout="1m")
    driftwatch.config["probes"] = {"interval": "0s"}
    between.ids = {chroma.id(one): one for one in (name, f"{name}_other")}
    between.rules.append(lambda method, path, body: "/query" in path and not between.go.wait(30) or None)
    yield between
    between.go.set()


def asked(between, name):
    """Queries that came for the collection."""
    return sum(path.endswith("/query") and between.ids[path.split("/")[-2]] == name
               for _, path, _ in between.requests)


def reloads(driftwatch, result):
    return driftwatch.metric("driftwatch_config_reloads_total", result=result)


def hang_up(driftwatch, result):
    """SIGHUP, and its result."""
    before = reloads(driftwatch, result)
    driftwatch.process.send(signal.SIGHUP)
    tools.poll(lambda: reloads(driftwatch, result) == before + 1, f"a reload: {result}")


def test_nothing_ends_when_nothing_has_changed(slow, driftwatch, name):
    """More reloads than a replay takes leaves it alone, and one line each says that."""
    driftwatch.start()
    tools.poll(lambda: asked(slow, name) == 1, "the first replay")
    for _ in range(5):
        hang_up(driftwatch, "unchanged")
    assert driftwatch.metric("driftwatch_replay_last_success_timestamp_seconds", collection=name) is None
    slow.go.set()
    tools.poll(lambda: driftwatch.metric("driftwatch_replays_total", collection=name) == 1, "its end")
    assert driftwatch.metric("driftwatch_replay_last_success_timestamp_seconds", collection=name) > 0
    assert asked(slow, name) == 1, "it was not begun again"
    assert driftwatch.process.text().count("nothing has changed in it, its query sets, vectors and secrets") == 5
    assert (reloads(driftwatch, "changed"), reloads(driftwatch, "refused")) == (0, 0)


def test_a_collection_that_did_not_change_goes_on(slow, driftwatch, name):
    other = f"{name}_other"
    driftwatch.start()
    tools.poll(lambda: asked(slow, name) == asked(slow, other) == 1, "the first replays")
    driftwatch.config["collections"][1]["results"] = 3
    driftwatch.write()
    hang_up(driftwatch, "changed")
    tools.poll(lambda: asked(slow, other) == 2, "the changed one to be replayed at once")
    driftwatch.config["alerting"] = {"rules": {"RetrievalReplayFailing": {"for": "1s"}}}
    driftwatch.write()
    hang_up(driftwatch, "changed")
    slow.go.set()
    for one in name, other:
        tools.poll(lambda one=one: driftwatch.metric("driftwatch_replays_total", collection=one) == 1, "its end")
        assert driftwatch.metric("driftwatch_verdict", collection=one, verdict="pass") == 1
    assert (asked(slow, name), asked(slow, other)) == (1, 2)
    assert [one["collection"] for one in driftwatch.api("collections")["collections"]] == [name, other]


def test_content_counts_and_not_times(slow, driftwatch, name):
    slow.go.set()
    driftwatch.start()
    vectors = driftwatch.directory / f"{name}.vectors.json"
    then = vectors.stat().st_mtime
    os.utime(vectors, (then + 60, then + 60))
    hang_up(driftwatch, "unchanged")
    text = vectors.read_text()
    vectors.write_text(text.replace("1.0", "2.0", 1))
    assert vectors.read_text() != text
    os.utime(vectors, (then + 60, then + 60))
    hang_up(driftwatch, "changed")
    driftwatch.write(driftwatch.config_file.read_text() + "surprise: 1\n")
    hang_up(driftwatch, "refused")
