# SPDX-License-Identifier: Apache-2.0
"""Real texts, embedded by a real model and asked real questions, on real servers: what driftwatch says of what happens
to them.

    DRIFTWATCH_BUILD=$PWD/build-tests python3 -m pytest -s tests/real -k "reupserted and l2"

prints a table of some."""
import tools

PASS, UNMEASURED = 0, 3
REPLAYS = 12
# Alerts are looked at in the first variant of each change.
LISTENED = 0

# Changes that are not judged rightly yet: shown in the table. Every other one must be.
OPEN = set()


def judged(change, cause, causes):
    """Whether the cause is right; near, when it misleads nobody, or a harmful change is named beside another one."""
    if cause == change.right:
        return "right"
    return "near" if cause in change.near or change.harmful and change.right in causes else "wrong"


def listen(at):
    """Starts the daemon."""
    at.driftwatch.config["ingest"] = {"grace": "0s"}
    at.driftwatch.config["alerting"] = {"rules": {"RetrievalReplayFailing": {"for": "0s"}}}
    at.driftwatch.write()
    at.driftwatch.start()
    tools.poll(lambda: at.collection()["baseline"]["number"] == 1 and at.collection()["cause"]["cause"] == "NONE",
               "the baseline to be compared with")


def alerts(at):
    """Names of what it tells people after some replays."""
    at.driftwatch.replay(times=REPLAYS)
    return sorted({one["labels"]["alertname"] for one in at.driftwatch.alerts()
                   if one["labels"]["severity"] != "info"})


def index_alone(found):
    """Whether what is told is the index's own, which is another one after each change: that it misses the one record
    that a query names and that is nearest of all, or more than a tenth of the places."""
    kinds = {one["kind"] for one in found["findings"] if one["effect"] != "none"}
    return kinds == {"recall-low"} or any("its index misses it" in one["reason"] for one in found["queries"])


def loud(change, told, found):
    """Whether somebody is told of more than the index, whose recall a change of every record may lower for real."""
    if change.harmful:
        return bool(told)
    return bool(set(told) - {"RetrievalRecallLow"}) and not index_alone(found)


def test_change(scene, case, record_property):
    change, space, name, version, variant = case
    at = scene(name, space, version, variant)
    if variant == LISTENED:
        listen(at)
    change.make(at)
    if variant == LISTENED:
        told = alerts(at)
        record_property("alerts", " ".join(told))
    status, found = at.check()
    causes = [one["cause"] for one in found["evidence"]["causes"]] if found.get("evidence") else []
    how = judged(change, found["cause"], causes)
    for key, value in {"change": change.name, "space": space, "corpus": name, "release": version, "variant": variant,
                       "cause": found["cause"], "how": how, "status": status, "verdict": found["verdict"]}.items():
        record_property(key, value)
    if change.name not in OPEN:
        assert how != "wrong", found["evidence"]
        assert (status != PASS) == change.harmful or index_alone(found), found
        assert variant != LISTENED or loud(change, told, found) == change.harmful, told
