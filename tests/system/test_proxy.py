# SPDX-License-Identifier: Apache-2.0
"""What stands before a real Chroma: quotas such as Chroma Cloud's, a last count that is refused, error pages, logins,
compression."""
import pathlib
import threading

import pytest
import requests

import proxy as proxies
import tools

QUERIES, RECORDS, DIMENSION = 40, 700, 96
UNMEASURED = 3
# Of each, 107 bytes were kept once.
ASKED = 2000


@pytest.fixture
def proxy(chroma, ends):
    return ends(proxies.Proxy(chroma.url))


@pytest.fixture
def watched(chroma, proxy, driftwatch, name):
    """Forty queries at records of a collection of 700, through the proxy."""
    vectors = tools.unit_vectors(RECORDS, DIMENSION, seed=3)
    chroma.create(name)
    chroma.upsert(name, [f"r{i}" for i in range(RECORDS)], vectors,
                  [{"file": f"{i % 50}.md"} for i in range(RECORDS)])
    driftwatch.server(proxy.url)
    driftwatch.watch(name, [
        {"id": f"q{i}", "text": "?", "expect": {"ids": [f"r{i}"]} if i else {"metadata": {"file": "0.md"}}}
        for i in range(QUERIES)], {f"q{i}": vectors[i] for i in range(QUERIES)}, interval="1s")
    driftwatch.write()


def only(report):
    collection, = report["collections"]
    return collection


@pytest.mark.parametrize("status", [422, 400, 403, 429])
def test_quotas_leave_nothing_unmeasured(watched, proxy, driftwatch, name, status):
    proxy.rules.append(proxies.quotas(status))
    code, report = driftwatch.check("--audit")
    assert code == 0, report
    assert {query["outcome"] for query in only(report)["queries"]} == {"pass"}
    assert only(report)["audit"]["records"] == RECORDS and only(report)["audit"]["recall"] > 0.9
    assert only(report)["unreachable_records"] is None and only(report)["recall"] > 0.9
    done = driftwatch.run("coverage", "--collection", name, "--by", "metadata.file")
    assert done.returncode == 0 and "\n  unwatched       14  45.md\n" in done.stdout, done.stdout + done.stderr


def test_the_size_that_a_quota_allows_is_remembered(watched, proxy, driftwatch, name):
    proxy.rules.append(proxies.quotas())
    driftwatch.start()
    tools.poll(lambda: driftwatch.metric("driftwatch_replays_total", collection=name) >= 3, "three replays")
    tools.poll(lambda: driftwatch.metric("driftwatch_collection_recall_ratio", collection=name), "a probe")
    sizes = [len(body["query_embeddings"]) for _, path, body in proxy.requests
             if path.endswith("/query") and body["n_results"] == 10 and body["include"] == ["distances"]]
    assert sum(size > 20 for size in sizes) <= 2, sizes
    assert driftwatch.metric("driftwatch_queries", collection=name, outcome="pass") == QUERIES
    assert driftwatch.metric("driftwatch_probes_failed_total", collection=name) == 0
    assert driftwatch.process.text().count("no more are sent in one") == 1


def test_an_audit_that_was_refused_is_no_pass(watched, proxy, driftwatch):
    proxy.rules.append(lambda method, path, body: path.endswith("/get") and body.get("include") == ["embeddings"]
                       and proxies.error(403, "Billing limit exceeded"))
    code, report = driftwatch.check("--audit")
    assert code == UNMEASURED and report["verdict"] == "unmeasured"
    assert {query["outcome"] for query in only(report)["queries"]} == {"pass"}
    assert driftwatch.check()[0] == 0


def test_a_probe_that_fails_is_counted(watched, proxy, driftwatch, name):
    proxy.rules.append(lambda method, path, body: body.get("n_results") == RECORDS and proxies.page(504))
    driftwatch.start()
    tools.poll(lambda: driftwatch.metric("driftwatch_probes_failed_total", collection=name) >= 1, "a failed probe")
    assert driftwatch.metric("driftwatch_queries", collection=name, outcome="pass") == QUERIES


@pytest.mark.parametrize("status", [429, 503])
def test_a_last_count_that_is_refused_leaves_the_replay_measured(watched, proxy, driftwatch, status):
    def rule(method, path, body):
        queried = any(path.endswith("/query") for _, path, _ in proxy.requests)
        if path.endswith("/count") and queried:
            return status, {"Content-Type": "text/plain", "Retry-After": "1"}, b"You have been rate limited."
        return None
    proxy.rules.append(rule)
    code, report = driftwatch.check()
    assert code == 0 and only(report)["records"] == RECORDS, report
    assert {query["outcome"] for query in only(report)["queries"]} == {"pass"}
    proxy.requests.clear()
    assert f"is unknown: counting the records again: HTTP {status}" in driftwatch.run("check").stdout


@pytest.mark.parametrize("answer", [
    proxies.page(502), proxies.page(503), proxies.page(504),
    proxies.page(200, "<!DOCTYPE html><title>Sign in</title>")])
def test_a_page_is_not_chroma(watched, proxy, driftwatch, name, answer):
    proxy.rules.append(lambda method, path, body: answer)
    done = driftwatch.run("check")
    assert done.returncode == UNMEASURED
    assert "a page (text/html)" in done.stdout and "is there a proxy or a login before Chroma?" in done.stdout
    driftwatch.start()
    tools.poll(lambda: driftwatch.metric("driftwatch_replays_total", collection=name), "a replay")
    assert driftwatch.metric("driftwatch_up", collection=name) == 0


@pytest.mark.parametrize("answer, sentence", [
    ((204, {}, b""), "HTTP 204 without a body is no answer of Chroma"),
    ((200, {}, b""), "HTTP 200 without a body is no answer of Chroma"),
    ((404, {"Content-Type": "application/json"}, b'{"detail":"Not Found"}'), "Not Found; the server has no such route"),
    ((404, {"Content-Type": "application/json"}, b'{"message":"no Route matched with those values"}'),
     "no Route matched with those values; the server has no such route"),
    ((404, {"Content-Type": "text/html"}, b"<!DOCTYPE html><pre>Cannot GET /api</pre>"), "a page (text/html)"),
])
def test_other_servers_are_named_for_what_they_are(watched, proxy, driftwatch, answer, sentence):
    proxy.rules.append(lambda method, path, body: answer)
    done = driftwatch.run("check")
    assert done.returncode == UNMEASURED and sentence in done.stdout, done.stdout
    assert "before 0.5.16" not in done.stdout


def test_what_is_compressed_unasked_is_read(watched, proxy, driftwatch):
    proxy.compress = True
    code, report = driftwatch.check()
    assert code == 0, report


def anonymous(process):
    """Bytes of memory that are no page of a file."""
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) << 10


def test_however_many_ask_while_it_hangs_one_replay_follows(watched, proxy, driftwatch, name):
    """And nothing of them is kept."""
    released = threading.Event()

    def hang(method, path, body):
        if path.endswith("/query"):
            released.wait(300)

    driftwatch.config["replay"] = {"timeout": "5m", "server_share": 1}
    driftwatch.config["collections"][0]["interval"] = "1h"
    driftwatch.write()
    driftwatch.start()
    driftwatch.replay(name)
    before = driftwatch.metric("driftwatch_replays_total", collection=name)
    proxy.rules.append(hang)
    session = requests.Session()

    def ask(times):
        for _ in range(times):
            assert session.post(f"{driftwatch.url}/api/v1/replay").status_code == 202

    # The first fill what the allocator keeps for the next. One that is kept needs more than 100 bytes.
    ask(ASKED)
    memory = anonymous(driftwatch.process)
    ask(ASKED)
    grown = anonymous(driftwatch.process) - memory
    released.set()

    def replays():
        return driftwatch.metric("driftwatch_replays_total", collection=name) - before

    # The one under way, if it is a replay that hangs and no probe, and the one that all have joined.
    tools.poll(lambda: replays() > 0, "a replay")
    tools.never(lambda: replays() > 2, "a third", 1)
    assert grown < 64 * ASKED, f"{grown / ASKED:.0f} bytes a request"
