# SPDX-License-Identifier: Apache-2.0
"""Replays of 100 queries against plain libcurl with the same requests. Goal: 0.9 times its rate; fails below 0.75."""


def test_replay(watch_many, figures):
    program = watch_many(100, interval="1m", batch=100)
    assert figures("bench_replay", program.config_file, 20)["replay_ratio"] > 0.75
