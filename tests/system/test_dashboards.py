# SPDX-License-Identifier: Apache-2.0
"""The Grafana dashboards and the Prometheus rules: every query of theirs finds series that a real Prometheus scraped
from a real driftwatch that watches a fault; and Grafana's own types know every member of the dashboards."""
import copy
import json
import math
import pathlib
import re
import time

import pytest
import yaml

import grafana_types
import tools
import worlds

HERE = pathlib.Path(__file__).resolve().parents[2] / "dashboards"
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(HERE.glob("*.json"))}
RULES = yaml.safe_load((HERE / "driftwatch.rules.yaml").read_text())
# What the variables select in place of "All".
SELECTED = {"job": ".+", "instance": ".+", "collection": ".+", "tag": ".*", "query": ".+"}


def panels():
    """(name, panel) of what draws something."""
    for name, dashboard in DASHBOARDS.items():
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield f"{name} {panel['title']}", panel


def annotations():
    for name, dashboard in DASHBOARDS.items():
        for annotation in dashboard["annotations"]["list"]:
            if "expr" in annotation:
                yield f"{name} {annotation['name']}", annotation["expr"]


def filled_in(expression):
    for variable, value in SELECTED.items():
        expression = expression.replace(f'=~"${variable}', f'=~"{value}')
    expression = expression.replace('="$collection"', '="faq"')
    return expression.replace("$__rate_interval", "5m").replace("$__interval", "1m")


def selectors(expression):
    """The vector selectors of an expression, each to be asked for by itself, without range and offset."""
    measured = re.sub(r"\w+:\w+:\w+", "", expression)  # without what rules recorded
    return re.findall(r"\b(?:up|ALERTS|driftwatch_\w+|process_\w+)\b(?:\{[^}]*\})?", measured)


@pytest.fixture(scope="module")
def scraped(build, chroma, tmp_path_factory):
    """A Prometheus on a driftwatch that has something to say on every matter: passes, a record that is deleted, a
    drift, a collection whose server is away, another model, alerts, a receiver that refuses and one
    that is busy."""
    directory = tmp_path_factory.mktemp("scraped")
    queries, records = tools.axes([0.5, 0.9, 1.1])
    chroma.create("faq")
    chroma.upsert("faq", ["r0", "r1", "r2"], records)
    deaf, busy = tools.Receiver(), tools.Receiver()
    deaf.status, busy.status = 400, 503
    program = tools.Driftwatch(build, directory)
    program.server(chroma.url)
    program.server(f"http://127.0.0.1:{tools.free_port()}", name="away")
    expected = [{"ids": ["r0"]}, {"ids": ["r1"]}, {"ids": ["r2"], "distance": {"max": 1.0}}]
    program.watch("faq", [{"id": f"q{i}", "text": "?", "tags": {"area": "all"}, "expect": one}
                          for i, one in enumerate(expected)],
                  {f"q{i}": row for i, row in enumerate(queries)}, interval="500ms")
    program.watch("lost", [{"id": "x", "text": "?"}], {"x": queries[0]}, server="away", interval="500ms")
    embedder = worlds.Embedder(HERE.parent / "config/demo/embedder.py", directory / "embedder.log",
                               dimension=len(queries[0]))
    program.config["embedders"] = [{"name": "demo", "api": "openai", "url": embedder.url, "model": "m"}]
    program.config["collections"][0]["embedder"] = "demo"
    program.config["alerting"] = {
        **tools.AT_ONCE, "lease": {"file": "lease", "ttl": "1s"},
        "receivers": [{"name": name, "webhook_configs": [{"url": one.url}]}
                      for name, one in (("team", deaf), ("lead", busy))]}
    program.write()
    for step in ["propose", "--pause=100ms"], ["approve", "--by=Ada", "--reason=first"]:
        done = program.run("baseline", *step, "--collection=faq")
        assert done.returncode == 0, done.stdout + done.stderr
    program.start()
    tools.poll(lambda: program.metric("driftwatch_queries", collection="faq", outcome="pass") == 2, "the first replay")
    prometheus = tools.Prometheus(directory / "prometheus", program.url.removeprefix("http://"),
                                  rules=[HERE / "driftwatch.rules.yaml"])
    # What has counted before the first scrape has no rate.
    chroma.delete("faq", ["r1"])
    program.post("/api/v1/replay", params={"collection": "lost", "wait": "true"})
    for what in ('sum(driftwatch_queries{outcome="fail"}) > 0',
                 "sum(rate(driftwatch_replays_failed_total[5m])) > 0", "driftwatch_notification_queue_length > 0",
                 "sum(rate(driftwatch_notifications_failed_total[5m])) > 0",
                 "driftwatch_embedder_distance",
                 "driftwatch_collection_recall_ratio", "driftwatch_epoch_start_timestamp_seconds",
                 'driftwatch_cause_info{cause!="NONE"}', "sum(driftwatch_moved_queries) > 0"):
        tools.poll(lambda one=what: prometheus.query(one), what, 30)
    yield prometheus
    for thing in prometheus, program, deaf, busy, embedder:
        thing.stop()


@pytest.mark.parametrize("panel", [pytest.param(panel, id=name) for name, panel in panels()])
def test_every_panel_draws_something(scraped, panel):
    for target in panel["targets"]:
        # What is drawn only where it is more than 0 may be 0 here; then it has to be known.
        expression = filled_in(target["expr"]).removesuffix(" > 0")
        found = tools.poll(lambda one=expression: scraped.query(one), expression, 10)
        legend = re.fullmatch(r"\{\{(\w+)\}\}", target.get("legendFormat") or "")
        assert not legend or all(labels.get(legend[1]) for labels, _ in found)
        # One value that is not a number takes the lines of all series from a graph.
        assert not any(math.isnan(value) for _, value in found)
        # A table merges what has the same labels; by its name each metric would have rows of its own.
        assert panel["type"] != "table" or all("__name__" not in labels for labels, _ in found)
    if panel["type"] == "timeseries":
        values = [value for target in panel["targets"] for _, value in scraped.query(filled_in(target["expr"]))]
        assert any(values), "with a fault on each matter: it would be zero for ever"


@pytest.mark.parametrize("expression", [pytest.param(expression, id=name) for name, expression in annotations()])
def test_annotations_look_at_something(scraped, expression):
    """An event: nothing to find most of the time, but what it is seen by is there."""
    scraped.query(filled_in(expression))
    assert all(scraped.query(one) for one in selectors(filled_in(expression)))


def test_annotations_stand_where_things_happened(scraped):
    """Grafana takes the values of some for milliseconds; that of others is 1, and they stand where the sample does."""
    found = {}
    for dashboard in DASHBOARDS.values():
        for one in dashboard["annotations"]["list"]:
            if "expr" in one:
                seen = [value for _, value in scraped.query(filled_in(one["expr"]))]
                if one.get("useValueForTime"):
                    assert seen and all(0 < time.time() - value / 1000 < 600 for value in seen), one["name"]
                found.setdefault(one["name"], []).extend(seen)
    assert {name for name, seen in found.items() if seen} >= {"Epochs", "Approvals", "Incidents", "Configurations"}


@pytest.mark.parametrize("rule", [
    pytest.param(rule, id=f"{rule.get('alert') or rule['record']} {rule.get('labels', {}).get('severity', '')}")
    for group in RULES["groups"] for rule in group["rules"]])
def test_every_rule_looks_at_something(scraped, rule):
    asked = [re.sub(r'\b(?:severity|alertname)(?:=|=~|!~)"[^"]*"(?:, )?', "", one) for one in selectors(rule["expr"])]
    assert asked or "job_collection:" in rule["expr"]
    for selector in asked:
        # Stars the values, not the labels: each selector has to match a series that exists.
        assert tools.poll(lambda one=selector: scraped.query(one), selector)


def test_rules_are_healthy_and_fire(scraped):
    def evaluated():
        groups = scraped.get("rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if all(rule["health"] == "ok" for rule in rules) else None
    names = {rule["name"] for rule in tools.poll(evaluated, "every rule to be evaluated")}
    assert "RetrievalReplayFailing" in names

    def state(alert):
        return {a["state"] for a in scraped.get("alerts")["alerts"] if a["labels"]["alertname"] == alert}
    assert tools.poll(lambda: state("RetrievalExpectedResultMissing"), "the alert") == {"firing"}
    assert tools.poll(lambda: state("RetrievalReplayFailing"), "the alert") == {"pending"}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_variables_have_values(scraped, name):
    for variable in DASHBOARDS[name]["templating"]["list"]:
        if variable["type"] == "query":
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            found = scraped.query(filled_in(selector))
            assert found and all(labels.get(label) for labels, _ in found if label != "tag"), variable["name"]


@pytest.mark.parametrize("window", ["30s"])
def test_sloth_asks_for_series_that_exist(scraped, window):
    specification = yaml.safe_load((HERE.parent / "docs/examples/sloth.yaml").read_text())
    for slo in specification["slos"]:
        for query in slo["sli"]["events"].values():
            assert tools.poll(lambda one=query: scraped.query(one.replace("{{.window}}", window)), query)


def seeded(dashboard):
    """The dashboard with five mistakes."""
    wrong = copy.deepcopy(dashboard)
    graph = next(panel for panel in wrong["panels"] if panel["type"] == "timeseries")
    number = next(panel for panel in wrong["panels"] if panel["type"] == "stat")
    wrong["graphTooltip"], wrong["refresh"] = 7, 30
    number["gridPoss"] = number.pop("gridPos")
    graph["options"]["legend"]["displayMode"] = "lst"
    graph["fieldConfig"]["defaults"]["custom"]["drawStyle"] = "lin"
    return wrong


def test_grafana_knows_every_member(tmp_path):
    try:
        found = grafana_types.complaints(tmp_path, {**DASHBOARDS, "wrong": seeded(DASHBOARDS["driftwatch-overview"])})
    except grafana_types.releases.Failed as error:
        pytest.skip(str(error))
    assert [line for line in found if not line.startswith("wrong.ts")] == []
    assert len(found) == 5, found
