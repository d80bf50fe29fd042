# SPDX-License-Identifier: Apache-2.0
"""The Prometheus rules and the example for Alertmanager: they hold to the conventions, fire and end in a real
Prometheus, and arrive at a real Alertmanager's receivers, as the matrix of escalation.yaml has them."""
import pathlib
import re
import subprocess

import pytest
import yaml

import tools

TOP = pathlib.Path(__file__).resolve().parents[2]
HERE = TOP / "dashboards"
RULES = yaml.safe_load((HERE / "driftwatch.rules.yaml").read_text())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule]
ROUTES = TOP / "docs/examples/alertmanager.yml"
MATRIX = yaml.safe_load((TOP / "docs/examples/escalation.yaml").read_text())["alerting"]
RUNBOOK = ("{{ with query `driftwatch_runbook_info{job=\"driftwatch\"}` }}"
           "{{ . | sortByLabel \"url\" | first | label \"url\" }}"
           "{{ else }}file:///usr/share/doc/driftwatch/runbook.md#{{ end }}")


@pytest.mark.parametrize("arguments", [
    ["promtool", "check", "rules", "--lint=all", "--lint-fatal", "driftwatch.rules.yaml"],
    ["promtool", "test", "rules", "driftwatch.rules.test.yaml"],
    ["amtool", "check-config", str(ROUTES)]], ids=lambda a: " ".join(a[:2]))
def test_prometheus_tools_accept(arguments):
    done = subprocess.run(arguments, cwd=HERE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested():
    tested = (HERE / "driftwatch.rules.test.yaml").read_text()
    assert [rule["alert"] for rule in ALERTS
            if not re.search(rf"alertname: {rule['alert']}\n\s+exp_alerts:\n", tested)] == []


def test_conventions():
    for group in RULES["groups"]:
        assert len(group["name"]) <= 40 and len(group["rules"]) <= 20
    for rule in (rule for group in RULES["groups"] for rule in group["rules"] if "record" in rule):
        assert re.fullmatch(r"\w+:\w+:\w+", rule["record"])
    for rule in ALERTS:
        assert re.fullmatch(r"([A-Z]+[a-z0-9]+)+", rule["alert"]) and len(rule["alert"]) <= 40
        # What always fires is no news: as Prometheus's Watchdog.
        assert (rule["labels"]["severity"] == "none") == (rule["alert"] == "DriftwatchHeartbeat")
        assert rule["labels"]["severity"] in {"critical", "high", "warning", "info", "none"}
        summary, description = rule["annotations"]["summary"], rule["annotations"]["description"]
        assert re.fullmatch(r"[A-Z d][^{}]+\.", summary), "static, one sentence"
        assert description.endswith(".")
        assert rule["annotations"]["runbook_url"] == RUNBOOK + rule["alert"].lower()


def test_rules_do_not_read_driftwatchs_own_alerts():
    text = (HERE / "driftwatch.rules.yaml").read_text()
    assert not re.search(r"driftwatch_(?:alerts|incidents|verdict)\b", text)


def minutes(duration):
    found = re.fullmatch(r"(\d+)([smhd])", duration)
    return int(found[1]) * {"s": 1 / 60, "m": 1, "h": 60, "d": 1440}[found[2]]


def test_levels_are_those_of_the_matrix():
    """Step by step, counted from the first; the receivers stand for the same people."""
    wanted = {}
    for row in MATRIX["escalation"]:
        after = 0
        for step in row["steps"]:
            after += minutes(step["after"])
            wanted[row["severities"][0], *step["notify"]] = after
    found = {(rule["labels"]["severity"], f"level-{rule['labels']['level']}"): minutes(rule["for"])
             for rule in ALERTS if rule["alert"] == "RetrievalUnanswered"}
    assert found == {key: after for key, after in wanted.items() if after > 0}
    high = {name for name, rule in MATRIX["rules"].items() if rule["severity"] == "high"}
    chosen, = {tuple(re.findall(r"Retrieval\w+", rule["expr"].split('alertname=~')[1].split('"')[1]))
               for rule in ALERTS if rule["labels"].get("level") == "2" and rule["labels"]["severity"] == "high"}
    assert high < set(chosen)
    urls = {one["name"]: one["webhook_configs"][0]["url"] for one in MATRIX["receivers"]}
    theirs = {one["name"]: one["webhook_configs"][0]["url"]
              for one in yaml.safe_load(ROUTES.read_text())["receivers"] if one["name"] != "heartbeat"}
    assert theirs == urls


@pytest.mark.parametrize("labels, receiver", [
    ("alertname=RetrievalExpectedResultMissing severity=critical collection=faq", "level-1"),
    ("alertname=RetrievalReplayFailing severity=critical collection=faq", "level-1"),
    ("alertname=RetrievalReplayFailing severity=high collection=faq", "level-1"),
    ("alertname=RetrievalDistanceDrift severity=warning collection=faq query=q1", "level-1"),
    ("alertname=DriftwatchDown severity=critical instance=a", "level-1"),
    ("alertname=RetrievalUnanswered severity=critical level=2 rule=RetrievalExpectedResultMissing", "level-2"),
    ("alertname=RetrievalUnanswered severity=warning level=3 rule=RetrievalSetDrift", "level-3"),
    ("alertname=DriftwatchHeartbeat severity=none", "heartbeat"),
])
def test_routes(labels, receiver):
    done = subprocess.run(["amtool", "config", "routes", "test", f"--config.file={ROUTES}", *labels.split()],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, receiver), done.stderr


def test_sloth_specification():
    """What Sloth's own validation demands of a prometheus/v1 specification."""
    text = (TOP / "docs/examples/sloth.yaml").read_text()
    spec = yaml.safe_load(text)
    name = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
    assert set(spec) <= {"version", "service", "labels", "slos"} and spec["version"] == "prometheus/v1"
    assert name.fullmatch(spec["service"])
    for slo in spec["slos"]:
        assert set(slo) <= {"name", "description", "objective", "labels", "sli", "alerting"}
        assert name.fullmatch(slo["name"]) and 0 < slo["objective"] <= 100
        events = slo["sli"]["events"]
        assert set(events) == {"error_query", "total_query"} and len(set(events.values())) == 2
        assert all("{{.window}}" in query for query in events.values())
        assert set(slo["alerting"]) <= {"name", "labels", "annotations", "page_alert", "ticket_alert"}
        assert slo["alerting"]["name"] in {rule["alert"] for rule in ALERTS}


def hurried(directory):
    """The rules as they are, but that what takes minutes takes seconds."""
    rules = yaml.safe_load((HERE / "driftwatch.rules.yaml").read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        rule.pop("keep_firing_for", None)
        if "for" in rule:
            rule["for"] = "2s" if rule["alert"] == "RetrievalUnanswered" else "0s"
    path = directory / "hurried.rules.yaml"
    path.write_text(yaml.safe_dump(rules))
    return path


def routed_to(base):
    """The example for Alertmanager, with receivers of ours and no waiting."""
    config = yaml.safe_load(ROUTES.read_text())
    config["route"].update(group_wait="0s", group_interval="1s")
    for receiver in config["receivers"]:
        receiver["webhook_configs"][0]["url"] = f"{base}/{receiver['name']}"
    return config


def test_alerts_arrive_at_their_receiver_and_end(build, chroma, tmp_path, receiver, ends, name):
    queries, records = tools.axes([0.5, 0.9])
    chroma.create(name)
    chroma.upsert(name, ["r0", "r1"], records)
    program = ends(tools.Driftwatch(build, tmp_path / "driftwatch"))
    program.server(chroma.url)
    program.watch(name, [{"id": f"q{i}", "text": "?", "expect": {"ids": [f"r{i}"]}} for i in range(2)],
                  {f"q{i}": row for i, row in enumerate(queries)}, interval="500ms")
    program.start("--web.external-url=http://drift.example.org")
    manager = ends(tools.Alertmanager(tmp_path / "alertmanager", config=routed_to(receiver.base)))
    ends(tools.Prometheus(tmp_path / "prometheus", program.url.removeprefix("http://"), rules=[hurried(tmp_path)],
                          alertmanagers=[manager.url.removeprefix("http://")]))

    def arrived(level, status, alertname):
        """Those about the collection: before the first scrape there are others, too."""
        return [alert for body in receiver.bodies(f"/{level}") for alert in body["alerts"]
                if (alert["status"], alert["labels"]["alertname"]) == (status, alertname)
                and alert["labels"].get("collection", name) == name
                and alert["labels"].get("rule", "RetrievalExpectedResultMissing") == "RetrievalExpectedResultMissing"]
    tools.poll(lambda: arrived("heartbeat", "firing", "DriftwatchHeartbeat"), "the heartbeat", 30)
    chroma.delete(name, ["r1"])
    missing = tools.poll(lambda: arrived("level-1", "firing", "RetrievalExpectedResultMissing"), "the alert", 30)[0]
    assert (missing["labels"]["collection"], missing["labels"]["severity"]) == (name, "critical")
    assert missing["annotations"]["runbook_url"] == "http://drift.example.org/runbook/retrievalexpectedresultmissing"
    for level in "level-2", "level-3":
        told = tools.poll(lambda one=level: arrived(one, "firing", "RetrievalUnanswered"), level, 30)[0]
        assert (told["labels"]["collection"], told["labels"]["level"]) == (name, level[-1])
    chroma.upsert(name, ["r1"], records[1:])
    tools.poll(lambda: arrived("level-1", "resolved", "RetrievalExpectedResultMissing"), "its end", 30)
    tools.poll(lambda: arrived("level-3", "resolved", "RetrievalUnanswered"), "its end above", 30)
    assert not arrived("level-2", "firing", "RetrievalExpectedResultMissing")
