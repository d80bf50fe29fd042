# SPDX-License-Identifier: Apache-2.0
"""All channels of a receiver at once: what each service is sent of an incident and of its end, how often it is tried
again when it says so in its own way, and where a secret is not."""
import pytest

import tools

COUNT, MOVING = 8, 3
CROSSED = "RetrievalBandCrossed"
KEY, TOKEN = "r0utingkey0123456789abcdefabcdef", "123456:ABC-t0ken"
SLACK, TEAMS, DISCORD = "/services/T0/B0/sl4ck", "/workflows/te4ms", "/api/webhooks/1/d1scord"
PAGERDUTY, TELEGRAM, NTFY, HOOK = "/v2/enqueue", f"/bot{TOKEN}/sendMessage", "/", "/hook"
SECRETS = {"slack-url": SLACK, "teams-url": TEAMS, "discord-url": DISCORD, "pagerduty-key": KEY,
           "telegram-token": TOKEN}
# What each says when all is well, and what when it is too much or broken: the most that a gateway would repeat.
WELL = {SLACK: (200, "ok"), TEAMS: (202, ""), DISCORD: (204, ""), PAGERDUTY: (202, '{"status":"success"}'),
        TELEGRAM: (200, '{"ok":true,"result":{}}'), NTFY: (200, "{}"), HOOK: (200, "")}
ILL = {SLACK: (500, f"no answer from {SLACK}"), TEAMS: (200, "Microsoft Teams endpoint returned HTTP error 429"),
       DISCORD: (429, '{"message":"You are being rate limited.","retry_after":0.35,"global":false}'),
       PAGERDUTY: (500, f"cannot route {KEY}"),
       TELEGRAM: (429, f'{{"ok":false,"error_code":429,"description":"{TELEGRAM}","parameters":{{"retry_after":1}}}}'),
       NTFY: (503, "down"), HOOK: (503, "down")}


def configs(receiver):
    return {"name": "search-team", "webhook_configs": [{"url": receiver.url}],
            "ntfy_configs": [{"url": receiver.base, "topic": "retrieval"}],
            "slack_configs": [{"api_url_file": "slack-url", "channel": "#search"}],
            "pagerduty_configs": [{"routing_key_file": "pagerduty-key", "url": receiver.base + PAGERDUTY}],
            "msteamsv2_configs": [{"webhook_url_file": "teams-url"}],
            "discord_configs": [{"webhook_url_file": "discord-url"}],
            "telegram_configs": [{"bot_token_file": "telegram-token", "chat_id": -1001, "api_url": receiver.base}]}


@pytest.fixture
def watched(chroma, driftwatch, name, receiver):
    """A running driftwatch with eight queries at home in `good`; move(distance) moves record 3 and replays until that
    is confirmed."""
    queries, records = tools.axes([0.9] * COUNT)
    chroma.create(name)
    chroma.upsert(name, [f"r{i}" for i in range(COUNT)], records)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [
        {"id": f"q{i}", "text": f"Question {i}?", "expect": {"ids": [f"r{i}"], "within": 1}}
        for i in range(COUNT)], {f"q{i}": row for i, row in enumerate(queries)}, interval="1h")
    for file, secret in SECRETS.items():
        (driftwatch.directory / file).write_text((receiver.base if file.endswith("-url") else "") + secret + "\n")
    driftwatch.config["alerting"] = {**tools.AT_ONCE, "receivers": [configs(receiver)],
                                     "runbook_url": "https://wiki.example.org/runbooks/"}
    receiver.answers = {path: [well] for path, well in WELL.items()}
    driftwatch.start("--web.external-url=http://drift.example.org:9820/")
    driftwatch.replay(name, times=5)

    def move(distance):
        chroma.upsert(name, [f"r{MOVING}"], [tools.axis(MOVING, COUNT, distance)])
        return driftwatch.replay(name, times=5)
    return move


def delivered(receiver, count):
    """Waits until each service was told so often."""
    tools.poll(lambda: all(len(receiver.bodies(path)) >= count for path in WELL), f"{count} requests to each", 30)
    assert {path: len(receiver.bodies(path)) for path in WELL} == dict.fromkeys(WELL, count)
    return {path: receiver.bodies(path)[-1] for path in WELL}


def quoted(driftwatch):
    """Every text that the program shows, and every file that it writes."""
    shown = {path: driftwatch.get(path).text for path in (
        "/", "/metrics", "/api/v1/status", "/api/v1/alerts", "/api/v1/incidents", "/api/v1/collections")}
    shown["the log"] = driftwatch.process.text()
    shown["status"] = driftwatch.run("status", "--json").stdout
    for file in driftwatch.state.rglob("*"):
        if file.is_file():
            shown[str(file)] = file.read_bytes().decode(errors="replace")
    return shown


def assert_no_secret(driftwatch):
    for where, text in quoted(driftwatch).items():
        for secret in SECRETS.values():
            assert secret not in text, f"{secret} stands in {where}"


def test_each_service_hears_of_an_incident_and_its_end(watched, driftwatch, receiver, name):
    watched(1.1)
    opened = delivered(receiver, 1)
    page = f"http://drift.example.org:9820/?collection={name}"
    for path, body in opened.items():
        text = str(body).replace("\\", "")
        for words in CROSSED, name, f"q{MOVING}", "drift.example.org:9820", "wiki.example.org/runbooks/":
            assert words in text, f"{words} to {path}"

    attachment, = opened[SLACK]["attachments"]
    assert (opened[SLACK]["channel"], attachment["color"], attachment["title_link"]) == ("#search", "warning", page)
    assert attachment["title"].startswith(f"[warning] {name}: {CROSSED}")
    event = opened[PAGERDUTY]
    assert (event["routing_key"], event["event_action"], event["payload"]["severity"]) == (KEY, "trigger", "warning")
    assert event["payload"]["source"] == name and event["client_url"] == page
    card = opened[TEAMS]["attachments"][0]["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.2")
    assert [action["title"] for action in card["actions"]] == ["Runbook", "Status page", "Acknowledge"]
    assert opened[DISCORD]["allowed_mentions"] == {"parse": []}
    assert page in [field["value"] for field in opened[DISCORD]["embeds"][0]["fields"]]
    assert opened[TELEGRAM]["chat_id"] == -1001
    assert opened[TELEGRAM]["text"].startswith(f"[warning] {name}: ")
    assert opened[NTFY]["topic"] == "retrieval"

    watched(0.9)
    closed = delivered(receiver, 2)
    assert closed[PAGERDUTY] == {"routing_key": KEY, "event_action": "resolve", "dedup_key": event["dedup_key"]}
    assert closed[SLACK]["attachments"][0]["color"] == "good"
    assert closed[TELEGRAM]["disable_notification"] is True
    for path, body in closed.items():
        assert path in (PAGERDUTY, HOOK) or "[resolved]" in str(body).replace("\\", ""), path
    assert closed[HOOK]["status"] == "resolved"
    assert_no_secret(driftwatch)


def test_pagerduty_hears_that_somebody_took_it(watched, driftwatch, receiver, name):
    watched(1.1)
    opened = delivered(receiver, 1)[PAGERDUTY]
    assert driftwatch.post(f"/api/v1/incidents/{name}/ack", json={"by": "anna"}).status_code == 200
    tools.poll(lambda: len(receiver.bodies(PAGERDUTY)) == 2, "the acknowledgement")
    assert receiver.bodies(PAGERDUTY)[1] == {
        "routing_key": KEY, "event_action": "acknowledge", "dedup_key": opened["dedup_key"]}
    watched(0.9)
    tools.poll(lambda: all(receiver.bodies(path)[1:] for path in WELL), "the end for each")
    assert receiver.bodies(PAGERDUTY)[2]["event_action"] == "resolve"
    assert {path: len(receiver.bodies(path)) for path in WELL} == {**dict.fromkeys(WELL, 2), PAGERDUTY: 3}


def test_what_is_too_much_is_told_once_more_and_no_secret_with_it(watched, driftwatch, receiver, name):
    del name
    receiver.answers = {path: [ill] for path, ill in ILL.items()}
    watched(1.1)
    tools.poll(lambda: all(receiver.bodies(path) for path in ILL), "a request to each")
    # Of Slack, PagerDuty and Telegram.
    tools.poll(lambda: (page := driftwatch.page()).count("with a text that repeats a secret") == 3 and
               "You are being rate limited" in page, "the page to say why")
    assert_no_secret(driftwatch)
    waiting = {path: len(receiver.bodies(path)) for path in ILL}
    receiver.answers = {path: [well] for path, well in WELL.items()}
    tools.poll(lambda: driftwatch.process.text().count("delivered again") == len(WELL), "each to be delivered", 60)
    for path in WELL:
        first, *more = receiver.bodies(path)
        assert more and all(again == first for again in more), path
        assert len(more) >= waiting[path], path
    assert sum(value for (series, _), value in driftwatch.metrics().items()
               if series == "driftwatch_notifications_failed_total") == 0
    assert_no_secret(driftwatch)


def test_a_rotated_key_is_used_without_a_reload(watched, driftwatch, receiver):
    watched(1.1)
    delivered(receiver, 1)
    (driftwatch.directory / "pagerduty-key").write_text("another-routing-key\n")
    tools.never(lambda: False, "the second in which a secret is not looked at again", 1.1)
    watched(0.9)
    assert delivered(receiver, 2)[PAGERDUTY]["routing_key"] == "another-routing-key"
    assert "pagerduty-key has changed" in driftwatch.process.text()
    assert "another-routing-key" not in "".join(quoted(driftwatch).values())
