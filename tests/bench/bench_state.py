# SPDX-License-Identifier: Apache-2.0
"""What keeping the state takes of the loop's time. Fails when a commit of what people are told takes five times as long
as writing as much and waiting for the disk, or a slice of what can wait works for more than 10 ms."""


def test_state(figures, tmp_path):
    found = figures("bench_state", tmp_path)
    assert found["commit_median"] < 5 * found["write_median"]
    assert found["slice_cpu_p99"] < 10
