# SPDX-License-Identifier: Apache-2.0
"""`driftwatch report` and /api/v1/report on a real Chroma: every figure against one computed here."""
import html.parser
import json
import math
import pathlib
import re
import statistics

import numpy
import pytest

import tools

DIMENSION, RECORDS = 24, 120
DONE, USAGE, UNMEASURED = 0, 2, 3


@pytest.fixture
def watched(chroma, driftwatch, name):
    """Twenty queries, each at a known distance from its record, and four negative controls."""
    chroma.create(name)
    vectors = tools.unit_vectors(RECORDS, DIMENSION, seed=1)
    chroma.upsert(name, [f"r{i}" for i in range(RECORDS)], vectors)
    records = chroma.vectors(name)
    queries, questions = [], {}
    for i in range(20):
        queries.append({"id": f"q{i}", "text": f"question {i}", "expect": {"ids": [f"r{i}"]},
                        "tags": {"kind": "short" if i % 2 else "typical", "category": "all"}})
        questions[f"q{i}"] = tools.at_distance(records[f"r{i}"], 0.1 + 0.02 * i, seed=i)
    for i in range(4):
        queries.append({"id": f"control{i}", "text": "boil an egg", "tags": {"kind": "negative-control"},
                        "expect": {"distance": {"min": 0.05}}})
        questions[f"control{i}"] = tools.unit_vectors(1, DIMENSION, seed=100 + i)[0]
    driftwatch.server(chroma.url)
    driftwatch.watch(name, queries, questions, timeout="2s", interval="1h")
    driftwatch.write()
    return questions


def report(driftwatch, *flags):
    done = driftwatch.run("report", "--format=json", *flags)
    return done.returncode, json.loads(done.stdout)["collections"] if done.stdout else None


def best(chroma, name, questions):
    rows = numpy.array(list(chroma.vectors(name).values()), dtype=float)
    return {key: float(((rows - question) ** 2).sum(axis=1).min()) for key, question in questions.items()}


def wilson(hits, n, z=1.959963984540054):
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return middle - half, middle + half


def test_figures(watched, chroma, driftwatch, name):
    distances = best(chroma, name, watched)
    status, (data,) = report(driftwatch)
    assert (status, data["collection"], data["measured"], data["verdict"]) == (DONE, name, 24, "pass")
    assert data["distances"]["mean"] == pytest.approx(statistics.mean(distances.values()), abs=1e-6)
    assert data["distances"]["median"]["estimate"] == pytest.approx(
        statistics.median(distances.values()), abs=1e-6)
    borders = [0, 0.8, 1.0, 1.2, math.inf]
    for band, low, high in zip(data["bands"], borders, borders[1:]):
        hits = sum(low <= d < high for d in distances.values())
        assert (band["hits"], band["of"]) == (hits, 24)
        assert (band["wilson"]["low"], band["wilson"]["high"]) == pytest.approx(wilson(hits, 24), abs=1e-9)
        assert band["clopper_pearson"]["low"] <= band["share"] <= band["clopper_pearson"]["high"]
    assert data["sensitivity"]["zero_event_bound"] == pytest.approx(1 - 0.05 ** (1 / 24))
    assert data["distances"]["p95_at_most"] is None, "24 queries have no upper end of p95"
    calibration = data["calibration"]
    assert (calibration["relevant"], calibration["irrelevant"]) == (20, 4)
    pairs = [(distances[f"q{i}"], distances[f"control{j}"]) for i in range(20) for j in range(4)]
    assert calibration["auc"] == pytest.approx(sum(a < b for a, b in pairs) / len(pairs))
    assert (data["baseline"], data["shift"]) == (None, None), "nothing to compare with"
    assert data["history"] == [], "one replay has no course"
    assert data["queries"][3]["distance"] == pytest.approx(distances["q3"], rel=1e-5)
    assert data["passed"]["kinds"]["short"]["hits"] == 10


def test_members_are_documented(watched, driftwatch):
    _, (data,) = report(driftwatch)
    page = (pathlib.Path(__file__).parents[2] / "docs/report.md").read_text()
    table = page.split("## In JSON\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert set(data) == set(re.findall("`([a-z_]+)`", "".join(rows)))


def test_markdown_is_the_default(watched, driftwatch, name):
    done = driftwatch.run("report")
    assert (done.returncode, done.stderr) == (DONE, "")
    text = done.stdout
    assert text.startswith("# Threshold confidence report\n")
    assert f"## {name}: pass\n" in text
    assert "random sample of them" in text
    assert re.search(r"not estimable \(n \\< 59 one-sided, \\< 72 two-sided\)", text)
    assert "No baseline is approved" in text
    assert re.search(r"^\| kind negative-control \| 4 of 4 \| 100\.0 % \|", text, re.MULTILINE)
    for line in text.splitlines():
        assert not line.startswith("|") or line.endswith("|"), line


class Page(html.parser.HTMLParser):
    """What a page loads, and whether its tags are closed."""
    VOID = {"meta"}

    def __init__(self, text):
        super().__init__()
        self.open, self.loads, self.drawings = [], [], 0
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.loads += [value for key, value in attrs if key in ("src", "href", "xlink:href", "action")]
        self.drawings += tag == "figure"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_needs_nothing_else(watched, driftwatch):
    done = driftwatch.run("report", "--format", "html")
    assert done.returncode == DONE
    page = Page(done.stdout)
    assert (page.loads, page.drawings) == ([], 2), "no history yet: two drawings"
    assert "prefers-color-scheme: dark" in done.stdout and "@media print" in done.stdout
    assert "@import" not in done.stdout and "url(" not in done.stdout


def test_a_frozen_server_is_not_measured(watched, own_chroma, driftwatch):
    driftwatch.config["servers"][0]["url"] = own_chroma.url
    driftwatch.write()
    own_chroma.stop()
    status, (data,) = report(driftwatch)
    assert (status, data["measured"], data["verdict"]) == (UNMEASURED, 0, "unmeasured")
    assert data["distances"]["mean"] is None and data["error"]
    done = driftwatch.run("report")
    assert done.returncode == UNMEASURED
    assert "nothing can be said about distances" in done.stdout


def test_usage(watched, driftwatch):
    done = driftwatch.run("report", "--format=pdf")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "pdf" in done.stderr and "markdown html json" in done.stderr
    done = driftwatch.run("report", "--collection=nosuch")
    assert (done.returncode, done.stdout) == (USAGE, "") and "nosuch" in done.stderr
    assert driftwatch.run("report", "--fail-on=fail").returncode == USAGE
    driftwatch.write("nonsense: true\n")
    assert driftwatch.run("report").returncode == USAGE


def test_shift_against_the_baseline(watched, chroma, driftwatch, name):
    for flags in ["propose"], ["approve", "--by=Ada", "--reason=the first"]:
        done = driftwatch.run("baseline", *flags, f"--collection={name}")
        assert done.returncode == 0, done.stderr
    status, (data,) = report(driftwatch)
    assert (status, data["baseline"]["approved_by"], data["shift"]["up"]["hits"]) == (DONE, "Ada", 0)
    assert data["shift"]["mean"] == pytest.approx(0, abs=1e-9)
    before = best(chroma, name, watched)
    for i in range(6):
        chroma.upsert(name, [f"r{i}"], [tools.at_distance(watched[f"q{i}"], before[f"q{i}"] + 0.15, seed=9)])
    after = best(chroma, name, watched)
    status, (data,) = report(driftwatch)
    assert status == DONE
    shifts = {query["id"]: query["drift"]["shift"] for query in data["queries"]}
    assert shifts == pytest.approx({key: after[key] - before[key] for key in before}, abs=1e-5)
    assert data["shift"]["up"]["hits"] >= 6 and data["shift"]["compared"] == 24
    means = [query["drift"]["mean_shift"] for query in data["queries"]]
    assert data["shift"]["mean"] == pytest.approx(statistics.mean(means), abs=1e-9)
    done = driftwatch.run("report")
    assert re.search(r"Compared with baseline 1, .* by Ada\. Reason: the first\.", done.stdout)
    assert "So few replays confirm nothing" in done.stdout and "Confirmed by" not in done.stdout


def test_api(watched, driftwatch, name):
    driftwatch.start()
    driftwatch.replay(name, times=3)
    data = driftwatch.api("report", collection=name)
    assert (data["collection"], data["measured"]) == (name, 24)
    assert len(data["history"]) > 1, "the running daemon has a history"
    assert {query["id"] for query in data["queries"]} == set(watched)
    page = driftwatch.get("/api/v1/report", params={"collection": name, "format": "html"})
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "style-src 'unsafe-inline'" in page.headers["Content-Security-Policy"]
    assert Page(page.text).drawings == 3
    text = driftwatch.get("/api/v1/report", params={"collection": name, "format": "markdown"})
    assert text.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert text.text.startswith("# Threshold confidence report\n")
    for parameters, status in [({}, 400), ({"collection": "nosuch"}, 404),
                               ({"collection": "nosuch", "format": "html"}, 404),
                               ({"collection": name, "format": "pdf"}, 400)]:
        answer = driftwatch.get("/api/v1/report", params=parameters)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
        assert answer.json()["status"] == "error"


@pytest.fixture
def graded(chroma, driftwatch, name):
    """Queries anywhere in the space, so that what they expect stands anywhere among the answers or beyond; and what
    each of them found, by brute force."""
    chroma.create(name)
    chroma.upsert(name, [f"r{i}" for i in range(40)], tools.unit_vectors(40, DIMENSION, seed=5))
    ids, rows = zip(*chroma.vectors(name).items())
    queries, questions, found = [], {}, {}
    for i in range(12):
        questions[f"q{i}"] = tools.unit_vectors(1, DIMENSION, seed=50 + i)[0]
        distances = ((numpy.array(rows, dtype=float) - questions[f"q{i}"]) ** 2).sum(axis=1)
        ranked = [ids[k] for k in numpy.argsort(distances)]
        high, low, irrelevant = numpy.random.default_rng(i).choice(24, size=3, replace=False)
        found[f"q{i}"] = {"ranked": ranked, "kind": "even" if i % 2 == 0 else "odd",
                          "grades": {ranked[high]: 3, ranked[low]: 1, ranked[irrelevant]: 0}}
        queries.append({"id": f"q{i}", "text": "?", "tags": {"kind": found[f"q{i}"]["kind"]},
                        "expect": {"grades": found[f"q{i}"]["grades"]}})
    queries.append({"id": "control", "text": "?", "expect": {"distance": {"min": 0.01}}})
    questions["control"] = tools.unit_vectors(1, DIMENSION, seed=99)[0]
    driftwatch.server(chroma.url)
    driftwatch.watch(name, queries, questions, timeout="2s", interval="1h")
    driftwatch.write()
    return found


def quality(found, k=10):
    """hit_rate, mrr, ndcg and recall of graded queries that pass when a relevant record is found."""
    def gain(grades):
        return sum(grade / math.log2(rank + 2) for rank, grade in enumerate(grades[:k]))
    ranks = [next((rank + 1 for rank, one in enumerate(each["ranked"][:k]) if each["grades"].get(one, 0) > 0), None)
             for each in found]
    ndcgs = [gain([each["grades"].get(one, 0) for one in each["ranked"]]) /
             gain(sorted(each["grades"].values(), reverse=True)) for each in found]
    hits = statistics.mean(rank is not None for rank in ranks)
    return {"hit_rate": hits, "mrr": statistics.mean(1 / rank if rank else 0 for rank in ranks),
            "ndcg": statistics.mean(ndcgs),
            "recall_at_k": statistics.mean(
                sum(each["grades"].get(one, 0) > 0 for one in each["ranked"][:k]) /
                sum(grade > 0 for grade in each["grades"].values()) for each in found)}


def test_quality_figures(graded, driftwatch, name):
    expected = quality(graded.values())
    assert len({*expected.values(), 0, 1}) == 6, "a world that tells them apart"
    driftwatch.start()
    driftwatch.replay(name)
    collection, = driftwatch.api("collections")["collections"]
    for figures in collection["quality"], driftwatch.api("report", collection=name)["quality"]:
        assert {key: figures[key] for key in expected} == pytest.approx(expected, abs=1e-9)
        assert (figures["queries"], figures["ranked"], figures["graded"]) == (13, 12, 12)
        assert figures["pass_share"] == pytest.approx((12 * expected["hit_rate"] + 1) / 13)
        for kind in "even", "odd":
            of_kind = quality([each for each in graded.values() if each["kind"] == kind])
            tagged = figures["tags"]["kind"][kind]
            assert {key: tagged[key] for key in of_kind} == pytest.approx(of_kind, abs=1e-9)
            assert tagged["pass_share"] == pytest.approx(of_kind["hit_rate"])
    for metric, key in ("hit_ratio", "hit_rate"), ("mean_reciprocal_rank", "mrr"), ("ndcg_ratio", "ndcg"):
        assert driftwatch.metric(f"driftwatch_{metric}", collection=name) == pytest.approx(expected[key], abs=1e-9)


def test_grades_calibrate_the_border(graded, driftwatch):
    relevant, irrelevant = 0, 1  # the control
    for each in graded.values():
        relevant += any(each["grades"].get(one, 0) > 0 for one in each["ranked"][:10])
        irrelevant += any(each["grades"].get(one) == 0 for one in each["ranked"][:10])
    status, (data,) = report(driftwatch)
    assert status == DONE
    assert (data["calibration"]["relevant"], data["calibration"]["irrelevant"]) == (relevant, irrelevant)
    assert data["calibration"]["auc"] is not None and irrelevant > 3
