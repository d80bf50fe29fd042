# SPDX-License-Identifier: Apache-2.0
"""Index probe and exact audit against a real Chroma, whole and damaged; numpy knows the truth."""
import json
import shutil
import subprocess

import numpy
import pytest

import proxy
import tools

RECORDS, DIMENSION, QUERIES, K = 2000, 96, 30, 10


@pytest.fixture
def look(build):
    """look(driftwatch): what a replay, a probe and an audit find, by the names of bench_audit's figures; `failure` is
    what the last of them is expected to end with."""
    def run(driftwatch, failure=None):
        done = subprocess.run([build / "tests/bench/bench_audit", driftwatch.write()], timeout=60, text=True,
                              capture_output=True)
        assert done.returncode == (1 if failure else 0), done.stderr
        assert (failure or "") in done.stderr
        return {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines()}
    return run


def records(count, space="l2"):
    """Hard to index: random directions, and random lengths where they count."""
    vectors = tools.unit_vectors(count, DIMENSION, seed=5)
    lengths = numpy.linspace(0.5, 2, count, dtype=numpy.float32)[:, None]
    return vectors if space == "l2" else vectors * lengths


def fill(chroma, name, vectors):
    for i in range(0, len(vectors), 500):
        chroma.upsert(name, [f"r{k}" for k in range(i, min(i + 500, len(vectors)))], vectors[i:i + 500])


def watch(chroma, driftwatch, name, vectors):
    """Queries near some of the records, each of which it expects; their vectors."""
    pinned = {f"q{i}": tools.at_distance(vectors[i] / numpy.linalg.norm(vectors[i]), 0.5, seed=i).astype(numpy.float32)
              for i in range(QUERIES)}
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": f"q{i}", "text": "x", "expect": {"ids": [f"r{i}"]}} for i in range(QUERIES)],
                     pinned, results=K)
    return numpy.array(list(pinned.values()))


def distances(space, vectors, query):
    vectors, query = numpy.asarray(vectors, dtype=float), query.astype(float)
    if space == "l2":
        return ((vectors - query) ** 2).sum(axis=1)
    if space == "ip":
        return 1 - vectors @ query
    return 1 - vectors @ query / numpy.linalg.norm(vectors, axis=1) / numpy.linalg.norm(query)


def recalls(chroma, name, space, vectors, queries):
    """Of each query, by numpy's distances."""
    answer = chroma.call("POST", f"/{chroma.id(name)}/query", {
        "query_embeddings": queries.astype(float).tolist(), "n_results": K, "include": []})
    return [len({f"r{i}" for i in numpy.argsort(distances(space, vectors, query))[:K]} & set(ids)) / K
            for query, ids in zip(queries, answer["ids"])]


@pytest.mark.parametrize("space", ["l2", "cosine", "ip"])
def test_audit_agrees_with_numpy(chroma, driftwatch, look, name, space):
    chroma.create(name, space)
    vectors = records(RECORDS, space)
    fill(chroma, name, vectors)
    queries = watch(chroma, driftwatch, name, vectors)
    found = look(driftwatch)
    expected = recalls(chroma, name, space, vectors, queries)
    assert found["audit_records"] == RECORDS and found["audit_queries"] == QUERIES
    assert found["audit_recall"] == pytest.approx(numpy.mean(expected), abs=1e-3)
    assert found["audit_recall_by_distance"] == pytest.approx(numpy.mean(expected), abs=1e-3)
    assert found["audit_worst_recall"] == pytest.approx(min(expected))
    assert found["probe_gone"] == 0
    assert 0 <= found["probe_unreachable"] < RECORDS / 100


def test_the_gate_audits_when_it_is_asked_to(chroma, driftwatch, name):
    vectors = records(RECORDS)
    chroma.create(name)
    fill(chroma, name, vectors)
    queries = watch(chroma, driftwatch, name, vectors)
    driftwatch.write()
    _, report = driftwatch.check()
    assert report["collections"][0]["audit"] is None
    _, report = driftwatch.check("--audit")
    audit = report["collections"][0]["audit"]
    assert (audit["records"], audit["queries"], audit["error"]) == (RECORDS, QUERIES, None)
    assert audit["recall"] == pytest.approx(numpy.mean(recalls(chroma, name, "l2", vectors, queries)))
    chroma.drop(name)
    status, report = driftwatch.check("--audit")
    assert status == 3
    assert "not measured" in report["collections"][0]["audit"]["error"]


def test_an_audit_that_cannot_be_made_is_no_pass_in_any_format(chroma, driftwatch, name):
    """Every query has a filter, so that none can be compared; all of them pass."""
    vectors = tools.unit_vectors(20, DIMENSION, seed=5)
    chroma.create(name)
    chroma.upsert(name, [f"r{i}" for i in range(20)], vectors, metadatas=[{"kind": "text"}] * 20)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": "q", "text": "x", "where": {"kind": "text"}, "expect": {"ids": ["r0"]}}],
                     {"q": vectors[0]}, results=K)
    driftwatch.write()
    status, report = driftwatch.check()
    assert (status, report["verdict"]) == (0, "pass")
    for form in "text", "json", "junit", "markdown", "github":
        done = driftwatch.run("check", "--audit", f"--format={form}")
        assert done.returncode == 3, done.stdout
        assert "unmeasured" in done.stdout and "no query without a filter got an answer" in done.stdout


# What a server, or something before it, answers instead of a page of embeddings; of `ids` and `dimension` it has some.
BROKEN = {
    **{f"status {status}": lambda ids, dimension, status=status: proxy.error(status, "no")
       for status in (301, 400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504)},
    "a page of something before it": lambda ids, dimension: proxy.page(502),
    **{what: lambda ids, dimension, text=text: (200, {}, text) for what, text in {
        "nothing": b"", "no JSON": b"<html>", "no object": b"[1]", "a null": b"null", "no ids": b"{}",
        "half an answer": b'{"ids":["a"],"embeddings":[[0.5', "depth": b"[" * 100_000,
        "no UTF-8": b'{"ids":["\xff"],"embeddings":[[0.5]]}'}.items()},
    "no records": lambda ids, dimension: rows([], []),
    "no embeddings": lambda ids, dimension: rows(ids, None),
    "fewer embeddings": lambda ids, dimension: rows(ids, [[0.5] * dimension]),
    "another dimension": lambda ids, dimension: rows(ids, [[0.5] * (dimension + 1)] * len(ids)),
    "records twice": lambda ids, dimension: rows(2 * ids, [[0.5] * dimension] * 2 * len(ids)),
    **{what: lambda ids, dimension, number=number: rows(ids, [[number] * dimension] * len(ids)) for what, number in {
        "no numbers": None, "texts": "0.5", "not a number": float("nan"), "infinity": float("inf"),
        "more than a float has": 1e300}.items()},
}


def rows(ids, embeddings):
    return 200, {"Content-Type": "application/json"}, json.dumps({"ids": ids, "embeddings": embeddings}).encode()


def test_an_audit_that_fails_is_never_a_pass(chroma, driftwatch, ends, name):
    """Whatever goes wrong with it, the gate says so, and why."""
    vectors = tools.unit_vectors(20, DIMENSION, seed=5)
    ids = [f"r{i}" for i in range(20)]
    chroma.create(name)
    chroma.upsert(name, ids, vectors)
    before = ends(proxy.Proxy(chroma.url))
    driftwatch.server(before.url)
    driftwatch.watch(name, [{"id": "q", "text": "x", "expect": {"ids": ["r0"]}}], {"q": vectors[0]}, results=K)
    driftwatch.write()
    assert driftwatch.check("--audit")[0] == 0
    assert len(BROKEN) >= 27
    for what, answer in BROKEN.items():
        before.rules[:] = [lambda method, path, body, answer=answer:
                           answer(ids, DIMENSION) if body.get("include") == ["embeddings"] else None]
        status, report = driftwatch.check("--audit")
        collection, = report["collections"]
        assert (status, report["verdict"], collection["verdict"]) == (3, "unmeasured", "unmeasured"), what
        assert name in collection["audit"]["error"] and collection["audit"]["recall"] is None, what
        assert {query["outcome"] for query in collection["queries"]} == {"pass"}, what


def test_records_that_are_gone(chroma, driftwatch, look, name):
    chroma.create(name)
    vectors = records(RECORDS)
    fill(chroma, name, vectors)
    watch(chroma, driftwatch, name, vectors)
    chroma.delete(name, ["r1", "r2"])
    found = look(driftwatch)
    assert found["probe_gone"] == 2
    assert found["audit_records"] == RECORDS - 2


def replace_half(chroma, name, ids, random, generation):
    """Deletes the older half and adds as many; the ids that are there now."""
    half = len(ids) // 2
    chroma.delete(name, ids[:half])
    added = [f"g{generation}-{i}" for i in range(half)]
    chroma.upsert(name, added, random.normal(size=(half, DIMENSION)))
    return ids[half:] + added


def test_delete_all_and_add_again(chroma, driftwatch, look, name):
    """What it does to an index is chance: mostly more than a percent is unreachable, and once in eight tries surely."""
    random = numpy.random.default_rng(7)
    vectors = random.normal(size=(RECORDS // 2, DIMENSION)).astype(numpy.float32)
    watch(chroma, driftwatch, name, vectors)
    for _ in range(8):
        chroma.create(name)
        ids = [f"first-{i}" for i in range(RECORDS)]
        chroma.upsert(name, ids, random.normal(size=(RECORDS, DIMENSION)))
        for generation in range(3):
            ids = replace_half(chroma, name, ids, random, generation)
        chroma.delete(name, ids)
        fill(chroma, name, vectors)
        found = look(driftwatch)
        assert found["probe_gone"] == 0 and found["audit_records"] == len(vectors)
        if found["probe_unreachable"] > len(vectors) / 100:
            break
        chroma.drop(name)
    answer = chroma.call("POST", f"/{chroma.id(name)}/query", {
        "query_embeddings": vectors[:1].astype(float).tolist(), "n_results": len(vectors), "include": []})
    assert found["probe_unreachable"] == len(vectors) - len(answer["ids"][0]) > len(vectors) / 100


def test_a_lost_segment(own_chroma, driftwatch, look, name):
    """Its files are gone: the server counts every record and says it is healthy, but finds only the newest."""
    own_chroma.create(name)
    vectors = records(RECORDS + 500)
    fill(own_chroma, name, vectors)
    watch(own_chroma, driftwatch, name, vectors)
    assert look(driftwatch)["probe_unreachable"] < RECORDS / 100
    own_chroma.stop()
    segments = [one for one in (own_chroma.directory / "data").iterdir() if one.is_dir()]
    assert segments
    for segment in segments:
        shutil.rmtree(segment)
    own_chroma.start()
    found = look(driftwatch, "reading embeddings: HTTP 500")
    assert found["probe_unreachable"] > 0.9 * RECORDS
    assert found["probe_gone"] == 0 and found["probe_lost"] == QUERIES and found["probe_self"] == 0
    assert found["probe_recall"] > 0.9  # a larger k finds nothing besides: recall cannot see this
