# SPDX-License-Identifier: Apache-2.0
"""An alert that comes and goes is told once as flapping, and then nobody hears of it until it was calm. When it is, is
tests/unit/test_flap.c's to say: a window has a minute at least."""
import tools


def test_what_comes_and_goes_is_told_once_more_and_then_not(chroma, driftwatch, receiver, name):
    queries, records = tools.axes([0.5, 0.5])
    chroma.create(name)
    chroma.upsert(name, ["r0", "r1"], records)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": f"q{i}", "text": "?", "expect": {"ids": [f"r{i}"]}} for i in range(2)],
                     {"q0": queries[0], "q1": queries[1]}, interval="1h")
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "flapping": {"changes": 1, "window": "1h"},
        "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}]}
    driftwatch.start()
    driftwatch.replay()

    def turn(wrong):
        if wrong:
            chroma.delete(name, ["r0"])
        else:
            chroma.upsert(name, ["r0"], records[:1])
        driftwatch.replay()

    def told(count):
        tools.poll(lambda: len(receiver.requests) >= count, f"{count} notifications")
        body = receiver.requests[-1]["body"]
        flapping = {alert["annotations"].get("flapping") for alert in body["alerts"]}
        return body["status"], flapping

    for wrong in True, False:
        turn(wrong)
        assert told(1 if wrong else 2) == ("firing" if wrong else "resolved", {None})
    turn(True)
    words = "flapping: it came 2 times within 1m"
    assert told(3) == ("firing", {words})
    for wrong in False, True, False:
        turn(wrong)
    tools.never(lambda: receiver.requests[3:], "what flaps", 2.5)
    assert {alert["flapping"]["times"] for alert in driftwatch.alerts()} == {3}
    words = words.replace("2 times", "3 times")
    assert words in driftwatch.get("/").text
    assert f"RetrievalExpectedResultMissing of {name}, query q0 is {words}" in driftwatch.status()

    assert driftwatch.stop() == 0
    driftwatch.start()
    assert words in driftwatch.status()
    for wrong in True, False:
        turn(wrong)
    tools.never(lambda: receiver.requests[3:], "what flaps over a restart", 2.5)
    assert {alert["flapping"]["times"] for alert in driftwatch.alerts()} == {4}

    driftwatch.config["alerting"]["flapping"] = {"changes": 0}
    driftwatch.write()
    assert driftwatch.reload().ok
    driftwatch.replay()
    assert told(4) == ("resolved", {None})
