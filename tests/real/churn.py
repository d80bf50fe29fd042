# SPDX-License-Identifier: Apache-2.0
"""What happens to a collection all the time: some records are added, as many deleted and as many edited."""
import numpy

import changes
import corpora
import vectors

# Of the records, a minute; a third of it is added, a third deleted, a third edited.
SHARE = 0.01
NOTE = "(See the release notes.)"


def unseen(scene, rows):
    """Of vectors: do they stay out of every answer?"""
    return changes.unasked(scene, scene.cosines(rows))


def anything(scene, rows):
    del scene
    return numpy.ones(len(rows), dtype=bool)


def named(scene):
    """Which records a query names: by their section, or as the baseline's best one where it expects nothing else."""
    wanted = {one.section for one in scene.asked() if one.id in scene.found}
    best = {ids[0] for one, (ids, _) in zip(scene.asked(), scene.answers(scene.asked())) if one.id not in scene.found}
    return numpy.array([key in best for key in scene.world.ids]) | numpy.isin(scene.world.sections, list(wanted))


# Records that stand in no answer, or any that no query names.
KINDS = {"in no answer": unseen, "named by no query": anything}


class Churn:
    """Of one scene. `content` has the vector and the section of each record as the collection is now."""

    def __init__(self, scene, which, minutes):
        self.scene, self.done = scene, 0
        self.count = int(SHARE / 3 * len(scene.world) * minutes) + 1
        world, fits = scene.world, KINDS[which]
        free = numpy.flatnonzero(fits(scene, world.vectors) & ~named(scene))
        order = scene.random.permutation(free)
        self.deleted, rest = order[:self.count], order[self.count:]
        self.edited = self.edits(rest, fits)
        self.added = self.additions(fits)
        assert len(self.deleted) == len(self.edited) == len(self.added) == self.count, f"{len(free)} records fit"
        self.content = {key: (row, section) for key, row, section in zip(world.ids, world.vectors, world.sections)}
        self.per_second = SHARE / 3 * len(world) / 60

    def edits(self, order, fits):
        """Records with a note at their end."""
        part = self.scene.world.some(order[:2 * self.count])
        part.documents = [f"{text} {NOTE}" for text in part.documents]
        part.vectors = vectors.embed(part.documents)
        return part.some(numpy.flatnonzero(fits(self.scene, part.vectors))[:self.count])

    def additions(self, fits):
        """More of the same corpus, and of others where that is not enough."""
        later = self.scene.world.later
        own = later.some(self.scene.random.permutation(numpy.flatnonzero(fits(self.scene, later.vectors)))[:self.count])
        if len(own) == self.count:
            return own
        more = changes.strangers(self.scene, self.count - len(own))
        both = numpy.arange(len(own)), numpy.arange(len(more))
        return corpora.Records(own.rows(both[0]) + more.rows(both[1]), numpy.concatenate([own.vectors, more.vectors]))

    def catch_up(self, seconds):
        """Does what is due after so many seconds, in one small ingest."""
        due = min(int(self.per_second * seconds), self.count)
        part = slice(self.done, due)
        if due == self.done:
            return
        for records in self.edited, self.added:
            self.write(records.some(numpy.arange(len(records))[part]))
        gone = [self.scene.world.ids[i] for i in self.deleted[part]]
        self.scene.remove(gone)
        for key in gone:
            del self.content[key]
        self.done = due

    def write(self, records):
        self.scene.put(records)
        self.content.update(zip(records.ids, zip(records.vectors, records.sections)))

    def held(self):
        return self.content

    def counts(self):
        """Deleted, edited, added."""
        return [self.done] * 3
