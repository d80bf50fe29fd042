# SPDX-License-Identifier: Apache-2.0
"""Whether people are told, and who says so when they are not: `driftwatch notify-test`, and what a daemon says of its
own telling. The server is away all the time, which is what there is to tell."""
import http.server
import json
import subprocess

import pytest

import tools

GONE, REFUSED = 410, 400


@pytest.fixture
def told(driftwatch, name):
    """told(receivers, rules) configures them, beside a collection of a server that is away."""
    def configure(receivers, rules=None, **alerting):
        driftwatch.server(f"http://127.0.0.1:{tools.free_port()}")
        driftwatch.watch(name, [{"id": "a", "text": "?"}], {"a": [1.0, 0.0]}, interval="1s", timeout="1s")
        driftwatch.config["alerting"] = {
            "group_wait": "100ms", "group_interval": "1s", "receivers": receivers,
            "rules": {"RetrievalReplayFailing": {"for": "0s"}, **(rules or {})}, **alerting}
        driftwatch.write()
        return driftwatch
    return configure


def test_a_test_arrives_and_says_that_it_is_one(told, receiver):
    program = told([{"name": "team", "webhook_configs": [{"url": receiver.url}]}])
    done = program.run("notify-test", "team")
    assert (done.returncode, done.stderr) == (0, "")
    opening, end = done.stdout.splitlines()
    peer = receiver.url.split("/")[2]
    assert opening.startswith(f"opening to team (webhook, {peer}): delivered, status 200 after ")
    assert end.startswith(f"end to team (webhook, {peer}): delivered, status 200 after ")
    firing, resolved = (request["body"]["alerts"][0] for request in receiver.requests)
    assert (firing["status"], resolved["status"]) == ("firing", "resolved")
    assert firing["labels"] == resolved["labels"]
    assert firing["annotations"]["summary"] == "This is a test: nothing is wrong."
    keys = [request["headers"]["Idempotency-Key"] for request in receiver.requests]
    assert len(set(keys)) == 2


def test_a_dry_run_shows_all_but_secrets_and_sends_nothing(told, receiver):
    program = told([{"name": "team", "webhook_configs": [
        {"url": receiver.url, "auth": {"scheme": "bearer", "secret_file": "token"}, "send_resolved": False},
        {"url_file": "address"}]}])
    (program.directory / "token").write_text("very-secret-token\n")
    (program.directory / "address").write_text(f"{receiver.url}/very-secret-path\n")
    done = program.run("notify-test", "team", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert receiver.requests == []
    assert "very-secret" not in done.stdout
    assert f"POST {receiver.url}\n" in done.stdout
    assert "Authorization: Bearer [secret]\n" in done.stdout
    assert f"POST {receiver.url.removesuffix('/hook')}/[secret]\n" in done.stdout
    bodies = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [body["status"] for body in bodies] == ["firing", "firing", "resolved"]
    assert "not sent: send_resolved is false" in done.stdout


def test_what_did_not_arrive_is_status_1(told, receiver):
    program = told([{"name": "team", "webhook_configs": [
        {"url": f"http://127.0.0.1:{tools.free_port()}"}, {"url": receiver.url}]}])
    receiver.status = 404
    done = program.run("notify-test", "team")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.count("not delivered, status 404") == 2
    assert done.stdout.count("not delivered: ") == 2


class Echo(tools.Served):
    """Knows nothing, and says what it was asked for."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                body = f"no such hook: {self.path}".encode()
                self.send_response(404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.serve(Handler)


def test_an_answer_that_repeats_a_secret_is_not_shown(told, ends):
    echo = ends(Echo())
    program = told([{"name": "team", "webhook_configs": [{"url_file": "address"}, {"url": f"{echo.url}/open"}]}])
    (program.directory / "address").write_text(f"{echo.url}/very-secret-path\n")
    done = program.run("notify-test", "team")
    assert (done.returncode, done.stderr) == (1, "")
    assert "very-secret" not in done.stdout
    assert done.stdout.count("with a text that repeats a secret") == 2
    assert done.stdout.count("no such hook: /open") == 2


def test_usage_and_configuration_are_status_2(told, receiver):
    program = told([{"name": "team", "webhook_configs": [{"url": receiver.url}]}])
    done = program.run("notify-test", "taem")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'has no receiver "taem" with a channel; it has: team' in done.stderr
    assert program.run("notify-test").returncode == 2
    assert program.run("notify-test", "team", "other").returncode == 2
    assert program.run("check", "--dry-run").returncode == 2
    program.config_file.write_text("alerting: {receiver: []}\n")
    done = program.run("notify-test", "team")
    assert done.returncode == 2 and "alerting.receiver" in done.stderr
    assert receiver.requests == []


def failing(receiver):
    return receiver.alerts("firing", alertname="DriftwatchNotificationFailing")


def test_a_receiver_that_hears_nothing_is_told_to_the_others(told, receiver, ends):
    """The one that is gone is left alone; page, API, status, metrics and alert say the same of it."""
    deaf = ends(tools.Receiver())
    deaf.status = GONE
    program = told([{"name": "deaf", "webhook_configs": [{"url": deaf.url}]},
                    {"name": "team", "webhook_configs": [{"url": receiver.url}]}],
                   {"DriftwatchNotificationFailing": {"for": "0s"}}).start()
    alert = tools.poll(lambda: failing(receiver), "the others to be told", 60)[0]
    peer = deaf.url.split("/")[2]
    assert {key: alert["labels"].get(key) for key in ("receiver", "channel", "peer", "collection")} == {
        "receiver": "deaf", "channel": "webhook", "peer": peer, "collection": None}
    assert "the answer was status 410" in alert["annotations"]["description"]
    assert len(deaf.requests) == 1 and deaf.alerts(alertname="DriftwatchNotificationFailing") == []
    labels = {"receiver": "deaf", "channel": "webhook", "peer": peer}
    tools.poll(lambda: program.metric("driftwatch_notification_disabled", **labels) == 1, "it to be shown")
    assert program.metric("driftwatch_notification_failing", **labels) == 1
    assert program.metric("driftwatch_notifications_failed_total", reason="gone", **labels) >= 1
    data = program.api("notifications")
    states = {one["receiver"]: (one["failing"], one["disabled"]) for one in data["destinations"]}
    assert states == {"deaf": (True, True), "team": (False, False)}
    assert data["lost"][-1]["kind"] == "opened" and data["lost"][-1]["reason"] == "gone"
    assert "switched off" in program.page()
    done = subprocess.run([program.program, "status", f"--web.listen-address={program.url.removeprefix('http://')}"],
                          text=True, capture_output=True, timeout=30)
    assert f"notifications to deaf (webhook, {peer}) are switched off since" in done.stdout
    assert "lost at " in done.stdout


def test_another_address_is_told_again(told, receiver, ends):
    """Nothing is switched off for ever."""
    deaf = ends(tools.Receiver())
    deaf.status = GONE
    program = told([{"name": "deaf", "webhook_configs": [{"url": deaf.url}]},
                    {"name": "team", "webhook_configs": [{"url": receiver.url}]}],
                   {"DriftwatchNotificationFailing": {"for": "0s"}}).start()
    tools.poll(lambda: failing(receiver), "the others to be told", 60)
    deaf.status = 200
    program.config["alerting"]["receivers"][0]["webhook_configs"][0]["url"] = deaf.url + "/new"
    program.config["alerting"]["rules"]["RetrievalReplayFailing"]["severity"] = "warning"  # which is news
    program.write()
    assert program.reload().ok
    tools.poll(lambda: len(deaf.requests) > 1, "the new address to be used")
    assert deaf.requests[-1]["path"] == "/hook/new"
    assert not program.api("notifications")["destinations"][0]["disabled"]


def test_the_heart_beats_for_alertmanagers_alone(told, receiver, ends):
    alertmanager = ends(tools.Receiver())
    seen = []

    class Log(list):
        def append(self, request):
            seen.extend(alert["labels"] for alert in request["body"])
            super().append(request)

    alertmanager.requests = Log()
    program = told([{"name": "team", "webhook_configs": [{"url": receiver.url}]}],
                   {"DriftwatchHeartbeat": {}},
                   alertmanagers=[{"url": alertmanager.url.removesuffix("/hook")}]).start()
    tools.poll(lambda: [one for one in seen if one["alertname"] == "DriftwatchHeartbeat"], "a heartbeat", 60)
    tools.poll(lambda: receiver.alerts(alertname="RetrievalReplayFailing"), "the receiver to be told of something", 60)
    assert receiver.alerts(alertname="DriftwatchHeartbeat") == []
    assert program.metric("driftwatch_alerts", alertname="DriftwatchHeartbeat", severity="none", state="firing") == 1
