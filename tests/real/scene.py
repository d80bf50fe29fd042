# SPDX-License-Identifier: Apache-2.0
"""A corpus in a Chroma server, and a Driftwatch that watches it with the corpus's questions."""
import json

import numpy
import requests

import worlds

RESULTS, WITHIN = 10, 10
# A record among so many is expected by its id, by every other question.
NAMED = 3
BATCH = 128
# As squared L2: nearer is the same answer.
HAIR = 0.005


class Scene(worlds.Scene):
    """What happens to it is in changes.py. `variant` is one of three ways in which a change is made."""

    def __init__(self, chroma, driftwatch, corpus, space, variant=0):
        self.chroma, self.driftwatch, self.world, self.space, self.variant = chroma, driftwatch, corpus, space, variant
        self.name = corpus.name
        self.random = numpy.random.default_rng(1000 + variant)
        self.found = {}
        if not driftwatch.config["servers"]:
            driftwatch.server(chroma.url)

    def fill(self, space=None):
        self.create(space)
        self.put(self.world)

    def create(self, space=None):
        """Its index is written after a quarter of the records: small ones would be in the server's log alone."""
        self.chroma.call("POST", "", {"name": self.name, "configuration": {"hnsw": {
            "space": space or self.space, "sync_threshold": len(self.world) // 4}}})

    def put(self, records, indices=None):
        """Upserts records, or those at `indices`, in their order."""
        indices = range(len(records)) if indices is None else list(indices)
        for start in range(0, len(indices), BATCH):
            part = records.some(list(indices[start:start + BATCH]))
            self.chroma.upsert(self.name, part.ids, part.vectors, part.metadatas, part.documents)

    def remove(self, ids):
        for start in range(0, len(ids), BATCH):
            self.chroma.delete(self.name, ids[start:start + BATCH])

    def delete(self, indices):
        self.remove([self.world.ids[i] for i in indices])

    def upsert(self, indices):
        self.put(self.world, indices)

    def cosines(self, rows):
        """Of the questions with these vectors."""
        return numpy.array([one.vector for one in self.world.questions]) @ rows.T

    def search(self):
        """The (id, section) of each question's answers."""
        got = self.ask([one.vector for one in self.world.questions], RESULTS, ["metadatas"])
        return [[(key, one["section"]) for key, one in zip(*row)] for row in zip(got["ids"], got["metadatas"])]

    def answers(self, asked):
        """The server's (ids, distances) to some questions; None when it does not answer."""
        try:
            got = self.ask([one.vector for one in asked], RESULTS, ["distances"])
        except (AssertionError, requests.RequestException):
            return None
        return list(zip(got["ids"], got["distances"]))

    def held(self):
        """{id: (vector, section)} of what the server holds."""
        got = self.chroma.call("POST", f"/{self.chroma.id(self.name)}/get", {"include": ["embeddings", "metadatas"]})
        rows = numpy.array(got["embeddings"], dtype=numpy.float32)
        return {key: (row, one["section"]) for key, row, one in zip(got["ids"], rows, got["metadatas"])}

    def lost(self, content):
        """Of {id: vector} those that search cannot reach: it finds them neither when it is asked for everything nor by
        their own vectors, nor anything within a hair of these."""
        everything = self.ask([self.world.questions[0].vector], len(content), [])
        missing = sorted(set(content) - set(everything["ids"][0]))
        if not missing:
            return []
        own = self.ask([content[key] for key in missing], 1, ["distances"])
        return [key for key, ids, distances in zip(missing, own["ids"], own["distances"])
                if ids != [key] and not distances[0] * self.half < HAIR]

    def ask(self, rows, results, include):
        """What the server answers to vectors."""
        return self.chroma.call("POST", f"/{self.chroma.id(self.name)}/query", {
            "query_embeddings": [row.tolist() for row in rows], "n_results": results, "include": include})

    def asked(self):
        """The questions that something answers."""
        return [one for one in self.world.questions if not one.nearest]

    @property
    def half(self):
        """By which distances and limits of squared L2 are divided."""
        return 1 if self.space == "l2" else 2

    def look(self):
        """Finds out which questions are answered by their section as the collection is now, and by which record if
        that is one of the first. The others have no expectation but the baseline that is approved then."""
        for number, (one, answers) in enumerate(zip(self.world.questions, self.search())):
            keys = [(rank, key) for rank, (key, section) in enumerate(answers) if section == one.section]
            if keys:
                rank, key = keys[0]
                self.found[one.id] = key if number % 2 and rank < NAMED else None
        (self.driftwatch.directory / "found.json").write_text(json.dumps(self.found))

    def recall(self):
        self.found = json.loads((self.driftwatch.directory / "found.json").read_text())

    def query(self, question):
        """As it stands in the query set."""
        one = {"id": question.id, "text": question.text, "tags": {"topic": question.chapter or "nothing"}}
        if question.nearest:
            one["expect"] = {"distance": {"min": question.nearest / self.half}}
        elif question.id in self.found:
            one["expect"] = {"metadata": {"section": question.section}, "within": WITHIN}
        return one

    def watch(self, **keys):
        self.driftwatch.watch(
            self.name, [self.query(one) for one in self.world.questions],
            {one.id: one.vector for one in self.world.questions}, results=RESULTS, timeout="5s", **keys)
        self.driftwatch.write()
