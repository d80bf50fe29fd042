# SPDX-License-Identifier: Apache-2.0
"""The dashboards hold to the rules of Grafana's dashboard-linter and to our own."""
import json
import pathlib
import re

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parents[2] / "dashboards"
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(HERE.glob("*.json"))}
EXCLUSIONS = yaml.safe_load((HERE / ".lint").read_text())["exclusions"]
# Units that the dashboards may use, as Grafana names them.
UNITS = {"none", "short", "percentunit", "s", "bytes", "bool_yes_no", "dateTimeAsIso"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SELECTED = ['job=~"$job"', 'instance=~"$instance"']


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def cases(items):
    return [pytest.param(dashboard, one, id=f"{name}-{one.get('title') or one.get('name')}")
            for name, dashboard in DASHBOARDS.items() for one in items(dashboard)]


def excluded(rule, panel):
    return panel["title"] in {entry["panel"] for entry in EXCLUSIONS.get(rule, {"entries": []})["entries"]}


def expressions(dashboard):
    found = [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]
    return found + [one["expr"] for one in dashboard["annotations"]["list"] if "expr" in one]


@pytest.fixture(params=DASHBOARDS.values(), ids=DASHBOARDS)
def dashboard(request):
    return request.param


def test_there_are_an_overview_and_one_of_a_collection():
    assert {one["uid"] for one in DASHBOARDS.values()} == {"driftwatch-overview", "driftwatch-collection"}


def test_is_portable(dashboard):
    """No inputs that only an interactive import fills in, no data source of somebody's own."""
    assert dashboard["id"] is None and dashboard["__inputs"] == []
    assert 8 <= len(dashboard["uid"]) <= 40 and dashboard["title"] and dashboard["editable"] is False
    assert dashboard["schemaVersion"] == 39
    sources = [found["datasource"] for panel in panels(dashboard) for found in [panel, *panel["targets"]]]
    sources += [one["datasource"] for one in dashboard["annotations"]["list"] if not one.get("builtIn")]
    assert all(source == SOURCE for source in sources)
    used = {panel["type"] for panel in panels(dashboard)}
    assert used == {one["id"] for one in dashboard["__requires"] if one["type"] == "panel"}


def test_panels_have_ids_of_their_own_and_do_not_overlap(dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    taken = {}
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        assert 0 <= at["x"] and at["x"] + at["w"] <= 24 and at["h"] >= 1
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken.get((x, y))}"
                taken[x, y] = panel["title"]


def test_variables(dashboard):
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    one = dashboard["uid"] == "driftwatch-collection"
    assert list(variables) == [
        "datasource", "job", "instance", "collection", *(["tag", "query"] if one else []), "page"]
    assert (variables["datasource"]["type"], variables["datasource"]["label"]) == ("datasource", "Data source")
    for name in "job", "instance":
        assert (variables[name]["multi"], variables[name]["allValue"]) == (True, ".+")
    for name, variable in variables.items():
        if variable["type"] == "query":
            assert (variable["refresh"], variable["datasource"], variable["label"]) == (2, SOURCE, name.capitalize())
            assert re.fullmatch(r"label_values\(.*, \w+\)", variable["query"]["query"])
    # A variable that takes one value is not escaped for a regular expression.
    assert variables["collection"]["multi"] is not one
    assert all(('collection="$collection"' in text) == one for text in expressions(dashboard) if "$collection" in text)


@pytest.mark.parametrize("dashboard, panel", cases(panels))
def test_panel(dashboard, panel):
    assert panel["title"] and panel["description"].endswith(".") and panel["targets"]
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert all(target.get("legendFormat") for target in panel["targets"]) or panel["type"] in ("stat", "table")
    # A number taken from a range outlives by hours the daemon that said it.
    if panel["type"] in ("stat", "table"):
        assert all(target["instant"] and not target["range"] for target in panel["targets"])
    for target in panel["targets"]:
        for counter in re.finditer(r"(\w*)\(?driftwatch_\w+_total\b", target["expr"]):
            assert counter.group(1) in ("rate", "increase"), target["expr"]
        for interval in re.findall(r"\[([^\]]+)\]", target["expr"]):
            assert interval == "$__rate_interval" or excluded("target-rate-interval-rule", panel)


def test_every_selector_is_of_the_chosen_jobs_and_instances(dashboard):
    for expression in expressions(dashboard):
        names = re.findall(r"\b(?:driftwatch|process)_\w+", expression)
        selectors = re.findall(r"\b(?:driftwatch|process)_\w+\{([^}]*)\}", expression)
        assert len(names) == len(selectors), expression
        assert all(one in selector for selector in selectors for one in SELECTED), expression


def links(panel):
    yield from panel["fieldConfig"]["defaults"].get("links", [])
    for override in panel["fieldConfig"]["overrides"]:
        for setting in override["properties"]:
            if setting["id"] == "links":
                yield from setting["value"]


def test_data_links_lead_to_the_page_and_to_the_other_dashboard(dashboard):
    found = [link["url"] for panel in panels(dashboard) for link in links(panel)]
    assert any(url.startswith("${page}/?collection=") for url in found)
    if dashboard["uid"] == "driftwatch-overview":
        assert any(url.startswith("/d/driftwatch-collection?var-collection=") for url in found)
    for url in found:
        assert url.startswith(("${page}/", "/d/driftwatch-"))
        # What comes from a label is no part of the address that others decide.
        assert re.findall(r"\$\{(?:__field\.labels\.\w+|__value\.raw|collection)(?!\w*:percentencode)\}", url) == []


def test_exclusions_are_of_panels_that_exist():
    titles = {panel["title"] for one in DASHBOARDS.values() for panel in panels(one)}
    for rule in EXCLUSIONS.values():
        assert rule["reason"] and {entry["panel"] for entry in rule["entries"]} <= titles


@pytest.mark.parametrize("file", ["dashboards.yaml", "datasources.yaml"])
def test_provisioning(file):
    known = {"dashboards.yaml": ("providers", {"name", "folder", "type", "disableDeletion", "updateIntervalSeconds",
                                              "allowUiUpdates", "options"}),
             "datasources.yaml": ("datasources", {"name", "type", "access", "url", "jsonData"})}
    tree = yaml.safe_load((HERE / "provisioning" / file).read_text())
    member, keys = known[file]
    assert tree["apiVersion"] == 1
    assert all(set(one) <= keys for one in tree[member])
