# SPDX-License-Identifier: Apache-2.0
"""The corpora with vectors and questions. Every tenth chunk is kept back: that is what a handbook grows by."""
import functools
import pathlib

import numpy
import yaml

import books
import vectors

QUESTIONS = pathlib.Path(__file__).with_name("questions")
NAMES = list(books.CORPORA)
# Whole chapters, of which about 400 chunks come.
SMALL = {
    "policy": ["ch-source", "ch-relationships", "ch-files", "ch-maintainerscripts", "ch-docs"],
    "reference-en": ["ch03", "ch04", "ch05", "ch06", "ch07", "ch08"],
    "reference-de": ["ch03", "ch04", "ch05", "ch06", "ch07", "ch08"],
}
KEPT_BACK = 10


class Records:
    """Parallel lists: ids, documents, metadatas and, embedded when they are asked for, vectors."""

    def __init__(self, rows, made=None):
        self.ids = [row["id"] for row in rows]
        self.documents = [row["document"] for row in rows]
        self.metadatas = [row["metadata"] for row in rows]
        self.made = made

    def __len__(self):
        return len(self.ids)

    @property
    def vectors(self):
        if self.made is None:
            self.made = vectors.embed(self.documents)
        return self.made

    @vectors.setter
    def vectors(self, rows):
        self.made = rows

    @property
    def chapters(self):
        return numpy.array([one["chapter"] for one in self.metadatas])

    @property
    def sections(self):
        return numpy.array([one["section"] for one in self.metadatas])

    def rows(self, indices):
        return [{"id": self.ids[i], "document": self.documents[i], "metadata": self.metadatas[i]} for i in indices]

    def some(self, indices):
        """Those records alone."""
        return Records(self.rows(indices), self.vectors[indices])


def slug(text):
    """A question's id."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return "-".join(words)[:60].rstrip("-")


def listed(name):
    """Questions with the section that answers each, and questions that nothing answers."""
    return yaml.safe_load((QUESTIONS / f"{name}.yaml").read_text())


class Question:
    """What a user asks: the section that answers it, or how near nothing at all may lie to it (as squared L2)."""

    def __init__(self, text, vector, section=None, nearest=None, chapter=None):
        self.id, self.text, self.vector, self.chapter = slug(text), text, vector, chapter
        self.section, self.nearest = section, nearest


class Corpus(Records):
    """A corpus as a server is filled with it, its questions, and the records that are kept back."""

    def __init__(self, name, small):
        self.name, self.small = name, small
        rows = books.chunks(name, SMALL[name] if small else None)
        super().__init__([row for i, row in enumerate(rows) if i % KEPT_BACK])
        self.later = Records(rows[::KEPT_BACK])
        self.questions = list(self.asked())

    def asked(self):
        """Those about its chapters, and those about nothing."""
        found = listed(self.name)
        chapters = dict(zip(self.sections.tolist(), self.chapters.tolist()))
        asked = [one for one in found["questions"] if one["section"] in chapters] + found["nothing"]
        for one, row in zip(asked, vectors.embed([one["text"] for one in asked])):
            section = one.get("section")
            yield Question(one["text"], row, section, one.get("nearest"), chapters.get(section))


@functools.lru_cache(maxsize=len(NAMES))
def corpus(name, small):
    """One that nobody changes: changes take copies."""
    return Corpus(name, small)


def other(name, small, step=1):
    """Another corpus."""
    return corpus(NAMES[(NAMES.index(name) + step) % len(NAMES)], small)
