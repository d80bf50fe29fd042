# SPDX-License-Identifier: Apache-2.0
"""What surveys and probes cost a real Chroma: a survey with the newest record and without, as collections grow, and the
share of the server's time that a program takes which would look all the time, if it were let."""
import statistics
import time

import requests

import tools

DIMENSION, BATCH = 32, 5000
SIZES = 5000, 50000
LOOKS = 40
# The program measures for so long; its metrics are those of a replay that ended at either end.
SECONDS = 90
SHARE = 0.01


def fill(chroma, name, begin, end):
    for at in range(begin, end, BATCH):
        count = min(BATCH, end - at)
        chroma.upsert(name, [f"record-{i:06}" for i in range(at, at + count)],
                      tools.unit_vectors(count, DIMENSION, at))


def looks(chroma, name, count):
    """Milliseconds of each request of a survey."""
    path = f"{chroma.base}/{chroma.id(name)}"
    steps = {
        "identity": ("GET", f"{chroma.base}/{name}", None),
        "count": ("GET", f"{path}/count", None),
        "newest": ("POST", f"{path}/get", {"include": [], "offset": count - 1, "limit": 1}),
        "known": ("POST", f"{path}/get", {"include": ["embeddings"], "ids": [f"record-{i:06}" for i in range(8)]}),
    }
    times = {step: [] for step in steps}
    with requests.Session() as session:
        for _ in range(LOOKS):
            for step, (method, url, body) in steps.items():
                begun = time.monotonic()
                assert session.request(method, url, json=body).ok
                times[step].append(1000 * (time.monotonic() - begun))
    return {step: statistics.median(each) for step, each in times.items()}


def busy(program):
    """Seconds of the server by what they were for, up to a replay that has just ended, and when that was."""
    program.replay()
    return {dict(labels)["task"]: value for (name, labels), value in program.metrics().items()
            if name == "driftwatch_server_busy_seconds_total"}, time.monotonic()


def test_surveys(chroma, driftwatch):
    name, watched, held = "bench", "watched", 0
    for each in name, watched:
        chroma.create(each)
    fill(chroma, watched, 0, SIZES[0])
    print()
    for size in SIZES:
        fill(chroma, name, held, size)
        held = size
        cost = looks(chroma, name, size)
        before = sum(cost.values())
        after = before - 0.9 * cost["newest"]
        print(f"survey_of_{size} {after:.2f} ms, {after / before:.2f} times the {before:.2f} with the newest record "
              f"each time ({cost['newest']:.2f} of them)", flush=True)
    driftwatch.config["replay"] = {"interval": "1h", "survey_interval": "100ms", "server_share": SHARE}
    driftwatch.config["probes"] = {"interval": "1s"}
    driftwatch.server(chroma.url)
    driftwatch.watch(watched, [{"id": "q", "text": "q", "expect": {"distance": {"max": 9}}}],
                     {"q": tools.unit_vectors(1, DIMENSION, 1)[0]})
    driftwatch.start("--log.level=info")
    tools.poll(lambda: driftwatch.metric("driftwatch_index_probe_timestamp_seconds", collection=watched),
               "the probe", 60)
    before, begun = busy(driftwatch)
    time.sleep(SECONDS)
    after, ended = busy(driftwatch)
    spent = {task: after[task] - before[task] for task in after}
    share = (spent["survey"] + spent["probe"]) / (ended - begun)
    print(f"share_of_server {100 * share:.2f} %, where {100 * SHARE:.0f} % was given "
          f"(surveys {spent['survey']:.3f} s, probes {spent['probe']:.3f} s of {ended - begun:.1f} s)")
    assert spent["survey"] > 0 and spent["probe"] > 0
    assert 0.3 * SHARE < share <= SHARE
