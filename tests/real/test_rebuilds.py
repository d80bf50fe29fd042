# SPDX-License-Identifier: Apache-2.0
"""An index that is written anew again and again, by restarts and by upserts of all records as they are: nobody may be
told of more than its recall, and of that only where brute force says that it is low. Prints what each says after each:

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
LIMIT = 0.9
RECALL = "RetrievalRecallLow"
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
        self.missed = exact.nearest_missed(found, now)

    @property
    def low(self):
        return min(self.recall, self.known) < LIMIT


def recalls(told):
    """By exact distances, and by a deeper search, of what the API or the gate tells."""
    return told["cause"]["counts"]["exact_recall"], told["index"]["recall"]


def figure(value):
    return "-" if value is None else f"{value:.3f}"


def fired(driftwatch):
    """{(rule, query, when): sentence} of every alert that fired, those that have ended since included."""
    return {(one["labels"]["alertname"], one["labels"].get("query"), one["firedAt"]): one["annotations"]["summary"]
            for one in driftwatch.api("alerts")["alerts"] if one["firedAt"] and one["labels"]["severity"] != "info"}


@pytest.mark.parametrize("rebuild", [changes.restarted, changes.reupserted])
def test_an_index_that_is_written_anew_alarms_nobody(scene, rebuild, printed):
    at = scene(CORPUS, SPACE, releases.OLDER, 0)
    before = at.answers(at.asked())
    driftwatch = at.driftwatch
    driftwatch.config["ingest"] = {"grace": "0s"}
    driftwatch.config["probes"] = {"interval": "5s"}
    driftwatch.config["collections"][0]["interval"] = "1s"
    driftwatch.write()
    driftwatch.start("--log.level=info")
    tools.poll(lambda: at.collection()["cause"], "the baseline to be compared with")
    table = printed(f"{rebuild.__name__}, {len(at.world)} records, {at.space}", [
        "no.", "recall@10", "of the baseline's places", "driftwatch", "deeper search", "gate's", "gate", "alerts"])
    unjust, known = [], fired(driftwatch)
    for number in range(1, REBUILDS + 1):
        rebuild(at)
        driftwatch.replay(times=REPLAYS)
        truth, new = Brute(at, before), fired(driftwatch)
        status, gate = at.check()
        alerts = {key: text for key, text in new.items() if key not in known}
        known = {**known, **new}
        mine, deep = recalls(at.collection())
        evidence = gate["evidence"]["counts"]["exact_recall"] if gate["evidence"] else None
        table.add(number, figure(truth.recall), figure(truth.known), figure(mine), figure(deep), figure(evidence),
                  "green" if status == PASS else "red", "; ".join(alerts.values()))
        unjust += [text for (rule, _, _), text in alerts.items() if rule != RECALL or not truth.low]
        if status != PASS and not truth.low and not truth.missed:
            unjust.append(f"{number}: the gate: {[one['reason'] for one in gate['queries'] if one['reason']]}")
        assert evidence is None or numpy.isclose(evidence, truth.known, atol=AGREEMENT), (number, evidence, truth.known)
    assert unjust == []
