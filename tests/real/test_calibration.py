# SPDX-License-Identifier: Apache-2.0
"""How often the gate fails when records are lost at random, as the report claims it by simulation and as it is on a
real server with real texts.

    DRIFTWATCH_BUILD=$PWD/build-tests DRIFTWATCH_TRIALS=100 python3 -m pytest -q tests/real/test_calibration.py

prints claimed and observed side by side."""
import json
import math
import os

import releases

# Losses of each size: as many as a minute has room for.
TRIALS = int(os.environ.get("DRIFTWATCH_TRIALS", "20"))
CONFIDENCE = 0.99
PASS, FAIL = 0, 1
# What is lost in a trial: smaller losses are less than a record, and larger ones are always seen.
SHARES = 0.005, 0.01, 0.02, 0.05, 0.1


def at_least(hits, of, p):
    return sum(math.comb(of, k) * p**k * (1 - p)**(of - k) for k in range(hits, of + 1))


def reaches(wanted, f):
    """Where the rising f in [0, 1] does."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < wanted else (low, middle)
    return low


def clopper_pearson(hits, of):
    tail = (1 - CONFIDENCE) / 2
    low = reaches(tail, lambda p: at_least(hits, of, p)) if hits > 0 else 0.0
    high = reaches(1 - tail, lambda p: at_least(hits + 1, of, p)) if hits < of else 1.0
    return low, high


def claims(at):
    """The report's, of the collection as it was approved."""
    done = at.driftwatch.run("report", "--format=json")
    collection, = json.loads(done.stdout)["collections"]
    found = collection["sensitivity"]
    assert (found["gate_unknown"], found["followed"]) == (None, len(at.world.questions)), found
    return [one for one in found["losses"] if one["share"] in SHARES]


def lose(at, losses):
    """Whether the gate fails while more and more is lost; afterwards all is there again."""
    order, gone, red = at.random.permutation(len(at.world)), 0, []
    for one in losses:
        at.delete(order[gone:one["records"]])
        gone = one["records"]
        status, found = at.check()
        assert status in (PASS, FAIL), found
        red.append(status == FAIL)
    at.upsert(order[:gone])
    return red


def test_calibration(scene, corpus, record_property):
    at = scene(corpus, "l2", releases.OLDER, 0)
    losses = claims(at)
    red = [sum(column) for column in zip(*(lose(at, losses) for _ in range(TRIALS)))]
    status, found = at.check()
    assert status == PASS, found
    rows = [{"corpus": corpus, "share": one["share"], "records": one["records"], "changes": one["answer_changes"],
             "claimed": one["gate_fails"], "red": hits, "of": TRIALS, "interval": clopper_pearson(hits, TRIALS)}
            for one, hits in zip(losses, red)]
    record_property("calibration", rows)
    for row in rows:
        low, high = row["interval"]
        assert low <= row["claimed"]["share"] <= high, row
