# SPDX-License-Identifier: Apache-2.0
"""Filters against a real Chroma: `validate` refuses only what the server refuses, and one query that the server
refuses all the same blinds no other."""
import re

import pytest
import requests

import tools

REFUSED = {
    "where": [
        {"k": "v", "n": 1}, {"$and": [{"k": "v"}], "k": "v"}, {"$and": [{"k": "v", "n": 1}]}, {"$and": {"k": "v"}},
        {"$and": [{}]}, {"$or": [1]}, {"k": None}, {"k": ["v"]}, {"k": {}}, {"k": {"$gt": 1, "$lt": 2}},
        {"k": {"$like": "v"}}, {"k": {"eq": "v"}}, {"k": {"$regex": "v"}}, {"k": {"$not_regex": "v"}},
        {"k": {"$eq": None}}, {"k": {"$eq": ["v"]}}, {"k": {"$gt": "a"}}, {"k": {"$lte": True}}, {"k": {"$in": []}},
        {"k": {"$nin": []}}, {"k": {"$in": "v"}}, {"k": {"$in": ["v", 1]}}, {"n": {"$in": [1, 1.5]}},
        {"t": {"$nin": [True, 1]}}, {"k": {"$in": [None]}}, {"k": {"$in": [["v"]]}}, {"$not": {"k": "v"}},
    ],
    "where_document": [
        {"$contains": "a", "$not_contains": "b"}, {"$contains": 1}, {"$contains": None}, {"$contains": ["a"]},
        {"$eq": "a"}, {"text": "a"}, {"$and": {"$contains": "a"}}, {"$and": [{}]}, {"$not": {"$contains": "a"}},
    ],
}
TAKEN = {
    "where": [
        {"k": "v"}, {"n": 1}, {"f": 1.5}, {"t": True}, {"k": {"$eq": "v"}}, {"k": {"$ne": "v"}}, {"n": {"$gte": 1}},
        {"f": {"$lt": 0.5}}, {"k": {"$in": ["v", "w"]}}, {"t": {"$in": [True, False]}}, {"n": {"$nin": [1, 2]}},
        {"$and": [{"k": "v"}]}, {"$or": [{"k": "v"}, {"$and": [{"n": 1}, {"k": "v"}]}]}, {"$and": []},
    ],
    "where_document": [
        {"$contains": "a"}, {"$not_contains": "a"}, {"$regex": "^a.*b$"}, {"$not_regex": "a"}, {"$contains": ""},
        {"$or": [{"$contains": "a"}, {"$and": [{"$regex": "a"}]}]},
    ],
}


@pytest.fixture
def watched(chroma, driftwatch, name):
    """watch(queries): a collection of 20 records, each of which its query expects."""
    questions, records = tools.axes([0.5] * 20)
    chroma.create(name)
    chroma.upsert(name, [f"r{i}" for i in range(20)], records, [{"n": i, "k": "v"} for i in range(20)])
    driftwatch.server(chroma.url)

    def watch(changes, **keys):
        driftwatch.watch(name, [{"id": f"q{i}", "text": f"Question {i}?", "expect": {"ids": [f"r{i}"]},
                                 **changes.get(i, {})} for i in range(20)],
                         {f"q{i}": row for i, row in enumerate(questions)}, **keys)
        driftwatch.write()
    return watch


def only(report):
    collection, = report["collections"]
    return collection


def status(chroma, name, key, filter_):
    return requests.post(f"{chroma.base}/{chroma.id(name)}/query", timeout=10, json={
        "query_embeddings": [[1.0] + [0.0] * 39], "n_results": 1, "include": [], key: filter_}).status_code


@pytest.mark.parametrize("key", ["where", "where_document"])
def test_validate_refuses_what_chroma_refuses(watched, chroma, driftwatch, name, key):
    for filter_ in REFUSED[key]:
        watched({3: {key: filter_}})
        done = driftwatch.run("validate")
        assert done.returncode == 2, filter_
        assert f"{name}.queries.yaml:" in done.stderr and f": queries[3].{key}: " in done.stderr, done.stderr
        assert status(chroma, name, key, filter_) == 400, filter_
        driftwatch.config["collections"].clear()


@pytest.mark.parametrize("key", ["where", "where_document"])
def test_validate_takes_what_chroma_takes(watched, chroma, driftwatch, name, key):
    for filter_ in TAKEN[key]:
        watched({3: {key: filter_}})
        done = driftwatch.run("validate")
        assert done.returncode == 0, (filter_, done.stderr)
        assert status(chroma, name, key, filter_) == 200, filter_
        driftwatch.config["collections"].clear()


# A look-ahead: validate cannot know the server's regular expressions.
LOOK_AHEAD = {"where_document": {"$regex": "(?=a)"}}


def test_a_refused_query_blinds_no_other(watched, chroma, driftwatch, name):
    watched({7: LOOK_AHEAD})
    chroma.delete(name, ["r3"])
    code, report = driftwatch.check()
    collection, = report["collections"]
    outcomes = {query["id"]: query["outcome"] for query in collection["queries"]}
    assert [key for key, outcome in outcomes.items() if outcome != "pass"] == ["q3", "q7"]
    assert (outcomes["q3"], outcomes["q7"]) == ("fail", "unmeasured")
    assert code == 1 and collection["cause"] != "TRANSPORT"
    reason = next(query["reason"] for query in collection["queries"] if query["id"] == "q7")
    assert 'query "q7" with where_document {"$regex":"(?=a)"} was refused: HTTP 400: Regex syntax' in reason
    assert "no such record exists any more" in next(
        query["reason"] for query in collection["queries"] if query["id"] == "q3")


def test_the_daemon_probes_and_replays_on(watched, driftwatch, name):
    watched({7: LOOK_AHEAD}, interval="1s")
    driftwatch.start()
    tools.poll(lambda: driftwatch.metric("driftwatch_collection_unreachable_records", collection=name) == 0,
               "a probe")
    tools.poll(lambda: driftwatch.metric("driftwatch_replays_total", collection=name) >= 4, "four replays", 8)
    assert driftwatch.metric("driftwatch_queries", collection=name, outcome="unmeasured") == 1
    assert driftwatch.metric("driftwatch_queries", collection=name, outcome="pass") == 19
    assert not driftwatch.alerts()


def test_a_filter_that_matches_nothing_any_more(watched, chroma, driftwatch, name):
    # yaml.safe_dump() would write one object in several places as an alias.
    watched({0: {"where": {"k": "v"}}, 1: {"where": {"k": "v"}, "expect": {"metadata": {"n": 1}}},
             2: {"where": {"k": "v"}, "expect": {"distance": {"min": 1.0}}}})
    assert driftwatch.check()[0] == 1, "the negative control finds something while the filter does"
    records = chroma.vectors(name)
    chroma.upsert(name, list(records), list(records.values()), [{"n": i, "k": "w"} for i in range(20)])
    code, report = driftwatch.check()
    reasons = {query["id"]: query["reason"] for query in only(report)["queries"] if query["outcome"] != "pass"}
    assert code == 1 and list(reasons) == ["q0", "q1"], reasons
    for reason in reasons.values():
        assert reason == ("the filter matches no record; the collection holds such a record, but the filter excludes "
                          "it"), reason


@pytest.mark.parametrize("key, sentence", [
    ("database", 'tenant "default_tenant" has no database "nosuch"; it has 1 database: default_database'),
    ("tenant", 'the server has no tenant "nosuch"'),
])
def test_a_wrong_place_is_told_what_exists(watched, driftwatch, key, sentence):
    watched({})
    driftwatch.config["servers"][0][key] = "nosuch"
    driftwatch.write()
    done = driftwatch.run("check")
    assert done.returncode == 3 and sentence in done.stdout, done.stdout


def test_a_wrong_name_is_told_the_nearest(watched, driftwatch, name):
    watched({})
    driftwatch.config["collections"][0]["name"] = name[:-1] + "_"
    driftwatch.write()
    done = driftwatch.run("check")
    assert done.returncode == 3
    found = r'database "default_database" of tenant "default_tenant" has \d+ collections?(; nearest)?: '
    assert re.search(found + name, done.stdout), done.stdout
