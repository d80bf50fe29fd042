# SPDX-License-Identifier: Apache-2.0
"""What the long runs are judged by: it has to see what is wrong, and nothing else."""
import numpy
import pytest

import corpora
import exact
import just
import scene as scenes

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
    """A scene on a server that misses nothing but what it cannot reach."""
    space, half = "l2", 1

    def __init__(self):
        self.world, self.unreachable = corpora.corpus("policy", True), set()
        self.content = {key: (row, section) for key, row, section in
                        zip(self.world.ids, self.world.vectors, self.world.sections)}
        found = zip(self.world.questions, self.answers(self.world.questions))
        self.found = {one.id: None for one, (ids, _) in found if one.section in {self.content[key][1] for key in ids}}

    def answers(self, asked):
        rows = [row for row, _ in self.content.values()]
        found = exact.answers([one.vector for one in asked], list(self.content), rows, self.space,
                              scenes.RESULTS + len(self.unreachable))
        kept = [[(key, distance) for key, distance in zip(*one) if key not in self.unreachable] for one in found]
        return [tuple(zip(*one[:scenes.RESULTS])) for one in kept]

    def lost(self, content):
        return [key for key in content if key in self.unreachable]


@pytest.fixture
def truth():
    scene = Perfect()
    return just.Truth(scene, lambda: scene.content)


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
    assert truth.names("ANN_RECALL") and not truth.names("INDEX_LOSS")


def nearest(truth, question):
    (ids, _), = truth.scene.answers([question])
    return ids[0]


def test_that_search_misses_the_nearest_record_is_the_failure_of_a_query_that_names_it_alone(truth):
    sections = {key: section for key, (_, section) in truth.scene.content.items()}
    named = next(one for one in truth.questions if one.id in truth.scene.found
                 and sections[nearest(truth, one)] == one.section)
    other = next(one for one in truth.questions if not one.nearest and one.id not in truth.scene.found)
    truth.scene.unreachable.add(nearest(truth, other))
    assert not truth.says("RetrievalExpectedResultMissing", other.id)
    truth.scene.unreachable.add(nearest(truth, named))
    found = {sections[key] for key in truth.scene.answers([named])[0][0]}
    assert truth.says("RetrievalExpectedResultMissing", named.id) == (named.section not in found)
    truth.scene.unreachable |= {key for key, section in sections.items() if section == named.section}
    assert truth.says("RetrievalExpectedResultMissing", named.id)


def test_records_that_search_cannot_reach_are_lost_where_they_are_many(truth):
    places = [key for ids, _ in truth.scene.answers(truth.scene.world.questions) for key in ids]
    truth.scene.unreachable.add(places[0])
    assert not truth.says("RetrievalIndexIncomplete", None) and not truth.names("INDEX_LOSS")
    truth.scene.unreachable.update(places[:60])
    assert truth.says("RetrievalIndexIncomplete", None) and truth.names("INDEX_LOSS")
    assert not truth.names("REMOVED")


def test_a_record_that_was_renamed_is_the_same_one(truth):
    content = truth.scene.content
    for key, value in list(content.items()):
        content[f"v2/{key}"] = content.pop(key)
    assert right(truth) == []
    assert not truth.names("ANN_RECALL")
    truth.scene.unreachable.update(list(content)[::2])
    assert truth.names("ANN_RECALL") and truth.names("INDEX_LOSS")
