# SPDX-License-Identifier: Apache-2.0
"""Real texts, embedded by a real model and asked real questions, on real servers: what driftwatch says of what happens
to them. Of a benign change it may tell what exact search says, too: an index that was written anew may miss for real
what a query needs.

    DRIFTWATCH_BUILD=$PWD/build-tests python3 -m pytest -s tests/real -k "reupserted and l2"

prints a table of some."""
import just
import tools

PASS = 0
REPLAYS = 12
# Alerts are looked at in the first variant of each change.
LISTENED = 0

def judged(change, cause, causes, truth):
    """Whether the cause is right; near, when it misleads nobody, or a harmful change is named beside another one."""
    if cause == change.right or truth and truth.names(cause):
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
    """(rule, query, sentence) of what it tells people after some replays."""
    at.driftwatch.replay(times=REPLAYS)
    return [(one["labels"]["alertname"], one["labels"].get("query"), one["annotations"]["description"])
            for one in at.driftwatch.alerts() if one["labels"]["severity"] != "info"]


def objections(status, found):
    """The same of why the gate is red; of what follows from something else nobody complains."""
    open_ones = [(just.KINDS.get(one["kind"], one["kind"]), one["query"], one["sentence"])
                 for one in found["findings"] if one["effect"] != "none" and one["state"] != "explained"]
    return open_ones if open_ones or status == PASS else [("gate", None, found["verdict"])]


def weigh(truth, told):
    """Sentences that exact search confirms, and those that it does not."""
    weighed = {True: [], False: []}
    for rule, query, sentence in dict.fromkeys(told):
        weighed[truth.says(rule, query)].append(f"{rule} {query or ''}: {sentence.split(';')[0]}")
    return weighed[True], weighed[False]


def test_change(scene, case, record_property):
    change, space, name, version, variant = case
    at = scene(name, space, version, variant)
    truth = None if change.harmful else just.Truth(at, at.held)
    if variant == LISTENED:
        listen(at)
    change.make(at)
    told = alerts(at) if variant == LISTENED else []
    status, found = at.check()
    causes = [one["cause"] for one in found["evidence"]["causes"]] if found.get("evidence") else []
    how = judged(change, found["cause"], causes, truth)
    right, unjust = weigh(truth, told + objections(status, found)) if truth else ([], [])
    if variant == LISTENED:
        record_property("alerts", " ".join(sorted({rule for rule, _, _ in told})))
    for key, value in {"change": change.name, "space": space, "corpus": name, "release": version, "variant": variant,
                       "cause": found["cause"], "how": how, "status": status, "verdict": found["verdict"],
                       "just": right, "unjust": unjust}.items():
        record_property(key, value)
    assert how != "wrong", found["evidence"]
    if change.harmful:
        assert status != PASS
        assert variant != LISTENED or told
    else:
        assert unjust == [], f"beside {right}"
