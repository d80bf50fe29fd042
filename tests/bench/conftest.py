# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the benchmarks: the servers of the system tests, a collection to replay, and how figures are told."""
import importlib.util
import pathlib
import subprocess
import sys

import numpy
import pytest

SYSTEM = pathlib.Path(__file__).resolve().parent.parent / "system"
sys.path.insert(0, str(SYSTEM))
import tools  # noqa: E402

_spec = importlib.util.spec_from_file_location("system_fixtures", SYSTEM / "conftest.py")
system_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(system_fixtures)
chroma_release = system_fixtures.chroma_release
chroma = system_fixtures.chroma
driftwatch = system_fixtures.driftwatch
ends = system_fixtures.ends
release = system_fixtures.release

RECORDS, DIMENSION = 5000, 384


@pytest.fixture
def watch_many(chroma, driftwatch):
    """watch_many(queries, **replay) configures the program for a collection of 5,000 records in 384 dimensions and so
    many queries, each of which finds its record."""
    def configure(queries, **replay):
        vectors = tools.unit_vectors(RECORDS, DIMENSION, 1)
        ids = [f"record-{i:05}" for i in range(RECORDS)]
        chroma.create("bench")
        for i in range(0, RECORDS, 1000):
            chroma.upsert("bench", ids[i:i + 1000], vectors[i:i + 1000])
        driftwatch.config["replay"] = replay
        driftwatch.config["metrics"] = {"per_query_limit": queries}
        driftwatch.server(chroma.url)
        distances = numpy.random.default_rng(2).uniform(0.3, 1.3, queries)
        pinned = {f"query-{i:04}": tools.at_distance(vectors[i], distances[i], seed=i) for i in range(queries)}
        driftwatch.watch("bench", [
            {"id": key, "text": key, "expect": {"ids": [ids[i]]}} for i, key in enumerate(pinned)], pinned)
        driftwatch.write()
        return driftwatch
    yield configure
    chroma.drop("bench")


@pytest.fixture
def figures(build):
    """figures(program, ...) runs a program of this directory, shows the lines it prints, "name value unit", and returns
    the values by name."""
    def run(program, *arguments):
        print()
        with subprocess.Popen([build / "tests" / "bench" / program, *map(str, arguments)],
                              stdout=subprocess.PIPE, text=True) as process:
            found = {}
            for line in process.stdout:
                print(line, end="", flush=True)
                name, value, _ = line.split(" ", 2)
                found[name] = float(value)
        assert process.returncode == 0
        return found
    return run
