# SPDX-License-Identifier: Apache-2.0
"""Replays of 100 queries against plain libcurl with the same requests, goal: 0.95 times its rate; fails below 0.75.
And what 1,000 queries cost the processor, goal: 15 ms; fails above ten times what plain libcurl needs."""


def test_replay(watch_many, figures):
    program = watch_many(100, interval="1m", batch=100)
    assert figures("bench_replay", program.config_file, 20)["replay_ratio"] > 0.75


def test_replay_of_many(watch_many, figures):
    program = watch_many(1000, interval="1m", batch=100)
    found = figures("bench_replay", program.config_file, 20)
    assert found["replay_cpu"] < 10 * found["libcurl_cpu"]
