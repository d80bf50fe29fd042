# SPDX-License-Identifier: Apache-2.0
"""What exact search would answer: brute force over the vectors that a collection holds."""
import numpy

import scene as scenes


def distances(questions, rows, space):
    """Of vectors, a row for each question: squared L2, or 1 - cos for `cosine`."""
    questions, rows = numpy.asarray(questions, dtype=float), numpy.asarray(rows, dtype=float)
    if space == "cosine":
        questions, rows = (one / numpy.linalg.norm(one, axis=1, keepdims=True) for one in (questions, rows))
        return 1 - questions @ rows.T
    return (questions**2).sum(axis=1)[:, None] + (rows**2).sum(axis=1) - 2 * questions @ rows.T


def answers(questions, ids, rows, space, results=scenes.RESULTS):
    """Each question's (ids, distances), nearest first."""
    found = distances(questions, rows, space)
    order = numpy.argsort(found, axis=1, kind="stable")[:, :results]
    return [([ids[i] for i in row], found[q, row].tolist()) for q, row in enumerate(order)]


def recall(exact, now):
    """Of exact search's places, the share that an index's answers have."""
    places = sum(len(ids) for ids, _ in exact)
    return sum(len(set(ids) & set(found)) for (ids, _), (found, _) in zip(exact, now)) / places


def baseline_recall(before, exact, now):
    """Of the places in former answers, the share that is not missed: exact search would still answer with the record,
    and the index does not."""
    missed = sum(len(set(was) & set(ids) - set(found)) for (was, _), (ids, _), (found, _) in zip(before, exact, now))
    return 1 - missed / sum(len(was) for was, _ in before)


def nearest_missed(exact, now):
    """For each question whether it does not find the record that is nearest of all."""
    return [ids[0] not in found for (ids, _), (found, _) in zip(exact, now)]
