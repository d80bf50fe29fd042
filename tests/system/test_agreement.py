# SPDX-License-Identifier: Apache-2.0
"""Whatever goes wrong: every door tells one verdict and the same causes at one time. A daemon that replays all the
time and the gate look at the same server and the same baseline."""
import collections
import json
import re
import subprocess
import xml.etree.ElementTree

import pytest
import requests
import yaml

import proxy
import tools
import worlds
from test_causes import (  # noqa: F401 pylint: disable=unused-import
    FAULTS, LONG_RELEASES, approved, embedders, scene)

pytestmark = pytest.mark.releases(*LONG_RELEASES)

CAUSES = ["NONE", "EMBEDDER", "REEMBED", "METRIC", "GROWTH", "FLOOD", "REMOVED", "REMOVED_TOPIC", "EDIT", "INDEX_LOSS",
          "ANN_RECALL", "TRANSPORT", "REKEYED", "REPLACED", "MISPAIRED", "UNFINISHED", "SCALE"]
EXIT_STATUS = {"pass": 0, "fail": 1, "unmeasured": 3, "unjudged": 3}
# Replays in which the daemon says the same before it is taken at its word; a server that is down is asked less often.
SETTLED, SETTLED_DOWN = 8, 3

PAIRS = {
    "deleted and edited": (worlds.delete_some, worlds.edit_some),
    "deleted and crowded": (worlds.delete_topic, worlds.flood),
    "edited and grown": (worlds.edit_some, worlds.grow),
    "deleted, and the index lost": (worlds.delete_some, worlds.lose_index),
    "embedded anew and grown": (worlds.reembed, worlds.grow),
    "edited, and stopped": (worlds.edit_some, worlds.stop),
}


def two_other_vectors(at):
    """The embedder gives another vector for two of the texts."""
    moved = set(at.world.texts[:2])

    def rule(method, path, body):
        if method != "POST" or not moved & set(body.get("input", [])):
            return None
        body["input"] = [f"{text} no more" if text in moved else text for text in body["input"]]
        answer = requests.post(at.embedder.url + path, json=body, timeout=10)
        return answer.status_code, {"Content-Type": "application/json"}, answer.content
    at.before_embedder.rules.append(rule)


def stop_embedder(at):
    at.embedder.stop()


@pytest.fixture
def running(scene, driftwatch, ends):  # noqa: F811
    """running(kind): a scene whose driftwatch replays all the time, after the first verdict."""
    def make(kind):
        at = scene(kind, interval="250ms")
        driftwatch.config["probes"] = {"interval": "1s"}
        if at.embedder:
            at.before_embedder = ends(proxy.Proxy(at.embedder.url))
            driftwatch.config["embedders"][0]["url"] = at.before_embedder.url
            driftwatch.config["collections"][0]["embed_interval"] = "0s"
        driftwatch.write()
        driftwatch.start()
        tools.poll(lambda: at.collection()["verdict"] == "pass" and at.collection()["index"]["probed"],
                   "the daemon to find nothing wrong")
        if at.embedder:
            tools.poll(lambda: at.collection()["embedder"]["compared"] == len(at.world.texts), "the embedder's answer")
        return at
    return make


def settle(at):
    """Waits until the daemon says the same for some replays."""
    seen = {"what": None, "since": 0}
    since = at.collection()["replays"]

    def same():
        collection = at.collection()
        what = collection["verdict"], collection["causes"], sorted(
            (finding["kind"], finding["query"] or "", finding["state"]) for finding in collection["findings"])
        if what != seen["what"]:
            seen.update(what=what, since=collection["replays"])
        wanted = SETTLED if collection["up"] else SETTLED_DOWN
        return collection["replays"] >= max(since, seen["since"]) + wanted
    tools.poll(same, "the daemon to settle", 30)


def causes_of(text):
    """The causes that an explanation names."""
    found = re.search(r"Probable causes?: (.*)", text, re.DOTALL)
    names = re.findall(r"\b([A-Z_]{4,})(?: \(\d+ quer(?:y|ies)\))?:", found[1]) if found else []
    return sorted(set(names) & set(CAUSES))


def ask_page(at):
    text = at.driftwatch.page()
    name = re.escape(at.name)
    yield "title", re.search(r"<title>driftwatch: (\w+)</title>", text)[1], None
    yield "headline", re.search(r'<div class="verdict (\w+)">', text)[1], None
    yield "badge", re.search(rf'<h1>{name}</h1><span class="badge (\w+)">\1</span>', text)[1], causes_of(text)


def ask_api(at):
    yield "/api/v1/status", at.driftwatch.api("status")["verdict"], None
    data = at.driftwatch.api("collections")
    collection, = data["collections"]
    yield "/api/v1/collections", data["verdict"], None
    yield "the collection", collection["verdict"], collection["causes"]
    if collection["incident"]:
        yield "the incident", collection["verdict"], collection["incident"]["causes"]
        if "Probable cause" in collection["incident"]["explanation"]:
            yield "its explanation", collection["verdict"], causes_of(collection["incident"]["explanation"])
    report = at.driftwatch.api("report", collection=at.name)
    yield "/api/v1/report", report["verdict"], report["causes"]
    metrics = at.driftwatch.metrics()
    verdicts = [dict(labels)["verdict"] for (name, labels), value in metrics.items()
                if name == "driftwatch_verdict" and value == 1]
    causes = [dict(labels)["cause"] for (name, labels), _ in metrics.items() if name == "driftwatch_cause_info"]
    yield "metrics", "+".join(verdicts), causes


def run_status(at):
    address = at.driftwatch.url.removeprefix("http://")
    return subprocess.run([at.driftwatch.program, "status", f"--web.listen-address={address}"],
                          text=True, capture_output=True, timeout=30)


def ask_status(at):
    done = run_status(at)
    row, = [line for line in done.stdout.splitlines() if line.startswith(at.name)]
    _, _, verdict, *_ = row.split()
    yield "status", verdict, None
    yield "its exit status", {0: "pass", 1: "fail", 3: verdict}[done.returncode], None


def ask_gate(at):
    files = {ending: at.driftwatch.directory / f"gate.{ending}" for ending in ("json", "xml", "md")}
    done = at.driftwatch.run("check", "--baseline", *(f"--output={file}" for file in files.values()))
    verdict = re.search(r"^verdict: (\w+)", done.stdout, re.MULTILINE)[1]
    assert done.returncode == EXIT_STATUS[verdict]
    yield "text", verdict, causes_of(done.stdout)
    report = json.loads(files["json"].read_text())
    yield "json", report["verdict"], report["collections"][0]["causes"]
    suite = xml.etree.ElementTree.parse(files["xml"]).getroot().find("testsuite")
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    yield "junit", properties["verdict"], properties["causes"].split(", ")
    kinds = {name: int(suite.get(name)) > 0 for name in ("failures", "errors")}
    yield ("junit's cases", "fail" if kinds["failures"] else "unmeasured" if kinds["errors"] else "pass", None)
    markdown = files["md"].read_text()
    yield ("markdown", re.search(r"^# driftwatch: (\w+) ", markdown)[1],
           causes_of(markdown.replace("\\", "").replace("&#58;", ":")))
    annotations = at.driftwatch.run("check", "--baseline", "--format=github").stdout
    found = re.search(rf"^::error title={at.name}: (\w+)::", annotations, re.MULTILINE)
    yield "github", found[1] if found else "pass", causes_of(annotations.replace("%0A", " "))


def ask_report(at):
    done = at.driftwatch.run("report", "--format=json")
    report, = json.loads(done.stdout)["collections"]
    assert (done.returncode == 3) == (report["verdict"] == "unmeasured")
    yield "report's json", report["verdict"], report["causes"]
    text = at.driftwatch.run("report").stdout
    yield "report", re.search(r"^## .*: (\w+)$", text, re.MULTILINE)[1], causes_of(text)


def ask_candidate(at):
    """What somebody reads before approving what is found now; nothing where nothing could be recorded."""
    done = at.driftwatch.run("baseline", "propose", "--pause=100ms")
    assert done.returncode in (0, 3), done.stderr
    if done.returncode:
        return
    verdict = at.collection()["verdict"]
    yield "propose", verdict, causes_of(done.stdout)
    yield "diff", verdict, causes_of(at.driftwatch.run("baseline", "diff").stdout)
    report = json.loads(at.driftwatch.run("baseline", "diff", "--format=json").stdout)
    yield "diff's json", verdict, report["causes"]
    markdown = at.driftwatch.run("baseline", "diff", "--format=markdown").stdout
    yield "diff's markdown", verdict, causes_of(markdown.replace("\\", "").replace("&#58;", ":"))


def counts(at):
    """How many queries have which outcome, of the daemon, the gate and the report."""
    outcomes = at.collection()["outcomes"]
    yield {key: value for key, value in outcomes.items() if value}
    _, collection = at.check("--baseline")
    yield dict(collections.Counter(query["outcome"] for query in collection["queries"]))
    text = at.driftwatch.run("report").stdout
    found = re.search(r"(\d+) pass, (\d+) drift, (\d+) fail, (\d+) unmeasured, (\d+) unjudged", text)
    names = ["pass", "drift", "fail", "unmeasured", "unjudged"]
    yield {name: int(number) for name, number in zip(names, found.groups()) if number != "0"}


def disagreements(at):
    """Sentences; none where every door says the same."""
    said = [one for ask in (ask_page, ask_api, ask_status, ask_gate, ask_report, ask_candidate)
            for one in ask(at)]
    _, verdict, causes = next(one for one in said if one[0] == "the collection")
    told = [one for one in causes if one not in ("NONE", "GROWTH")]
    found = [f"{door}: {other}, not {verdict}" for door, other, _ in said if other != verdict]
    for door, _, others in said:
        # Nothing but a list tells of causes that are no fault.
        if others is not None and sorted(one for one in others if one not in ("NONE", "GROWTH")) != sorted(told):
            found.append(f"{door}: {others}, not {causes}")
    return verdict, causes, found


def agree(at):
    settle(at)
    verdict, causes, found = disagreements(at)
    assert found == [], (verdict, causes)
    daemon, gate, report = counts(at)
    assert daemon == gate == report
    return verdict, causes


@pytest.mark.parametrize("what", FAULTS)
def test_one_fault(running, what):
    fault, kind, right = FAULTS[what]
    at = running(kind)
    fault(at)
    verdict, causes = agree(at)
    assert set(right) & set(causes), causes
    assert verdict == {"NONE": "pass", "GROWTH": "pass", "TRANSPORT": "unmeasured"}.get(right[0], "fail")


@pytest.mark.parametrize("what", PAIRS)
def test_two_faults(running, what):
    at = running(worlds.World)
    for fault in PAIRS[what]:
        fault(at)
    verdict, _ = agree(at)
    assert verdict == ("unmeasured" if worlds.stop in PAIRS[what] else "fail")


@pytest.mark.parametrize("fault, expected", [(two_other_vectors, "fail"), (stop_embedder, "unmeasured")])
def test_an_embedder(running, fault, expected):
    at = running(worlds.EmbeddedWorld)
    fault(at)
    assert agree(at)[0] == expected
    # It may be left out of the verdict, and is told all the same.
    if fault is stop_embedder:
        at.driftwatch.config["collections"][0]["embedder_gates"] = False
        at.driftwatch.write()
        assert at.driftwatch.reload().ok
        assert agree(at)[0] == "pass"
        assert "could not be asked" in at.driftwatch.page()
        assert "could not be asked" in at.driftwatch.run("check").stdout


def sentences(at):
    """What each door says in words."""
    for form in ("text", "json", "junit", "markdown", "github"):
        yield f"check --format={form}", at.driftwatch.run("check", "--baseline", f"--format={form}").stdout
    for form in ("markdown", "json", "html"):
        yield f"report --format={form}", at.driftwatch.run("report", f"--format={form}").stdout
    yield "page", at.driftwatch.page()
    yield "status", run_status(at).stdout
    alert, = [one for one in at.driftwatch.api("alerts")["alerts"]
              if one["labels"]["alertname"] == "RetrievalSetDrift" and one["state"] != "resolved"]
    yield "alert", alert["annotations"]["description"]


# Of fifty queries five have the tag: 10 % of the set, and no query fails.
@pytest.mark.parametrize("fault, kind, effect", [
    (worlds.thin_topic, "topic-lost", "fail"), (worlds.blur_topic, "topic-moved", "drift")])
def test_one_topic(running, fault, kind, effect):
    at = running(worlds.TopicWorld)
    fault(at)
    assert agree(at)[0] == "fail"
    assert at.collection()["outcomes"]["fail"] == 0
    told = [one for one in at.collection()["findings"] if one["state"] == "open" and not one["query"]]
    assert [(one["kind"], one["effect"]) for one in told] == [(kind, effect)]
    tag, = told[0]["tags"]
    assert (tag["key"], tag["value"]) == ("area", f"a{at.world.area}")
    assert tag["count"] >= 3 and tag["of"] == (5 if kind == "topic-moved" else 5 * worlds.RESULTS)
    said = f"tagged area=a{at.world.area}"
    for door, text in sentences(at):
        assert said in text.replace("\\", "").replace("&#61;", "="), door
    for other in at.collection()["findings"]:
        if other["query"] and other["state"] == "explained":
            assert int(other["query"][1:]) < worlds.AREA_QUERIES
    status, gate = at.check("--baseline", "--fail-on=fail")
    assert status == (1 if effect == "fail" else 0)
    assert [one["kind"] for one in gate["findings"] if one["state"] == "open" and not one["query"]] == [kind]


def test_a_topic_without_its_tag(running, driftwatch):
    """Another query set, in which the same queries have other tags, or none."""
    at = running(worlds.TopicWorld)
    worlds.thin_topic(at)
    agree(at)
    queries = yaml.safe_load((driftwatch.directory / "world.queries.yaml").read_text())["queries"]
    for query in queries:
        query["tags"] = {"aaa": "first", "area": query["tags"]["area"]}
    driftwatch.write_queries(at.name, queries)
    assert driftwatch.reload().ok
    agree(at)
    told = [one for one in at.collection()["findings"] if one["state"] == "open" and not one["query"]]
    assert [one["tags"][0]["value"] for one in told] == [f"a{at.world.area}"]
    for query in queries:
        del query["tags"]
    driftwatch.write_queries(at.name, queries)
    assert driftwatch.reload().ok
    agree(at)
    told = [one for one in at.collection()["findings"] if one["state"] == "open" and not one["query"]]
    assert [(one["kind"], one["tags"]) for one in told] == [("set-shifted", []), ("set-moved", [])]


def test_what_the_baseline_does_not_know(running, driftwatch):
    """A vector belongs to its text: gate and daemon ask the embedder for those of a new query and of a new text."""
    at = running(worlds.EmbeddedWorld)
    queries = yaml.safe_load((driftwatch.directory / "world.queries.yaml").read_text())["queries"]
    _, before = at.check("--baseline")
    queries[0]["text"] += " today"
    queries.append({"id": "added", "text": queries[1]["text"] + " tomorrow",
                    "expect": {"ids": [*queries[1]["expect"]["ids"]]}})
    driftwatch.write_queries(at.name, queries)
    del driftwatch.config["collections"][0]["vectors"]  # which are those of the texts before
    driftwatch.write()
    assert driftwatch.reload().ok
    agree(at)
    _, collection = at.check("--baseline")
    assert collection["lists"]["new"] == ["q0", "added"]
    outcomes = {query["id"]: query["outcome"] for query in collection["queries"]}
    assert outcomes["q0"] != "unmeasured" and outcomes["added"] != "unmeasured"
    assert collection["queries"][0]["distance"] != before["queries"][0]["distance"]
    assert "driftwatch baseline propose --new-only" in driftwatch.run("check").stdout
