# SPDX-License-Identifier: Apache-2.0
"""Whether what is told is just: what each rule and each cause of the index says, by exact search over the collection as
it is, beside the answers that were approved. It takes Driftwatch's word for nothing."""
import numpy

import exact

# As the documentation has them, for squared L2.
LEAST, SET, CLIP, FAR, HYSTERESIS = 0.005, 0.01, 0.1, 0.2, 0.01
SHARE, AT_LEAST = 0.1, 3
BANDS = [0.8, 1.0, 1.2]
LIMIT, REPLACED, UNREACHABLE = 0.9, 0.3, 0.02
# A record whose vector is nearer than this to what it was is the same.
SAME = 1e-4


class Truth:
    """Of a scene whose baseline has just been approved, or is still true. `held` says what the collection holds when it
    is called: {id: (vector, section)}."""

    def __init__(self, scene, held):
        self.scene, self.held = scene, held
        self.questions = scene.world.questions
        self.before = dict(zip((one.id for one in self.questions), scene.answers(self.questions)))
        self.vectors = {key: row for key, (row, _) in held().items()}
        self.ids = {row.tobytes(): key for key, row in self.vectors.items()}

    def says(self, rule, query):
        """Whether the rule is right about a query, or about the collection."""
        about = [one for one in self.questions if query in (None, one.id)]
        return rule in RULES and bool(RULES[rule](Now(self, about)))

    def names(self, cause):
        """Whether it is the index's, and true."""
        return cause in CAUSES and bool(CAUSES[cause](Now(self, self.questions)))

    def identity(self, key, row):
        """What a record was called: one that was renamed has the vector that it had."""
        known = key in self.vectors and numpy.array_equal(self.vectors[key], row)
        return key if known else self.ids.get(row.tobytes(), key)


class Now:
    """Answers to some questions, exact ones and those that were approved, by what the records were called then."""

    def __init__(self, truth, questions):
        self.truth, self.questions, self.half = truth, questions, truth.scene.half
        self.held = truth.held()
        self.ids = {key: truth.identity(key, row) for key, (row, _) in self.held.items()}
        self.content = {self.ids[key]: value for key, value in self.held.items()}
        rows = numpy.array([row for row, _ in self.content.values()])
        self.exact = exact.answers([one.vector for one in questions], list(self.content), rows, truth.scene.space)
        self.before = [truth.before[one.id] for one in questions]

    def answered(self):
        """Question, what was and what is, of those that something answers."""
        return [row for row in zip(self.questions, self.before, self.exact) if not row[0].nearest]

    def found(self):
        """What search answers to them."""
        got = self.truth.scene.answers([one for one, _, _ in self.answered()])
        return [([self.ids.get(key, key) for key in ids], distances) for ids, distances in got]

    def shifts(self):
        """How much farther the best answer is, and the mean of all, as squared L2."""
        return self.half * numpy.array([(now[0] - was[0], numpy.mean(now) - numpy.mean(was))
                                        for _, (_, was), (_, now) in self.answered()])


def missing(now):
    """A query's record is not among the nearest; or it names one, which is nearest of all, and search finds none that
    it names."""
    def among(one, was, ids):
        if one.id in now.truth.scene.found:
            return any(key in now.content and now.content[key][1] == one.section for key in ids)
        return was[0] in ids
    return any(not among(one, was, ids) or
               one.id in now.truth.scene.found and among(one, was, ids[:1]) and not among(one, was, found)
               for (one, (was, _), (ids, _)), (found, _) in zip(now.answered(), now.found()))


def band(distance, half):
    return numpy.searchsorted(BANDS, distance * half, side="right")


def crossed(now):
    return any(band(new[0], now.half) > band(old[0], now.half) for _, (_, old), (_, new) in now.answered())


def farther(now):
    """The best answer or the mean by more than the limit; or nearer to a question about nothing than is allowed."""
    close = any(one.nearest and new[0] < one.nearest / now.half for one, (_, new) in zip(now.questions, now.exact))
    return close or (now.shifts() > FAR).any()


def moved(now):
    """The set's mean, a share of it, or what stands in the answers."""
    shifts = now.shifts()[:, 1]
    away = (shifts > LEAST).sum() >= max(AT_LEAST, SHARE * len(shifts))
    places = [key for _, (ids, _), _ in now.answered() for key in ids]
    others = numpy.mean([not same(now, key) for key in places]) > REPLACED
    return shifts.clip(-CLIP, CLIP).mean() > SET or away or others


def same(now, key):
    """Whether the collection holds the record as it was."""
    if key not in now.content:
        return False
    rows = [now.truth.vectors[key]], [now.content[key][0]]
    return now.half * exact.distances(*rows, now.truth.scene.space)[0, 0] < SAME


def missed(now):
    _, before, due = zip(*now.answered())
    found = now.found()
    return min(exact.recall(due, found), exact.baseline_recall(before, due, found)) < LIMIT


def lost(now):
    """Ids of records that search cannot reach."""
    return now.truth.scene.lost({key: row for key, (row, _) in now.held.items()})


def unreached(now):
    return len(lost(now)) > UNREACHABLE * len(now.held)


def places_lost(now):
    """More of the places in the former answers than a few are of records that search cannot reach."""
    gone = {now.ids[key] for key in lost(now)}
    places = [key in gone for _, (was, _), (ids, _) in now.answered() for key in was if key in ids]
    return numpy.sum(places) > UNREACHABLE * sum(len(was) for _, (was, _), _ in now.answered())


RULES = {"RetrievalExpectedResultMissing": missing, "RetrievalBandCrossed": crossed, "RetrievalDistanceDrift": farther,
         "RetrievalSetDrift": moved, "RetrievalRecallLow": missed, "RetrievalIndexIncomplete": unreached}
CAUSES = {"ANN_RECALL": missed, "INDEX_LOSS": places_lost}
# Of findings, the rules that tell of them.
KINDS = {"expected-result-missing": "RetrievalExpectedResultMissing", "band-crossed": "RetrievalBandCrossed",
         "distance-drifted": "RetrievalDistanceDrift", "distance-out-of-range": "RetrievalDistanceDrift",
         "topic-lost": "RetrievalSetDrift", "topic-moved": "RetrievalSetDrift", "set-shifted": "RetrievalSetDrift",
         "set-moved": "RetrievalSetDrift", "answers-replaced": "RetrievalSetDrift", "recall-low": "RetrievalRecallLow",
         "index-incomplete": "RetrievalIndexIncomplete"}
