# SPDX-License-Identifier: Apache-2.0
"""Each change of a real corpus, judged by Driftwatch and by what people use instead, on the same answers: whether it
would stop a release, and, of Driftwatch, after how many replays somebody is told, and what finding out why costs.

    DRIFTWATCH_REAL=whole python3 -m pytest -q tests/real/test_methods.py"""
import numpy
import pytest

import changes
import meter
import methods
import releases
import tools

CORPUS, VARIANT = "reference-en", 0
CALM, REPLAYS = 3, 12
# What is confirmed by 4 of 5 is told then.
CONFIRMED = 5
# What docs/causes.md promises.
REQUESTS = 30
PASS = 0
CASES = [(change, space) for change in changes.CHANGES.values() for space in change.spaces]


@pytest.fixture
def metered(scene, ends):
    """metered(space): a collection that Driftwatch watches through a meter, with its default settings, and replays only
    when it is told to. A failing replay is told as by an interval of five minutes: the second time."""
    def make(space):
        at = scene(CORPUS, space, releases.OLDER, VARIANT)
        at.meter = ends(meter.Meter(at.chroma.url))
        config = at.driftwatch.config
        config["servers"][0]["url"] = at.meter.url
        config["probes"] = {"interval": "0s"}
        config["alerting"] = {"rules": {"RetrievalReplayFailing": {"for": "1ms"}}}
        config["collections"][0].update(interval="10m", survey_interval="0s")
        at.driftwatch.write()
        at.driftwatch.start("--log.level=info")
        tools.poll(lambda: at.collection()["cause"], "the baseline to be compared with")
        at.driftwatch.replay()
        at.meter.seen.clear()
        at.driftwatch.replay(times=CALM)
        at.meter.learn()
        return at
    return make


def tell(at):
    """After how many replays somebody is told, None for never, and of what; and the inquiries meanwhile."""
    delay, told, inquiries = None, set(), []
    for number in range(1, REPLAYS + 1):
        start = len(at.meter.seen)
        at.driftwatch.replay()
        inquiries.append(at.meter.inquiry(start))
        firing = {one["labels"]["alertname"] for one in at.driftwatch.alerts() if one["labels"]["severity"] != "info"}
        delay = delay or (number if firing else None)
        told |= firing
    return delay, told, [one for one in inquiries if one]


def best(answers):
    """Distances of the best answers; None where there is one without any."""
    if answers is None or not all(distances for _, distances in answers):
        return None
    return [distances[0] for _, distances in answers]


@pytest.mark.parametrize("change, space", CASES, ids=[f"{change.name}-{space}" for change, space in CASES])
def test_methods_side_by_side(metered, change, space, record_property):
    at = metered(space)
    before = best(at.answers(at.asked()))
    change.make(at)
    delay, told, inquiries = tell(at)
    after = best(at.answers(at.asked()))
    status, _ = at.check()
    sizes = [len(one) for one in inquiries]
    everything = sum(inquiries, [])
    for key, value in {
            "compared": change.name, "space": space, "driftwatch": status != PASS, "delay": delay,
            "told": " ".join(sorted(told)), **methods.verdicts(before, after, at.half), "requests": sum(sizes),
            "inquiries": len(sizes), "longest": max([one[1] for one in everything], default=0),
            "seconds": sum(one[1] for one in everything), "bytes": sum(one[2] for one in everything)}.items():
        record_property(key, value)
    assert sum(sizes) <= REQUESTS, [one[0] for one in everything]
    assert not change.harmful or delay and delay <= CONFIRMED


@pytest.mark.parametrize("x, chance", [(1.3581, 0.05), (1.6276, 0.01), (0.1, 1)])
def test_the_chance_is_kolmogorovs(x, chance):
    assert methods.kolmogorov(x) == pytest.approx(chance, abs=1e-4)


def test_two_samples_differ_when_half_of_one_is_elsewhere():
    """D = 0.5, 20 each: 0.0082 by the tables."""
    first = numpy.arange(20) / 20
    second = numpy.where(numpy.arange(20) < 10, first, first + 5)
    assert methods.smirnov(first, second) == pytest.approx(0.0082, abs=2e-4)
    assert methods.smirnov(first, first) == 1
    assert methods.verdicts(first, second, 1) == {"distance": True, "KS": True, "mean": True}
    assert methods.verdicts(first, first * 1.02, 1) == {"distance": False, "KS": False, "mean": False}
    assert methods.verdicts(first, first * 0.85, 1) == {"distance": False, "KS": False, "mean": True}
    assert methods.verdicts(first, None, 1) == {"distance": True, "KS": True, "mean": True}
