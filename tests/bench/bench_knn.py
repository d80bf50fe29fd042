# SPDX-License-Identifier: Apache-2.0
"""Exact search of 100 queries among 100,000 records of 384 dimensions, on one thread, against numpy on all: the product
of both matrices and argpartition. Goal: at least as fast, also where numpy uses OpenBLAS; and the same neighbours."""
import statistics
import time

import numpy
import pytest

QUERIES, RECORDS, DIMENSION, K = 100, 100_000, 384, 10
ROUNDS = 5


@pytest.fixture(scope="module")
def vectors():
    """Queries and records of any length; every query has three near duplicates, at distances down to the last bit."""
    random = numpy.random.default_rng(4)
    queries = random.normal(size=(QUERIES, DIMENSION)).astype(numpy.float32)
    records = random.normal(size=(RECORDS, DIMENSION)).astype(numpy.float32)
    for copy, noise in enumerate((0, 1e-7, 1e-4)):
        at = random.permutation(RECORDS // 4)[:QUERIES] * 4 + copy
        records[at] = queries * (1 + noise * random.normal(size=queries.shape))
    return queries, records


@pytest.fixture
def search(figures, vectors, tmp_path):
    """search(space): milliseconds, record numbers, distances."""
    for name, rows in zip(("queries", "records"), vectors):
        rows.tofile(tmp_path / name)

    def run(space):
        files = [tmp_path / name for name in ("queries", "records", "found")]
        found = figures("bench_knn", space, DIMENSION, K, *files)
        data = (tmp_path / "found").read_bytes()
        half = QUERIES * K * 4
        return (found["knn_search"], numpy.frombuffer(data[:half], numpy.uint32).reshape(QUERIES, K),
                numpy.frombuffer(data[half:], numpy.float32).reshape(QUERIES, K))
    return run


def numpy_search(queries, records):
    """Milliseconds of a search by the largest dot product."""
    begun = time.monotonic()
    numpy.argpartition(-(queries @ records.T), K, axis=1)
    return (time.monotonic() - begun) * 1000


def test_speed(search, vectors):
    rounds = [(search("l2")[0], numpy_search(*vectors)) for _ in range(ROUNDS)]
    print(f"numpy_search {statistics.median(other for _, other in rounds):.4g} ms")
    ratio = statistics.median(other / own for own, other in rounds)
    print(f"knn_ratio {ratio:.3g} times as fast as numpy, median of pairs")
    assert ratio > 0.75


def exact(space, query, records):
    """All distances in float64."""
    query = query.astype(float)
    if space == "l2":
        return ((records - query) ** 2).sum(axis=1)
    dot = (records * query).sum(axis=1)
    return 1 - dot if space == "ip" else 1 - dot / numpy.sqrt((query**2).sum() * (records * records).sum(axis=1))


@pytest.mark.parametrize("space", ["l2", "cosine", "ip"])
def test_neighbours(search, vectors, space):
    queries, records = vectors[0], vectors[1].astype(float)
    _, found, distances = search(space)
    for i in range(0, QUERIES, 5):
        expected = exact(space, queries[i], records)
        nearest = numpy.argsort(expected, kind="stable")[:K]
        assert found[i].tolist() == nearest.tolist()
        # Near 0, cosine cancels: what is left is the rounding of 1 - cos in float64.
        numpy.testing.assert_allclose(distances[i], expected[nearest], rtol=1e-6, atol=1e-15)
