# SPDX-License-Identifier: Apache-2.0
"""The Grafana dashboard and the Prometheus rules: well-formed, and every query of theirs finds series that a real
Prometheus scraped from a real driftwatch."""
import json
import pathlib
import re
import subprocess

import pytest
import yaml

import tools
import worlds

HERE = pathlib.Path(__file__).resolve().parents[2] / "dashboards"
DASHBOARD = json.loads((HERE / "driftwatch.json").read_text())
RULES = yaml.safe_load((HERE / "driftwatch.rules.yaml").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
# Units that the dashboard may use, as Grafana names them.
UNITS = {"none", "short", "percentunit", "s", "bytes", "ops", "bool_yes_no"}


def expressions():
    """(where, PromQL) of everything that asks Prometheus, variables filled in as for "All"."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield f"panel {panel['title']} {target['refId']}", target["expr"]
    for annotation in DASHBOARD["annotations"]["list"]:
        if "expr" in annotation:
            yield f"annotation {annotation['name']}", annotation["expr"]


def filled_in(expression):
    for variable in "job", "instance", "collection":
        expression = expression.replace(f'=~"${variable}"', '=~".+"')
    return expression.replace("$__rate_interval", "10s").replace("$__interval", "1m")


def selectors(expression):
    """The vector selectors of a rule, each to be asked for by itself, without range and offset."""
    return re.findall(r"\b(?:up|driftwatch_\w+)\b(?:\{[^}]*\})?", expression)


@pytest.fixture(scope="module")
def scraped(build, chroma, tmp_path_factory):
    """A Prometheus on a driftwatch that has something to say on every matter: passes, a miss, a drift, a
    collection whose server is away, an alert, a receiver that refuses."""
    directory = tmp_path_factory.mktemp("scraped")
    queries, records = tools.axes([0.5, 0.9, 1.1])
    chroma.create("faq")
    chroma.upsert("faq", ["r0", "r1", "r2"], records)
    deaf = tools.Receiver()
    deaf.status = 400
    program = tools.Driftwatch(build, directory)
    program.server(chroma.url)
    program.server(f"http://127.0.0.1:{tools.free_port()}", name="away")
    expected = [{"ids": ["r0"]}, {"ids": ["gone"]}, {"ids": ["r2"], "distance": {"max": 1.0}}]
    program.watch("faq", [{"id": f"q{i}", "text": "?", "expect": one} for i, one in enumerate(expected)],
                  {f"q{i}": row for i, row in enumerate(queries)}, interval="500ms")
    program.watch("lost", [{"id": "x", "text": "?"}], {"x": queries[0]}, server="away", interval="500ms")
    embedder = worlds.Embedder(HERE.parent / "config/demo/embedder.py", directory / "embedder.log",
                               dimension=len(queries[0]))
    program.config["embedders"] = [{"name": "demo", "api": "openai", "url": embedder.url, "model": "m"}]
    program.config["collections"][0]["embedder"] = "demo"
    program.config["alerting"] = {
        **tools.AT_ONCE, "lease": {"file": "lease", "ttl": "1s"},
        "receivers": [{"name": "team", "webhook_configs": [{"url": deaf.url}]}]}
    program.write()
    for step in ["propose", "--pause=100ms"], ["approve", "--by=Ada", "--reason=first"]:
        done = program.run("baseline", *step, "--collection=faq")
        assert done.returncode == 0, done.stdout + done.stderr
    program.start()
    prometheus = tools.Prometheus(directory / "prometheus", program.url.removeprefix("http://"),
                                  rules=[HERE / "driftwatch.rules.yaml"])
    tools.poll(lambda: prometheus.query('sum(driftwatch_queries{outcome="fail"}) > 0'), "measurements")
    tools.poll(lambda: prometheus.query("sum(driftwatch_notifications_failed_total) > 0"), "a failed notification")
    tools.poll(lambda: prometheus.query("sum(driftwatch_replays_failed_total) > 0"), "a failed replay")
    # rate() needs two scrapes of the youngest series.
    tools.poll(lambda: prometheus.query("rate(driftwatch_notifications_failed_total[10s])"), "two scrapes")
    tools.poll(lambda: prometheus.query("driftwatch_embedder_distance"), "the embedder")
    tools.poll(lambda: prometheus.query("driftwatch_collection_recall_ratio"), "a probe of the index")
    yield prometheus
    for thing in prometheus, program, deaf, embedder:
        thing.stop()


@pytest.mark.parametrize("where, expression", [
    pytest.param(where, expression, id=where) for where, expression in expressions()])
def test_every_query_finds_something(scraped, where, expression):
    if where.startswith("annotation"):
        scraped.query(filled_in(expression))  # an event: nothing to find most of the time
        assert all(scraped.query(one) for one in selectors(filled_in(expression)))
    else:
        assert tools.poll(lambda: scraped.query(filled_in(expression)), where, 10)


@pytest.mark.parametrize("rule", [
    pytest.param(rule, id=rule.get("alert") or rule["record"]) for group in RULES["groups"] for rule in group["rules"]])
def test_every_rule_looks_at_something(scraped, rule):
    asked = selectors(rule["expr"])
    assert asked
    for selector in asked:
        # Stars the values, not the labels: each selector has to match a series that exists.
        assert scraped.query(selector), selector


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


@pytest.mark.parametrize("arguments", [
    ["check", "rules", "--lint=all", "--lint-fatal", "driftwatch.rules.yaml"],
    ["test", "rules", "driftwatch.rules.test.yaml"]], ids=lambda a: a[0])
def test_promtool(arguments):
    done = subprocess.run(["promtool", *arguments], cwd=HERE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested():
    tested = (HERE / "driftwatch.rules.test.yaml").read_text()
    alerts = [rule["alert"] for group in RULES["groups"] for rule in group["rules"] if "alert" in rule]
    assert [name for name in alerts
            if not re.search(rf"alertname: {name}\n\s+exp_alerts:\n", tested)] == []


def test_alert_conventions():
    for group in RULES["groups"]:
        assert len(group["name"]) <= 40 and len(group["rules"]) <= 20
        for rule in group["rules"]:
            if "record" in rule:
                assert re.fullmatch(r"\w+:\w+:\w+", rule["record"])
                continue
            assert re.fullmatch(r"([A-Z]+[a-z0-9]+)+", rule["alert"]) and len(rule["alert"]) <= 40
            # What always fires is no news: as Prometheus's Watchdog.
            assert (rule["labels"]["severity"] == "none") == (rule["alert"] == "DriftwatchHeartbeat")
            assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
            summary, description = rule["annotations"]["summary"], rule["annotations"]["description"]
            assert re.fullmatch(r"[A-Z d][^{}]+\.", summary), "static, one sentence"
            assert description.endswith(".")


def test_panels_have_ids_of_their_own_and_do_not_overlap():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken = {}
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert 0 <= at["x"] and at["x"] + at["w"] <= 24 and at["h"] >= 1
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken.get((x, y))}"
                taken[x, y] = panel["title"]


def test_dashboard_is_portable():
    """No inputs that only an interactive import fills in, no data source of somebody's own."""
    assert DASHBOARD["id"] is None and DASHBOARD["__inputs"] == []
    assert 8 <= len(DASHBOARD["uid"]) <= 40 and DASHBOARD["title"] and DASHBOARD["editable"] is False
    assert DASHBOARD["schemaVersion"] == 39
    sources = [found["datasource"] for panel in PANELS for found in [panel, *panel["targets"]]]
    assert {json.dumps(source, sort_keys=True) for source in sources} == {
        json.dumps({"type": "prometheus", "uid": "${datasource}"}, sort_keys=True)}
    used = {panel["type"] for panel in PANELS}
    assert used == {one["id"] for one in DASHBOARD["__requires"] if one["type"] == "panel"}


def test_variables():
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert list(variables) == ["datasource", "job", "instance", "collection"]
    assert (variables["datasource"]["type"], variables["datasource"]["label"]) == ("datasource", "Data source")
    for name in "job", "instance", "collection":
        variable = variables[name]
        assert (variable["type"], variable["refresh"], variable["multi"], variable["allValue"]) == (
            "query", 2, True, ".+")
        assert variable["datasource"]["uid"] == "${datasource}"
        assert variable["label"] == name.capitalize()


def test_variables_have_values(scraped):
    for variable in DASHBOARD["templating"]["list"][1:]:
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
        assert all(labels.get(label) for labels, _ in scraped.query(filled_in(selector))), variable["name"]


@pytest.mark.parametrize("panel", [pytest.param(panel, id=panel["title"]) for panel in PANELS])
def test_panel_conventions(panel):
    assert panel["title"] and panel["description"].endswith(".") and panel["targets"]
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    for target in panel["targets"]:
        expression = target["expr"]
        for selector in re.findall(r"\{([^}]*)\}", expression):
            assert 'job=~"$job"' in selector and 'instance=~"$instance"' in selector
        for counter in re.finditer(r"(\w*)\(?driftwatch_\w+_total\b", expression):
            assert counter.group(1) in ("rate", "increase"), expression
        for interval in re.findall(r"\[([^\]]+)\]", expression):
            assert interval == "$__rate_interval" or panel["title"] == "Share that passed"
