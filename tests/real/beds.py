# SPDX-License-Identifier: Apache-2.0
"""Corpora of real text with questions, and a bed: one of them in a Chroma server, watched by the program."""
import dataclasses
import functools
import pathlib
import re

import numpy
import yaml

import books
import vectors
from worlds import unit

QUESTIONS = pathlib.Path(__file__).with_name("questions")
RESULTS, BATCH, SEED = 10, 300, 20
# Of each corpus this share of the chunks is not loaded at first: it is what it grows by.
HELD = 0.1
# What the small corpora consist of.
SMALL = {
    "policy": {"ch-relationships", "ch-maintainerscripts"},
    "reference-en": {"ch08", "ch05"},
    "reference-de": {"ch08", "ch05"},
}
# As Chroma has it by default, and for collections that would never be written to an index.
SYNC_THRESHOLD = {False: 1000, True: 40}


@dataclasses.dataclass
class Records:
    """Some records: what an ingest sends."""
    ids: list
    vectors: numpy.ndarray
    documents: list
    metadatas: list

    def __len__(self):
        return len(self.ids)

    def take(self, indices):
        """Those at `indices`, in that order."""
        return Records([self.ids[i] for i in indices], self.vectors[indices], [self.documents[i] for i in indices],
                       [self.metadatas[i] for i in indices])

    def but(self, **others):
        """The same with another field."""
        return dataclasses.replace(self, **others)

    def plus(self, other):
        return Records(self.ids + other.ids, numpy.concatenate([self.vectors, other.vectors]),
                       self.documents + other.documents, self.metadatas + other.metadatas)


def rows(texts):
    """Their vectors, in as many digits as a float32 has: a third less to send than a double's."""
    return vectors.embed(texts).astype(float).round(8)


def embedded(chunks):
    documents = [chunk["document"] for chunk in chunks]
    return Records([chunk["id"] for chunk in chunks], rows(documents), documents,
                   [chunk["metadata"] for chunk in chunks])


def query_id(text):
    return "-".join(re.findall("[a-z0-9]+", text.lower())[:7])


class Corpus:
    """Records, those held back, and questions. A question whose section the model does not find expects nothing."""

    def __init__(self, name, small):
        self.name, self.small = name, small
        self.chapters = SMALL[name] if small else None
        everything = embedded(books.chunks(name, self.chapters))
        held = numpy.random.default_rng(SEED).random(len(everything)) < HELD
        self.records = everything.take(numpy.flatnonzero(~held))
        self.held = everything.take(numpy.flatnonzero(held))
        self.chapter_of = {one["section"]: one["chapter"] for one in everything.metadatas}
        self.read(yaml.safe_load((QUESTIONS / f"{name}.yaml").read_text()))

    def read(self, file):
        """The questions that these chapters answer, and those that nothing answers."""
        self.asked = [one for one in file["questions"] if one["section"] in self.chapter_of]
        strange = [one["section"] for one in file["questions"] if one not in self.asked]
        assert self.small or not strange, strange
        self.nothing = file["nothing"]
        self.texts = [one["text"] for one in self.asked + self.nothing]
        self.names = [query_id(text) for text in self.texts]
        assert len(set(self.names)) == len(self.names), "two questions begin with the same words"
        self.questions = vectors.embed(self.texts)

    def nearest(self, count):
        """Indices of the records nearest to each question, exactly."""
        return numpy.argsort(-self.questions @ self.records.vectors.T, axis=1)[:, :count]

    def sections(self):
        """For each question asked whether its section stands in the exact answer."""
        return [any(self.records.metadatas[i]["section"] == one["section"] for i in row)
                for one, row in zip(self.asked, self.nearest(RESULTS))]

    def chapters_expected(self):
        """Those that some query expects a record of, in a fixed order."""
        return sorted({self.chapter_of[one["section"]] for one, found in zip(self.asked, self.sections()) if found})

    def queries(self, space):
        """As the query set has them."""
        written = []
        for name, one, found in zip(self.names, self.asked, self.sections()):
            written.append({"id": name, "text": one["text"], "tags": {"topic": self.chapter_of[one["section"]]}})
            if found:
                written[-1]["expect"] = {"metadata": {"section": one["section"]}}
        for name, one in zip(self.names[len(self.asked):], self.nothing):
            nearest = one["min"] if space == "l2" else one["min"] / 2
            written.append({"id": name, "text": one["text"], "tags": {"topic": "nothing"},
                            "expect": {"distance": {"min": nearest}}})
        return written


@functools.lru_cache(maxsize=None)
def corpus(name, small=False):
    return Corpus(name, small)


class Bed:
    """A corpus in a server and a program that watches it. What is stored now is in `records`."""
    name = "handbook"

    def __init__(self, chroma, driftwatch, one, space, variant=0):
        self.chroma, self.driftwatch, self.corpus, self.space = chroma, driftwatch, one, space
        self.variant, self.random = variant, numpy.random.default_rng(SEED + variant)
        self.records = one.records
        driftwatch.server(chroma.url)
        driftwatch.watch(self.name, one.queries(space), dict(zip(one.names, one.questions)),
                         results=RESULTS, timeout="5s", interval="1h")
        driftwatch.write()

    # Of the server.

    def create(self, space):
        self.chroma.call("POST", "", {"name": self.name, "configuration": {"hnsw": {
            "space": space, "sync_threshold": SYNC_THRESHOLD[self.corpus.small]}}})

    def upsert(self, records):
        for start in range(0, len(records), BATCH):
            part = records.take(range(start, min(start + BATCH, len(records))))
            self.chroma.upsert(self.name, part.ids, part.vectors, part.metadatas, part.documents)

    def delete(self, ids):
        self.chroma.delete(self.name, ids)

    def fill(self):
        self.create(self.space)
        self.upsert(self.records)

    def restart(self):
        self.chroma.shut_down()
        self.chroma.start()

    # Of the program.

    def approve(self):
        for words in ["propose", "--pause=100ms"], ["approve", "--by=test", "--reason=as built"]:
            done = self.driftwatch.run("baseline", *words)
            assert done.returncode == 0, done.stdout + done.stderr

    def check(self):
        """Exit status and the collection's object of `check --format=json`."""
        status, report = self.driftwatch.check()
        found, = report["collections"]
        return status, found

    # For those who change something.

    def pick(self, *choices):
        """This variant's choice."""
        return choices[self.variant % len(choices)]

    def everything(self):
        return numpy.arange(len(self.records))

    def some(self, share, among=None):
        """Indices of a random share of the records, of those `among` where given."""
        among = self.everything() if among is None else among
        return numpy.sort(self.random.choice(among, int(share * len(self.records)), replace=False))

    def strangers(self):
        """Records of the other corpora."""
        others = [corpus(name, self.corpus.small).records for name in books.CORPORA if name != self.corpus.name]
        return others[0].plus(others[1])

    def unseen(self, records, beyond=RESULTS):
        """Indices of those `records` that are farther from every question than its answers, the farthest first."""
        questions, here = self.corpus.questions, self.records.vectors
        border = numpy.sort(questions @ here.T, axis=1)[:, -beyond]
        gap = (border[:, None] - questions @ records.vectors.T).min(axis=0)
        return [i for i in numpy.argsort(-gap) if gap[i] > 1e-3]

    def turned(self, rows, cosine):
        """Unit vectors, all turned by one rotation about to this cosine."""
        skew = self.random.normal(size=(rows.shape[1],) * 2) / numpy.sqrt(2 * rows.shape[1])
        skew = numpy.sqrt((1 - cosine) / (1 + cosine)) * (skew - skew.T)
        eye = numpy.eye(rows.shape[1])
        return unit(rows @ numpy.linalg.solve(eye - skew, eye + skew).T)
