# SPDX-License-Identifier: Apache-2.0
"""`driftwatch import`: judgements that other tools' writers wrote come back as they were, and a set in BEIR's shape is
measured on a real Chroma as trec_eval would measure it."""
import csv
import io
import json
import math
import pathlib
import random
import subprocess

import numpy
import pytest
import yaml

import tools

DONE, LOSSES, USAGE = 0, 1, 2
QUERIES, RECORDS, DIMENSION, K = 300, 5000, 32, 10


def run(build, *arguments):
    return subprocess.run([pathlib.Path(build) / "driftwatch", "import", *map(str, arguments)], capture_output=True,
                          text=True, timeout=60)


def judgements(seed, grades=(0, 1, 2, 3)):
    """{query: {record: grade}} with texts and ids that each format has to quote."""
    chosen = random.Random(seed)
    words = ["leave", 'say "hi"', "a, b", "semi;colon", "Übersicht", "日本語", "it's", "100 %", "# no comment", "x: y"]
    found = {}
    for i in range(20):
        text = f"{' '.join(chosen.sample(words, 3))} {i}?"
        ids = chosen.sample([f"doc {n}, \"{n}\"" for n in range(5)] + [f"policy.md#{n}" for n in range(5)] +
                            [str(n) for n in range(5)] + ["~", "null", "yes", "a: b", "[x]"], chosen.randint(1, 8))
        found[text] = {ids[0]: max(grades), **{one: chosen.choice(grades) for one in ids[1:]}}
    return found


def rows(found):
    return [(text, record, grade) for text, grades in found.items() for record, grade in grades.items()]


def table(headings, lines, **dialect):
    out = io.StringIO()
    writer = csv.writer(out, **dialect)
    writer.writerows([headings, *lines])
    return out.getvalue()


def as_csv(found, directory):
    (directory / "f.csv").write_text("\ufeff" + table(["rating", "query", "docid"], [
        (grade, text, record) for text, record, grade in rows(found)]), newline="")
    return ["csv", directory / "f.csv"]


def as_semicolons(found, directory):
    (directory / "f.csv").write_text(table(["Query Text", "Doc ID", "Rating"], rows(found), delimiter=";"), newline="")
    return ["csv", directory / "f.csv"]


def as_jsonl(found, directory):
    (directory / "f.jsonl").write_text("".join(
        json.dumps({"query": text, "docid": record, "rating": grade}) + "\n" for text, record, grade in rows(found)))
    return ["jsonl", directory / "f.jsonl"]


def as_beir(found, directory):
    (directory / "qrels").mkdir()
    (directory / "queries.jsonl").write_text("".join(
        json.dumps({"_id": f"q{i}", "text": text, "metadata": {}}, ensure_ascii=False) + "\n"
        for i, text in enumerate(found)))
    (directory / "qrels/test.tsv").write_text(table(["query-id", "corpus-id", "score"], [
        (f"q{i}", record, grade) for i, grades in enumerate(found.values()) for record, grade in grades.items()],
        delimiter="\t"), newline="")
    return ["beir", directory]


def as_trec(found, directory):
    """Its ids hold no blanks, and its texts are XML's."""
    (directory / "qrels").write_text("".join(
        f"{400 + i} 0 {record.replace(' ', '_')} {grade}\n"
        for i, grades in enumerate(found.values()) for record, grade in grades.items()))
    (directory / "topics").write_text("".join(
        f"<top>\n<num> Number: {400 + i}\n<title> {text.replace('&', '&amp;')}\n<desc> Description:\nwhat\n</top>\n\n"
        for i, text in enumerate(found)))
    return ["trec", directory / "qrels", f"--topics={directory / 'topics'}"]


def as_quepid_case(found, directory):
    (directory / "case.json").write_text(json.dumps({"case_name": "c", "scorer": {"scale": [0, 3]}, "queries": [
        {"query_text": text, "notes": None, "options": {}, "ratings": [
            {"doc_id": record, "rating": float(grade), "user_email": "a@example.org"}
            for record, grade in grades.items()]}
        for text, grades in found.items()]}))
    return ["quepid", directory / "case.json"]


def as_quepid_table(found, directory):
    """With blanks before what a spreadsheet would take for a formula."""
    (directory / "basic.csv").write_text(table(["query", "docid", "rating"], [
        (" " + text, record, float(grade)) for text, record, grade in rows(found)], lineterminator="\n")[:-1])
    return ["quepid", directory / "basic.csv"]


GRADED = [as_csv, as_semicolons, as_jsonl, as_beir, as_trec, as_quepid_case, as_quepid_table]


def as_ragas_table(found, directory):
    """As its to_csv() does: a list is printed as Python prints it."""
    with (directory / "f.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=["user_input", "reference_context_ids", "reference"])
        writer.writeheader()
        for text, grades in found.items():
            writer.writerow({"user_input": text, "reference_context_ids": list(grades), "reference": "x"})
    return ["ragas", directory / "f.csv"]


def as_ragas_lines(found, directory):
    (directory / "f.jsonl").write_text("".join(json.dumps({
        "user_input": text, "reference_context_ids": list(grades)}, ensure_ascii=False) + "\n"
        for text, grades in found.items()))
    return ["ragas", directory / "f.jsonl"]


def as_ragas_list(found, directory):
    (directory / "f.json").write_text(json.dumps(
        [{"user_input": text, "reference_context_ids": list(grades)} for text, grades in found.items()], indent=1))
    return ["ragas", directory / "f.json"]


def as_promptfoo(found, directory):
    (directory / "f.yaml").write_text(yaml.safe_dump({"description": "d", "tests": [
        {"vars": {"query": text, "expected_ids": list(grades)}, "assert": [{"type": "contains", "value": "x"}]}
        for text, grades in found.items()]}, allow_unicode=True))
    return ["promptfoo", directory / "f.yaml"]


BINARY = [as_ragas_table, as_ragas_lines, as_ragas_list, as_promptfoo]


@pytest.mark.parametrize("write", [*GRADED, *BINARY])
def test_grades_come_back_as_they_were(build, tmp_path, write):
    found = judgements(7, grades=(0, 1, 2, 3) if write in GRADED else (1,))
    done = run(build, *write(found, tmp_path))
    assert done.returncode == DONE, done.stderr
    assert f"20 queries, 20 of them with {len(rows(found))} graded records" in done.stderr
    queries = yaml.safe_load(done.stdout)["queries"]
    if write is as_trec:
        found = {text: {record.replace(" ", "_"): grade for record, grade in grades.items()}
                 for text, grades in found.items()}
    assert {query["text"]: query["expect"]["grades"] for query in queries} == found
    assert len({query["id"] for query in queries}) == 20
    assert {*map(type, (record for query in queries for record in query["expect"]["grades"]))} == {str}


def test_nothing_is_dropped_without_a_word(build, tmp_path):
    file = tmp_path / "f.csv"
    file.write_text("query,docid,rating,note\nhooks?,a,3,\nhooks?,b,0.5,\nhooks?,a,2,\nclasses?,c,,why\n,d,1,\n")
    done = run(build, "csv", file)
    assert done.returncode == LOSSES
    assert yaml.safe_load(done.stdout)["queries"] == [
        {"id": "hooks", "text": "hooks?", "expect": {"grades": {"a": 3}}}, {"id": "classes", "text": "classes?"}]
    assert done.stderr.splitlines() == [
        f'{file}:3: "0.5" is no grade, which is a whole number up to 10: the judgement is not taken',
        f"{file}:6: it has no question",
        f'{file}:4: "a" is graded 2 for "hooks", and 3 in line 2, which is kept',
        "driftwatch: 1 record listed without a grade is not taken",
        "driftwatch: no part of a query set: note (1)",
        "driftwatch: 2 queries, 1 of them with 1 graded record"]


def test_no_file_is_overwritten(build, tmp_path):
    file, output = tmp_path / "f.csv", tmp_path / "queries.yaml"
    file.write_text("query,docid\nhooks?,a\n")
    assert run(build, "csv", file, f"--output={output}").returncode == DONE
    assert yaml.safe_load(output.read_text())["queries"][0]["id"] == "hooks"
    file.write_text("query,docid\nclasses?,a\n")
    done = run(build, "csv", file, f"--output={output}")
    assert (done.returncode, done.stdout) == (USAGE, "") and f"{output}: File exists" in done.stderr
    assert yaml.safe_load(output.read_text())["queries"][0]["id"] == "hooks"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["f.csv", "queries.yaml"]


@pytest.mark.parametrize("arguments, sentence", [
    ([], "needs a format and a file"), (["csv"], "needs a format and a file"), (["excel", "x"], "excel is no format"),
    (["csv", "absent.csv"], "absent.csv"), (["trec", "q"], "--topics"), (["csv", "x", "--topics=t"], "no second file"),
    (["trec", "x", "--qrels=t"], "no second file"), (["beir", "queries.jsonl"], "--qrels"),
    (["csv", "x", "--output=a", "--output=b"], "--output is given twice"), (["csv", "/dev/null"], "regular")])
def test_usage(build, arguments, sentence):
    done = run(build, *arguments)
    assert (done.returncode, done.stdout) == (USAGE, "") and sentence in done.stderr


def trec_eval(qrels, answered):
    """nDCG and recall at K as trec_eval has them: its order of what is equally far, linear gains."""
    ndcgs, recalls = [], []
    for query, grades in qrels.items():
        ranked = sorted(answered[query], key=lambda one: (-numpy.float32(one[1]), one[0]), reverse=True)[:K]
        gains = [grades.get(record, 0) for record, _ in ranked]
        ideal = sorted(grades.values(), reverse=True)[:K]
        ndcgs.append(sum(gain / math.log2(i + 2) for i, gain in enumerate(gains)) /
                     sum(gain / math.log2(i + 2) for i, gain in enumerate(ideal)))
        recalls.append(sum(gain > 0 for gain in gains) / sum(grade > 0 for grade in grades.values()))
    return numpy.mean(ndcgs), numpy.mean(recalls)


def test_a_set_in_the_shape_of_beir(build, chroma, driftwatch, name, tmp_path):
    """From its files to the figures: 300 queries, 5,000 records, grades from 0 to 3, some of them for records that are
    nowhere near and for such as are not there."""
    random_state = numpy.random.default_rng(3)
    collection = chroma.call("POST", "", {"name": name, "configuration": {
        "hnsw": {"space": "l2", "ef_search": RECORDS, "ef_construction": 200}}})["id"]
    vectors = tools.unit_vectors(RECORDS, DIMENSION, seed=5)
    ids = [f"MED-{i}" for i in range(RECORDS)]
    for start in range(0, RECORDS, 1000):
        chroma.call("POST", f"/{collection}/upsert", {
            "ids": ids[start:start + 1000], "embeddings": vectors[start:start + 1000].astype(float).tolist()})
    questions = tools.unit_vectors(QUERIES, DIMENSION, seed=6)
    distances = ((questions[:, None, :].astype(numpy.float64) - vectors[None].astype(numpy.float64)) ** 2).sum(axis=2)
    order = numpy.argsort(distances, axis=1)
    qrels = {}
    for i in range(QUERIES):
        near = random_state.choice(30, size=6, replace=False)
        far = random_state.choice(numpy.arange(30, RECORDS), size=4, replace=False)
        qrels[f"PLAIN-{i}"] = {**{ids[order[i, k]]: int(random_state.integers(0, 4)) for k in [*near, *far]},
                               f"GONE-{i}": 1}
    (tmp_path / "queries.jsonl").write_text("".join(
        json.dumps({"_id": query, "text": f"What of {query}?", "metadata": {}}) + "\n"
        for query in [*qrels, "PLAIN-of-another-split"]))
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(
        f"{query}\t{record}\t{grade}\n" for query, grades in qrels.items() for record, grade in grades.items()))

    done = run(build, "beir", tmp_path, f"--output={driftwatch.directory / 'imported.yaml'}")
    assert done.returncode == DONE, done.stderr
    assert "1 query of which nothing is judged is not taken" in done.stderr
    assert f"{QUERIES} queries, {QUERIES} of them with {11 * QUERIES} graded records" in done.stderr
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [], dict(zip(qrels, questions)), interval="1h", timeout="30s", results=K)
    driftwatch.config["collections"][0]["queries"] = "imported.yaml"
    driftwatch.write()
    _, checked = driftwatch.check()

    figures = checked["collections"][0]["quality"]
    exact = {query: [(ids[k], distances[i, k]) for k in order[i, :2 * K]] for i, query in enumerate(qrels)}
    answered = {query["id"]: query["ids"] for query in checked["collections"][0]["queries"]}
    assert answered == {query: [record for record, _ in answer[:K]] for query, answer in exact.items()}, \
        "the index misses none"
    assert (figures["measured"], figures["graded"]) == (QUERIES, QUERIES)
    ndcg, recall = trec_eval(qrels, exact)
    assert 0.1 < ndcg < 0.9 and abs(ndcg - recall) > 0.01
    assert figures["ndcg"] == pytest.approx(ndcg, abs=1e-9)
    assert figures["recall_at_k"] == pytest.approx(recall, abs=1e-9)
    print(f"nDCG@{K} {figures['ndcg']:.12f}, reference {ndcg:.12f}; recall@{K} {figures['recall_at_k']:.12f}")


@pytest.fixture
def weak(chroma, driftwatch, name):
    """Two questions of which the second does not find what it expects."""
    chroma.create(name)
    vectors = tools.unit_vectors(20, DIMENSION, seed=1)
    chroma.upsert(name, [f"r{i}" for i in range(20)], vectors)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [
        {"id": "met", "text": "?", "expect": {"ids": ["r0"], "within": 10}},
        {"id": "unmet", "text": "?", "expect": {"ids": ["r99"]}}], {"met": vectors[0], "unmet": vectors[1]})
    driftwatch.write()


def test_validate_warns_of_a_weak_set(weak, driftwatch, name):
    done = driftwatch.run("validate")
    file = driftwatch.directory / f"{name}.queries.yaml"
    assert (done.returncode, [line.split(f"warning: {file}")[1] for line in done.stderr.splitlines()]) == (DONE, [
        ": 2 queries: as long as all pass, up to 78 % of users' questions may fail (95 % confidence)",
        ": no negative control: nothing shows when everything moves closer; add a question that the collection cannot "
        "answer, with expect.distance.min",
        ": no query has tags: what goes wrong in one area is not seen as such",
        ':8: "unmet" asks what "met" asks in line 2',
        ":2: expect.within: 10 is no narrower than the 10 results that are asked for"])
    assert driftwatch.run("validate", "--strict").returncode == USAGE


def test_validate_asks_whether_expectations_hold(weak, driftwatch, name):
    done = driftwatch.run("validate", "--online")
    assert done.returncode == DONE
    assert done.stderr.endswith(": 1 of 2 queries do not find what they expect: unmet\n")
    strong = [{"id": f"q{i}", "text": f"{i}?", "tags": {"kind": "even" if i % 2 else "odd"},
               "expect": {"ids": ["r0"]}} for i in range(29)]
    strong.append({"id": "control", "text": "boil an egg", "expect": {"distance": {"min": 0.5}}})
    vectors = tools.unit_vectors(20, DIMENSION, seed=1)
    driftwatch.write_queries(name, strong)
    questions = {query["id"]: vectors[0] for query in strong}
    driftwatch.write_vectors(name, {**questions, "control": -vectors[0]})
    done = driftwatch.run("validate", "--online", "--strict")
    assert (done.returncode, done.stderr) == (DONE, "")
    driftwatch.write_vectors(name, {**questions, "control": -vectors[0], "q1": -vectors[0]})
    driftwatch.write_queries(name, [{**query, "expect": {"ids": ["r99"]}} if query["id"] == "q1" else query
                                    for query in strong])
    done = driftwatch.run("validate", "--online", "--strict")
    assert done.returncode == USAGE and ": 1 of 30 queries do not find what they expect: q1\n" in done.stderr
