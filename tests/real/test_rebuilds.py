# SPDX-License-Identifier: Apache-2.0
"""An index that is written anew again and again, by restarts and by upserts of all records as they are: nobody may be
told of more than the index, and of that only where brute force says that it misses too much, reaches too little, or
misses the record that is nearest to a query which names it. Each replay is asked for, as the hook of an ingest does.
Prints what each says after each:

    DRIFTWATCH_REBUILDS=15 DRIFTWATCH_REAL=whole python3 -m pytest -q tests/real/test_rebuilds.py"""
import numpy
import pytest

import amount
import changes
import exact
import releases
import tools

REBUILDS = amount.length("DRIFTWATCH_REBUILDS", 50, 3)
CORPUS, SPACE = "policy", "l2"
# After each, as often as what is confirmed by 4 of 5 needs.
REPLAYS = 6
LIMIT, UNREACHABLE = 0.9, 0.02
PASS = 0
# Driftwatch calls a record missed that is nearer than the last one of the answer, which is farther than the exact last.
AGREEMENT = 0.02


class Brute:
    """What is true of the answers as they are now, the collection being what it was."""

    def __init__(self, at, before):
        asked = at.asked()
        now = at.answers(asked)
        found = exact.answers([one.vector for one in asked], at.world.ids, at.world.vectors, at.space)
        self.recall, self.known = exact.recall(found, now), exact.baseline_recall(before, found, now)
        self.missed = {one.id for one, missed in zip(asked, exact.nearest_missed(found, now)) if missed}
        self.lost = len(at.lost(dict(zip(at.world.ids, at.world.vectors))))
        self.just = {"RetrievalRecallLow": min(self.recall, self.known) < LIMIT,
                     "RetrievalIndexIncomplete": self.lost > UNREACHABLE * len(at.world)}

    def says(self, rule, query):
        """Whether an alert is just."""
        return query in self.missed if rule == "RetrievalExpectedResultMissing" else self.just.get(rule)


def exact_recall(cause):
    """As the API or the gate tells it; None where nothing had to be looked up."""
    return cause["counts"]["exact_recall"] if cause else None


def figure(value):
    return "-" if value is None else f"{value:.3f}"


def fired(driftwatch):
    """{(rule, query, when): its first words} of every alert that fired, those that have ended since included."""
    def key(one):
        return one["labels"]["alertname"], one["labels"].get("query"), one["firedAt"]
    return {key(one): one["annotations"]["description"].split(";")[0] for one in driftwatch.api("alerts")["alerts"]
            if one["firedAt"] and one["labels"]["severity"] != "info"}


@pytest.mark.parametrize("rebuild", [changes.restarted, changes.reupserted])
def test_an_index_that_is_written_anew_alarms_nobody(scene, rebuild, printed):
    at = scene(CORPUS, SPACE, releases.OLDER, 0)
    before = at.answers(at.asked())
    driftwatch = at.driftwatch
    driftwatch.config["ingest"] = {"grace": "5m"}
    driftwatch.config["collections"][0]["interval"] = "1s"
    driftwatch.write()
    driftwatch.start("--log.level=info")
    tools.poll(lambda: at.collection()["cause"], "the baseline to be compared with")
    table = printed(f"{rebuild.__name__}, {len(at.world)} records, {at.space}", [
        "no.", "recall@10", "of the baseline's places", "gate's", "daemon's", "a deeper search's", "lost",
        "unreachable", "gate", "alerts"])
    unjust, known = [], fired(driftwatch)
    for number in range(1, REBUILDS + 1):
        rebuild(at)
        driftwatch.replay(times=REPLAYS)
        truth, new = Brute(at, before), fired(driftwatch)
        status, gate = at.check()
        alerts = {key: text for key, text in new.items() if key not in known}
        known = {**known, **new}
        told = exact_recall(gate["evidence"])
        table.add(number, figure(truth.recall), figure(truth.known), figure(told),
                  figure(exact_recall(at.collection()["cause"])), figure(gate["recall"]), truth.lost,
                  gate["unreachable_records"], "green" if status == PASS else "red", "; ".join(alerts.values()))
        unjust += [text for (rule, query, _), text in alerts.items() if not truth.says(rule, query)]
        if status != PASS and not any(truth.just.values()) and not truth.missed:
            unjust.append(f"{number}: the gate: {[one['reason'] for one in gate['queries'] if one['reason']]}")
        assert told is None or numpy.isclose(told, truth.known, atol=AGREEMENT), (number, told, truth.known)
    assert unjust == []
