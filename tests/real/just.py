# SPDX-License-Identifier: Apache-2.0
"""Whether an alert is just: what each rule says, by exact search over the collection as it is, beside the answers that
were approved."""
import numpy

import exact
import scene as scenes

# As the documentation has them, for squared L2.
LEAST, SET, CLIP, FAR, HYSTERESIS = 0.005, 0.01, 0.1, 0.2, 0.01
SHARE, AT_LEAST = 0.1, 3
BANDS = [0.8, 1.0, 1.2]
LIMIT, REPLACED, UNREACHABLE = 0.9, 0.3, 0.02


class Truth:
    """Of one churned scene; made when its baseline has just been approved."""

    def __init__(self, churn):
        self.churn, self.scene = churn, churn.scene
        self.questions = self.scene.world.questions
        self.before = dict(zip((one.id for one in self.questions), self.scene.answers(self.questions)))
        self.vectors = {key: row for key, (row, _) in churn.content.items()}

    def says(self, rule, query):
        """Whether the rule is right about a query, or about the collection."""
        about = [one for one in self.questions if query in (None, one.id)]
        return rule in RULES and bool(RULES[rule](Now(self, about)))


class Now:
    """Exact answers to some questions."""

    def __init__(self, truth, questions):
        self.truth, self.questions, self.half = truth, questions, truth.scene.half
        self.content = truth.churn.content
        rows = numpy.array([row for row, _ in self.content.values()])
        self.exact = exact.answers([one.vector for one in questions], list(self.content), rows, truth.scene.space)
        self.before = [truth.before[one.id] for one in questions]

    def answered(self):
        """Question, what was and what is, of those that something answers."""
        return [row for row in zip(self.questions, self.before, self.exact) if not row[0].nearest]

    def shifts(self):
        """How much farther the best answer is, and the mean of all, as squared L2."""
        return self.half * numpy.array([(now[0] - was[0], numpy.mean(now) - numpy.mean(was))
                                        for _, (_, was), (_, now) in self.answered()])


def missing(now):
    """A query's record is not among the nearest."""
    def found(one, was, ids):
        if one.id in now.truth.scene.found:
            return any(now.content[key][1] == one.section for key in ids)
        return was[0] in ids
    return any(not found(one, was, ids) for one, (was, _), (ids, _) in now.answered())


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
    lost = numpy.mean([not same(now, key) for key in places]) > REPLACED
    return shifts.clip(-CLIP, CLIP).mean() > SET or away or lost


def same(now, key):
    """Whether the collection holds the record as it was."""
    return key in now.content and numpy.array_equal(now.content[key][0], now.truth.vectors[key])


def missed(now):
    asked, before, due = zip(*now.answered())
    found = now.truth.scene.answers(asked)
    return min(exact.recall(due, found), exact.baseline_recall(before, due, found)) < LIMIT


def unreached(now):
    lost = now.truth.scene.lost({key: row for key, (row, _) in now.content.items()})
    return len(lost) > UNREACHABLE * len(now.content)


RULES = {"RetrievalExpectedResultMissing": missing, "RetrievalBandCrossed": crossed, "RetrievalDistanceDrift": farther,
         "RetrievalSetDrift": moved, "RetrievalRecallLow": missed, "RetrievalIndexIncomplete": unreached}
