# SPDX-License-Identifier: Apache-2.0
"""What a replay costs the loop while others are watched, at the same rate of replays.

Goals: with 1,000 collections 1.3 times as much as with 10, fails above 1.6; beside 10,000 firing alerts 2 ms, fails
above 3 times as much as without."""
import pathlib
import time

import pytest

import crowd
import tools

# Replays a second, and seconds of measuring.
RATE, SECONDS = 50, 8
# Replays of each collection before.
SETTLED = 4


@pytest.fixture
def server(tmp_path, ends):
    return ends(crowd.Crowd(tmp_path))


@pytest.fixture
def house(build, tmp_path, server, ends):
    """house(name) is a program that watches that server, not started yet."""
    def make(name):
        program = ends(tools.Driftwatch(build, tmp_path / name))
        program.server(server.url)
        program.config["probes"] = {"interval": "0s"}
        return program
    return make


def loop_seconds(program):
    """CPU time of the thread that replays."""
    task = pathlib.Path(f"/proc/{program.process.pid}/task/{program.process.pid}/schedstat")
    return int(task.read_text().split()[0]) / 1e9


def replays(program, prefix):
    return [value for (name, labels), value in program.metrics().items()
            if name == "driftwatch_replays_total" and dict(labels)["collection"].startswith(prefix)]


def costs(*programs):
    """Milliseconds that a replay took each, with all that follows it, in the same seconds: after the first ones were
    written to the state, which goes on for a while after them."""
    for program in programs:
        tools.poll(lambda: min(replays(program, "c-")) >= SETTLED, "the first replays", 120)
    before = [(loop_seconds(program), sum(replays(program, "c-"))) for program in programs]
    time.sleep(SECONDS)
    after = [(loop_seconds(program), sum(replays(program, "c-"))) for program in programs]
    return [(end[0] - begin[0]) / (end[1] - begin[1]) * 1000 for begin, end in zip(before, after)]


def test_collections(house):
    def start(count, name):
        program = house(name)
        program.config["replay"] = {"interval": f"{count * 1000 // RATE}ms"}
        crowd.watch(program, count)
        return program.start("--log.level=info")

    ratios = {}
    few = start(10, "few")
    print()
    for count in 100, 300, 1000:
        program = start(count, f"many-{count}")
        one, other = costs(few, program)
        ratios[count] = other / one
        print(f"replay_of_{count} {other:.3f} ms, {ratios[count]:.2f} times that of 10 beside it", flush=True)
        program.stop()
    assert ratios[1000] < 1.6


def test_alerts(house):
    """Ten collections of 10,000 queries, a tenth of which miss their records, and one beside them."""
    programs = []
    print()
    for alerts in 0, 10000:
        program = house(f"beside-{alerts}")
        program.config["replay"] = {"interval": "1d", "batch": 1000}
        program.config["alerting"] = {"query_alerts_max": 1000,
                                      "rules": {"RetrievalExpectedResultMissing": {"for": "0s"}}}
        crowd.watch(program, 10, prefix="many", queries=10000, missing=alerts // 10)
        crowd.watch(program, 1, interval="100ms")
        program.start("--log.level=info")
        tools.poll(lambda: min(replays(program, "many")) >= 1, "the first replays", 60)
        tools.poll(lambda: len(program.alerts()) == alerts, f"{alerts} alerts", 60)
        programs.append(program)
    quiet, loud = costs(*programs)
    print(f"replay_beside_no_alerts {quiet:.3f} ms")
    print(f"replay_beside_10000_alerts {loud:.3f} ms, {loud / quiet:.2f} times that without")
    assert loud < 3 * quiet
