# SPDX-License-Identifier: Apache-2.0
"""Resident memory with 1,000 queries and a week of samples, one a minute.

Goals: the daemon below 15 MB while the answers stay the same, fails above 16; the histories below 250 MB when every
answer differs, fails above 300."""
import pathlib
import re

import tools


def memory(process):
    """Kilobytes by name, from /proc."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB", status, re.MULTILINE)}


def show(process, moment):
    found = memory(process)
    for name in "VmRSS", "RssAnon", "RssFile", "VmHWM":
        print(f"daemon_{moment}_{name} {found[name] * 1024 / 1e6:.1f} MB")
    return found["VmRSS"] * 1024 / 1e6


def untouched(process):
    """The share of libraries of which nothing but what the loader wrote to is resident: they are there because another
    one wants them, and are given back when the daemon has started."""
    smaps = pathlib.Path(f"/proc/{process.pid}/smaps").read_text()
    heads = re.findall(r" r--p 0+ .*\.so.*\n(?:.*\n)*?Rss: +(\d+) kB", smaps)
    return heads.count("0") / len(heads)


def test_histories(figures):
    found = figures("bench_history")
    assert found["history_stable_resident"] < 5
    assert found["history_worst_resident"] < 300


def test_daemon(watch_many):
    """The length of a stable history does not matter: it is one run, as the histories above show."""
    program = watch_many(1000, interval="1s").start()
    tools.poll(lambda: program.metric("driftwatch_replays_total", collection="bench") >= 5, "replays", 30)
    print()
    stable = show(program.process, "scraped")
    for _ in range(3):
        for path in "/", "/api/v1/queries?collection=bench", "/metrics":
            assert program.get(path).ok
    show(program.process, "visited")
    assert stable < 16
    assert untouched(program.process) > 0.5
