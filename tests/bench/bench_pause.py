# SPDX-License-Identifier: Apache-2.0
"""How long the loop does nothing else, with 1,000 queries. Fails when a timer is typically more than 50 ms late."""


def test_pause(watch_many, figures):
    program = watch_many(1000, interval="1m")
    assert figures("bench_pause", program.config_file, 30)["loop_lateness"] < 50
