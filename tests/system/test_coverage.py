# SPDX-License-Identifier: Apache-2.0
"""`driftwatch coverage` against a real Chroma."""
import json

import pytest
import yaml

import tools


@pytest.fixture
def watched(chroma, driftwatch, name):
    """2500 records, more than two pages: ten files of which two are expected, and 20 records without one."""
    chroma.create(name)
    vectors = tools.unit_vectors(2500, 4, seed=1)
    metadatas = [{"file": f"f{i % 10}.md"} if i >= 20 else {"other": i} for i in range(2500)]
    for i in range(0, 2500, 500):
        chroma.upsert(name, [f"r{k}" for k in range(i, i + 500)], vectors[i:i + 500], metadatas[i:i + 500])
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [
        {"id": "a", "text": "a", "expect": {"metadata": {"file": "f1.md"}}},
        {"id": "b", "text": "b", "expect": {"ids": ["r22"]}},
    ], {"a": vectors[21], "b": vectors[22]})
    driftwatch.write()
    return driftwatch


def coverage(program, name, *flags):
    return program.run("coverage", f"--collection={name}", *flags)


def test_lists_what_nobody_watches(watched, name):
    done = coverage(watched, name, "--by=metadata.file", "--format=json")
    report = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (report["records"], report["records_without_key"]) == (2500, 20)
    assert report["watched_values_share"] == pytest.approx(0.2)
    assert report["watched_records_share"] == pytest.approx(0.2)
    values = report["values"]
    assert {v["value"] for v in values if v["watched"]} == {"f1.md", "f2.md"}
    assert [v["watched"] for v in values] == [False] * 8 + [True] * 2
    assert sum(v["records"] for v in values) == 2480
    done = coverage(watched, name, "--by=metadata.file")
    assert "20.0 % of the values" in done.stdout and "20 of 2500 records have no metadata.file" in done.stdout


@pytest.mark.parametrize("share, status", [("0.2", 0), ("0.21", 1)])
def test_fail_under(watched, name, share, status):
    assert coverage(watched, name, "--by=metadata.file", f"--fail-under={share}").returncode == status


def test_a_lost_value(watched, chroma, name, tmp_path):
    """One that no query watches is said, and fails the step; the gate has nothing to say of it."""
    earlier = tmp_path / "coverage.json"
    earlier.write_text(coverage(watched, name, "--by=metadata.file", "--format=json").stdout)
    flags = "--by=metadata.file", f"--compare={earlier}"
    done = coverage(watched, name, *flags)
    assert (done.returncode, done.stderr) == (0, "") and "  lost  " not in done.stdout
    chroma.delete(name, [f"r{i}" for i in range(33, 2500, 10)])
    done = coverage(watched, name, *flags)
    assert (done.returncode, done.stderr) == (0, "")  # r23 is left
    chroma.delete(name, ["r23"])
    done = coverage(watched, name, *flags)
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 value that had records has none any more\n  lost             0  f3.md (248 before, unwatched)\n" \
        in done.stdout
    assert watched.run("check", "--no-baseline").returncode == 0
    done = coverage(watched, name, *flags, "--format=json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["lost_values"]) == (1, 1)
    assert report["values"][0] == {"value": "f3.md", "records": 0, "watched": False, "records_before": 248}
    # Accepted: from now on this is how it is.
    earlier.write_text(done.stdout)
    assert coverage(watched, name, *flags).returncode == 0
    chroma.delete(name, [f"r{i}" for i in range(20, 2500)])
    done = coverage(watched, name, *flags)
    assert done.returncode == 1 and "9 values that had records" in done.stdout


@pytest.mark.parametrize("content, words", [
    (None, "No such file"), ("{", "earlier.json:1:"), ("{}", "is not what driftwatch coverage --format=json printed")])
def test_nothing_to_compare_with(watched, name, tmp_path, content, words):
    earlier = tmp_path / "earlier.json"
    if content is not None:
        earlier.write_text(content)
    done = coverage(watched, name, "--by=metadata.file", f"--compare={earlier}")
    assert (done.returncode, done.stdout) == (2, "") and "--compare: " in done.stderr and words in done.stderr


@pytest.mark.parametrize("flags, words", [
    ([], "--by"), (["--by=file"], "metadata.KEY"), (["--by=metadata.file", "--fail-under=2"], "--fail-under"),
    (["--by=metadata.file", "--format=xml"], "xml"),
    (["--by=metadata.file", "--collection=x"], "watches no collection")])
def test_usage(watched, name, flags, words):
    done = coverage(watched, name, *flags)
    assert (done.returncode, done.stdout) == (2, "") and words in done.stderr


def test_needs_no_name_where_there_is_one_collection(watched, chroma, name):
    done = watched.run("coverage", "--by=metadata.file")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(f"{name} by metadata.file: 20.0 %")
    watched.watch("other", [{"id": "a", "text": "a"}], {"a": [1, 0, 0, 0]})
    watched.write()
    done = watched.run("coverage", "--by=metadata.file")
    assert (done.returncode, done.stdout) == (2, "") and "one of them" in done.stderr


def test_an_agent_that_the_demonstration_does_not_watch(chroma, driftwatch, source, name):
    demo = source / "config/demo"
    records, vectors = (json.loads((demo / file).read_text()) for file in ("records.json", "vectors.json"))
    queries = yaml.safe_load((demo / "queries.yaml").read_text())["queries"]
    chroma.create(name)
    chroma.upsert(name, records["ids"], records["embeddings"], records["metadatas"])
    driftwatch.server(chroma.url)
    driftwatch.watch(name, queries, vectors["vectors"])
    driftwatch.write()

    def report():
        done = coverage(driftwatch, name, "--by=metadata.filename", "--fail-under=1.0", "--format=json")
        return done.returncode, json.loads(done.stdout)
    status, found = report()
    assert (status, found["watched_records_share"]) == (0, 1) and len(found["values"]) == 24
    ids = [f"astronomer.md#{i}" for i in range(3)]
    chroma.upsert(name, ids, tools.unit_vectors(3, 96, seed=1), [{"filename": "astronomer.md"}] * 3)
    status, found = report()
    assert (status, found["values"][0]) == (
        1, {"value": "astronomer.md", "records": 3, "watched": False, "records_before": None})
    assert found["watched_values_share"] == pytest.approx(24 / 25)
    stars = {"id": "stars", "text": "Which star is next?", "expect": {"metadata": {"filename": "astronomer.md"}}}
    driftwatch.write_queries(name, [*queries, stars])
    driftwatch.write_vectors(name, {**vectors["vectors"], "stars": vectors["vectors"][queries[0]["id"]]})
    assert report()[0] == 0


def test_not_measured(watched, chroma, name):
    done = coverage(watched, name, "--by=metadata.nosuch")
    assert done.returncode == 3 and "metadata.nosuch" in done.stderr
    chroma.drop(name)
    done = coverage(watched, name, "--by=metadata.file")
    assert (done.returncode, done.stdout) == (3, "") and name in done.stderr
