# SPDX-License-Identifier: Apache-2.0
"""Reading the vectors of many queries: processor time against jansson with the same file, memory against what is kept.

Goals: at least five times as fast, fails below 3.5; at most 1.5 times what is kept, also after a reload."""
import statistics

import pytest

ROUNDS = 3


@pytest.fixture
def measure(figures, tmp_path):
    """measure(queries, dimension) writes a file of so many vectors; then way -> figures."""
    def write(queries, dimension):
        figures("bench_vectors", "write", tmp_path / "vectors.json", queries, dimension)
        return lambda way, *more: figures("bench_vectors", way, tmp_path / "vectors.json", *more)
    return write


def test_reading(measure):
    run = measure(100_000, 384)
    rounds = [(run("read"), run("jansson")) for _ in range(ROUNDS)]
    ratio = statistics.median(own["rate"] / other["rate"] for own, other in rounds)
    print(f"vectors_ratio {ratio:.3g} times as fast as jansson, median of pairs")
    print(f"vectors_peak {rounds[0][0]['peak'] / rounds[0][0]['kept']:.3g} of what is kept, "
          f"jansson's {rounds[0][1]['peak'] / rounds[0][1]['kept']:.3g}")
    assert ratio > 3.5
    assert rounds[0][0]["peak"] < 1.5 * rounds[0][0]["kept"]


def test_start_and_reload(measure, tmp_path):
    """10,000 x 1536, configured, approved, merged and read again: once in memory."""
    run = measure(10_000, 1536)
    run("approve", tmp_path / "baseline.json")
    found = run("start", tmp_path / "baseline.json")
    assert found["peak"] < 1.5 * found["kept"]
