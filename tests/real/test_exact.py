# SPDX-License-Identifier: Apache-2.0
"""What the long runs are judged by: it has to see what is wrong, and nothing else."""
import types

import numpy
import pytest

import corpora
import exact
import just

NAMES = ["RetrievalExpectedResultMissing", "RetrievalBandCrossed", "RetrievalDistanceDrift", "RetrievalSetDrift",
         "RetrievalRecallLow"]


def test_recall_counts_what_is_missed_and_not_what_was_displaced():
    before = [(["a", "b", "c", "d"], None), (["e", "f", "g", "h"], None)]
    due = [(["a", "b", "c", "n"], None), (["e", "f", "g", "h"], None)]
    now = [(["a", "b", "n", "x"], None), (["f", "g", "h", "x"], None)]
    assert exact.recall(due, now) == 6 / 8
    assert exact.baseline_recall(before, due, now) == 6 / 8
    assert exact.baseline_recall(before, due, [(["a", "b", "c", "x"], None), due[1]]) == 1
    assert sum(exact.nearest_missed(due, now)) == 1


def test_distances_are_chromas():
    rows = numpy.array([[3.0, 4.0], [0.0, 2.0]])
    assert exact.distances(rows[:1], rows, "l2") == pytest.approx(numpy.array([[0, 13]]))
    assert exact.distances(rows[:1], rows, "cosine") == pytest.approx(numpy.array([[0, 0.2]]))
    assert exact.answers(rows[1:], ["a", "b"], rows, "l2", results=1) == [(["b"], [0])]


class Perfect:
    """A scene on a server that misses nothing."""
    space, half = "l2", 1

    def __init__(self):
        self.world = corpora.corpus("policy", True)
        self.content = {key: (row, section) for key, row, section in
                        zip(self.world.ids, self.world.vectors, self.world.sections)}
        found = zip(self.world.questions, self.answers(self.world.questions))
        self.found = {one.id: None for one, (ids, _) in found if one.section in {self.content[key][1] for key in ids}}

    def answers(self, asked):
        rows = [row for row, _ in self.content.values()]
        return exact.answers([one.vector for one in asked], list(self.content), rows, self.space)


@pytest.fixture
def truth():
    scene = Perfect()
    return just.Truth(types.SimpleNamespace(scene=scene, content=scene.content))


def right(truth, query=None):
    return [name for name in NAMES if truth.says(name, query)]


def test_nothing_is_just_while_nothing_happened(truth):
    assert right(truth) == []
    assert not truth.says("RetrievalReplayFailing", None)


def test_a_section_that_is_gone_is_missing_for_its_query_alone(truth):
    asked = [one for one in truth.questions if one.id in truth.scene.found]
    other = next(one for one in asked if one.section != asked[0].section)
    for key in [key for key, (_, section) in truth.scene.content.items() if section == asked[0].section]:
        del truth.scene.content[key]
    assert "RetrievalExpectedResultMissing" in right(truth, asked[0].id)
    assert "RetrievalExpectedResultMissing" not in right(truth, other.id)


def test_what_lies_farther_is_a_drift(truth):
    content = truth.scene.content
    random = numpy.random.default_rng(1)
    for key, (row, section) in content.items():
        side = random.normal(size=row.shape)
        content[key] = 0.8 * row + 0.6 * side / numpy.linalg.norm(side), section
    assert {"RetrievalBandCrossed", "RetrievalDistanceDrift", "RetrievalSetDrift"} <= set(right(truth))


def test_what_search_misses_is_recall(truth):
    due = truth.scene.answers
    truth.scene.answers = lambda asked: [(ids[:-2], distances[:-2]) for ids, distances in due(asked)]
    assert right(truth) == ["RetrievalRecallLow"]
