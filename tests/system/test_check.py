# SPDX-License-Identifier: Apache-2.0
"""`driftwatch check` against a real Chroma: what it measures, and what its exit status says."""
import base64
import json
import re
import time

import numpy
import pytest

import releases
import tools

pytestmark = pytest.mark.releases(*releases.ALL)

DIMENSION = 24
PASS, FAILED, USAGE, UNMEASURED = 0, 1, 2, 3


@pytest.fixture
def corpus(chroma, name):
    """corpus(space): a fresh collection of two hundred records; their stored vectors by id."""
    def make(space="l2"):
        chroma.create(name, space)
        vectors = tools.unit_vectors(200, DIMENSION, seed=1)
        if space != "l2":
            # Of different lengths, so that forgetting to normalise would show.
            vectors *= numpy.linspace(0.5, 2, 200, dtype=numpy.float32)[:, None]
        chroma.upsert(name, [f"r{i}" for i in range(200)], vectors, [{"n": i} for i in range(200)])
        return chroma.vectors(name)
    return make


@pytest.fixture
def one_query(chroma, driftwatch, corpus, name):
    """Watches the fresh collection with one query: record r7, at 0.5 from it, within the first three."""
    def make(**expect):
        records = corpus()
        question = tools.at_distance(records["r7"], 0.5, seed=3)
        driftwatch.server(chroma.url)
        driftwatch.watch(name, [{
            "id": "seventh", "text": "Where is the seventh?",
            "expect": {"ids": ["r7"], "within": 3, "distance": {"min": 0.4, "max": 0.6}, **expect},
        }], {"seventh": question}, timeout="1s")
        driftwatch.write()
        return question
    return make


def distances(space, records, query):
    """numpy's own, in double precision, of every record."""
    rows = numpy.array(list(records.values()), dtype=float)
    query = numpy.asarray(query, dtype=numpy.float32).astype(float)
    if space == "l2":
        return ((rows - query) ** 2).sum(axis=1)
    if space == "ip":
        return 1 - rows @ query
    return 1 - rows @ query / numpy.linalg.norm(rows, axis=1) / numpy.linalg.norm(query)


def only_query(report):
    collection, = report["collections"]
    query, = collection["queries"]
    return query


@pytest.mark.parametrize("space", ["l2", "cosine", "ip"])
def test_distances_are_those_of_the_stored_vectors(chroma, driftwatch, corpus, name, space):
    records = corpus(space)
    questions = tools.unit_vectors(20, DIMENSION, seed=2)
    queries = [{"id": f"q{i}", "text": f"question {i}", "expect": {"ids": [f"r{i}"]}} for i in range(20)]
    driftwatch.server(chroma.url)
    driftwatch.watch(name, queries, {f"q{i}": row for i, row in enumerate(questions)}, results=200)
    driftwatch.write()
    status, report = driftwatch.check()
    collection, = report["collections"]
    assert (status, collection["records"], len(collection["queries"])) == (PASS, 200, 20)
    ids = list(records)
    for i, query in enumerate(collection["queries"]):
        own = dict(zip(ids, distances(space, records, questions[i])))
        measured = dict(zip(query["ids"], query["distances"]))
        assert len(measured) > 190, "nearly every record is reachable"
        # Beyond 1e-6: inner products cancel, so that 1 - dot near 0 has no relative precision left.
        assert measured == pytest.approx({key: own[key] for key in measured}, rel=1e-6, abs=5e-7)
        assert query["expected_distance"] == pytest.approx(own[f"r{i}"], rel=1e-6, abs=5e-7)
        assert query["expected_rank"] == 1 + query["ids"].index(f"r{i}")
        assert query["distance"] == query["distances"][0]
        assert query["distances"] == sorted(query["distances"])


def test_pass(one_query, driftwatch, name):
    one_query()
    status, report = driftwatch.check()
    query = only_query(report)
    assert (status, report["verdict"], report["exit_status"]) == (PASS, "pass", PASS)
    assert report["collections"][0]["collection"] == name
    assert report["collections"][0]["server"] == "main"
    assert (query["id"], query["outcome"], query["band"]) == ("seventh", "pass", "excellent")
    assert (query["ids"][0], query["expected_rank"], query["reason"]) == ("r7", 1, "")
    assert query["distance"] == pytest.approx(0.5, rel=1e-5)
    assert query["baseline_distance"] is None, "what is unknown is null"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", report["started"])
    assert 0 < report["duration_seconds"] < 5


def test_a_deleted_record_fails(one_query, chroma, driftwatch, name):
    one_query()
    chroma.delete(name, ["r7"])
    status, report = driftwatch.check()
    query = only_query(report)
    assert (status, report["verdict"], query["outcome"]) == (FAILED, "fail", "fail")
    assert (query["expected_rank"], query["expected_distance"]) == (None, None)
    assert len(query["reason"].split()) > 3
    assert driftwatch.check("--fail-on=fail")[0] == FAILED


def test_a_disturbed_record_drifts(one_query, chroma, driftwatch, name):
    question = one_query()
    chroma.upsert(name, ["r7"], [tools.at_distance(question, 0.7, seed=4)])
    status, report = driftwatch.check()
    query = only_query(report)
    assert (status, report["verdict"], query["outcome"]) == (FAILED, "fail", "drift")
    assert query["expected_distance"] == pytest.approx(0.7, rel=1e-5)
    assert "0.7" in query["reason"] and "0.6" in query["reason"], query["reason"]
    status, report = driftwatch.check("--fail-on=fail")
    assert (status, report["verdict"], only_query(report)["outcome"]) == (PASS, "pass", "drift")


def test_a_record_too_far_down_fails(one_query, chroma, driftwatch, name):
    question = one_query()
    chroma.upsert(name, ["a", "b", "c"], [tools.at_distance(question, 0.2, seed=i) for i in range(3)])
    status, report = driftwatch.check()
    query = only_query(report)
    assert (status, query["outcome"], query["expected_rank"]) == (FAILED, "fail", 4)


def test_metadata_and_filters(chroma, driftwatch, corpus, name):
    records = corpus()
    driftwatch.server(chroma.url)
    question = tools.at_distance(records["r7"], 0.1)
    driftwatch.watch(name, [
        {"id": "matched", "text": "?", "expect": {"metadata": {"n": 7}, "within": 1}},
        {"id": "filtered", "text": "?", "where": {"n": {"$gte": 100}}, "expect": {"metadata": {"n": 7}}},
        {"id": "one-of", "text": "?", "where": {"n": {"$gte": 100}}, "expect": {"ids": ["r7", "r150"]}},
    ], {key: question for key in ("matched", "filtered", "one-of")}, results=150)
    driftwatch.write()
    status, report = driftwatch.check()
    queries = {query["id"]: query for query in report["collections"][0]["queries"]}
    assert status == FAILED
    assert {key: query["outcome"] for key, query in queries.items()} == {
        "matched": "pass", "filtered": "fail", "one-of": "pass"}
    assert all(int(record[1:]) >= 100 for record in queries["filtered"]["ids"])


def test_several_collections(chroma, driftwatch, corpus, name):
    records = corpus()
    driftwatch.server(chroma.url)
    chroma.create(f"{name}_2")
    chroma.upsert(f"{name}_2", ["r7"], [records["r8"]])
    for collection in name, f"{name}_2":
        driftwatch.watch(collection, [{"id": "x", "text": "?", "expect": {"distance": {"max": 0.1}}}],
                         {"x": records["r7"]})
    driftwatch.write()
    status, report = driftwatch.check()
    assert (status, {c["collection"]: c["verdict"] for c in report["collections"]}) == (
        FAILED, {name: "pass", f"{name}_2": "fail"})
    status, report = driftwatch.check("--collection", name)
    assert (status, [c["collection"] for c in report["collections"]]) == (PASS, [name])
    done = driftwatch.run("check", "--collection=nosuch")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "nosuch" in done.stderr


def test_text_format(one_query, chroma, driftwatch, name):
    one_query()
    done = driftwatch.run("check")
    assert (done.returncode, done.stderr) == (PASS, "")
    assert name in done.stdout and "pass" in done.stdout.lower()
    chroma.delete(name, ["r7"])
    done = driftwatch.run("check", "--format", "text")
    assert done.returncode == FAILED
    assert re.search(r"(?i)\bfail\b.*\bseventh\b|\bseventh\b.*\bfail\b", done.stdout), done.stdout


def test_a_frozen_server_is_not_measured(one_query, own_chroma, driftwatch, name):
    one_query()
    driftwatch.config["servers"][0]["url"] = own_chroma.url
    driftwatch.write()
    own_chroma.freeze()
    begin = time.monotonic()
    status, report = driftwatch.check()
    took = time.monotonic() - begin
    assert (status, report["verdict"], report["exit_status"]) == (UNMEASURED, "unmeasured", UNMEASURED)
    assert took < 4, "the timeout is one second"
    query = only_query(report)
    assert (query["outcome"], query["distance"], query["band"]) == ("unmeasured", None, None)
    assert query["reason"]
    assert report["collections"][0]["records"] is None


def test_an_absent_server_or_collection_is_not_measured(one_query, chroma, driftwatch, name):
    one_query()
    chroma.drop(name)
    done = driftwatch.run("check")
    assert done.returncode == UNMEASURED
    assert name in done.stdout + done.stderr
    url = f"http://127.0.0.1:{tools.free_port()}"
    driftwatch.config["servers"][0]["url"] = url
    driftwatch.write()
    done = driftwatch.run("check")
    assert done.returncode == UNMEASURED
    assert url in done.stdout + done.stderr, done.stdout + done.stderr


@pytest.mark.releases(releases.OLDER)
def test_a_null_distance_is_not_measured(chroma, driftwatch, name):
    """The older Chroma accepts a vector of NaN in base64 and answers null as its distance. Read as a number, null is
    0: a perfect match. The newer one refuses the vector."""
    chroma.create(name)
    chroma.upsert(name, ["good"], [[1.0, 0.0, 0.0]])
    broken = base64.b64encode(numpy.full(3, numpy.nan, dtype="<f4").tobytes()).decode()
    chroma.call("POST", f"/{chroma.id(name)}/add", {"ids": ["broken"], "embeddings": [broken]})
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": "x", "text": "?", "expect": {"ids": ["broken"]}}], {"x": [1, 0, 0]})
    driftwatch.write()
    status, report = driftwatch.check()
    assert (status, only_query(report)["outcome"]) == (UNMEASURED, "unmeasured")
    assert "null" in only_query(report)["reason"]


def test_a_vector_of_another_dimension_is_not_measured(chroma, driftwatch, corpus, name):
    corpus()
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": "x", "text": "?", "expect": {"ids": ["r1"]}}], {"x": [1.0, 0.0]})
    driftwatch.write()
    done = driftwatch.run("check")
    assert done.returncode in (USAGE, UNMEASURED)
    assert f"use vectors of the model that embedded the collection ({DIMENSION}), not 2" in done.stdout
    assert "METRIC" not in done.stdout and "ecreate" not in done.stdout


def test_a_misspelt_key_has_its_place_and_the_nearest_key(one_query, driftwatch, name):
    one_query()
    text = driftwatch.config_file.read_text().replace("queries:", "querys:")
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "querys:" in row)
    driftwatch.write(text)
    for command in "check", "validate":
        done = driftwatch.run(command)
        assert (done.returncode, done.stdout) == (USAGE, "")
        assert re.search(rf"driftwatch\.yaml:{line}:3: collections\[0\].*querys", done.stderr), done.stderr
        assert '"queries"' in done.stderr


def test_validate_prints_every_error(one_query, driftwatch, name):
    one_query()
    assert driftwatch.run("validate").returncode == 0
    text = driftwatch.config_file.read_text().replace("timeout: 1s", "timeout: soon\n  results: -3")
    driftwatch.write(text + "surprise: 1\n")
    driftwatch.write_queries(name, [{"id": "a", "text": "?"}, {"id": "a", "text": "?"}])
    done = driftwatch.run("validate")
    assert done.returncode == USAGE
    for word in '"soon"', "results", "surprise", f"{name}.queries.yaml":
        assert word in done.stderr
    assert all(re.match(r"\S+:\d+:\d+: ", row) for row in done.stderr.splitlines()), done.stderr


def test_an_empty_query_set_is_never_green(one_query, driftwatch, name):
    one_query()
    driftwatch.write_queries(name, [])
    done = driftwatch.run("check")
    assert done.returncode in (USAGE, UNMEASURED)
    assert done.returncode == USAGE and f"{name}.queries.yaml" in done.stderr


def test_a_query_without_a_vector_is_an_error(one_query, driftwatch, name):
    one_query()
    driftwatch.write_vectors(name, {"another": [1.0] * DIMENSION})
    done = driftwatch.run("validate")
    assert done.returncode == USAGE
    assert "seventh" in done.stderr


@pytest.mark.parametrize("flags", [
    ["--fromat=json"], ["--format=yaml"], ["--fail-on=sometimes"], ["superfluous"]])
def test_usage(one_query, driftwatch, flags):
    one_query()
    done = driftwatch.run("check", *flags)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert flags[0].split("=")[0] in done.stderr


def test_an_absent_configuration(driftwatch):
    done = driftwatch.run("check")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert str(driftwatch.config_file) in done.stderr


def test_the_demonstration_is_green(chroma, build, source, tmp_path, name):
    """The query set that is delivered, on the collection that is delivered."""
    demo = source / "config" / "demo"
    records = json.loads((demo / "records.json").read_text())
    chroma.create("original_agents")
    chroma.upsert("original_agents", records["ids"], records["embeddings"], records["metadatas"])
    program = tools.Driftwatch(build, tmp_path / "demo")
    program.config["servers"] = [{"name": "main", "url": chroma.url}]
    program.config["collections"] = [{
        "name": "original_agents", "server": "main", "queries": str(demo / "queries.yaml"),
        "vectors": str(demo / "vectors.json")}]
    program.write()
    status, report = program.check()
    assert [q for q in report["collections"][0]["queries"] if q["outcome"] != "pass"] == []
    assert status == PASS
