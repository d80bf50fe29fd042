# SPDX-License-Identifier: Apache-2.0
"""Synthetic collections with canonical queries, and what can go wrong with them. Chunks of one document lie near each
other, documents of one topic too, and everything has something in common, as with embedded text. All unit vectors."""
import shutil
import sqlite3
import string
import sys

import numpy
import requests

import tools

DIMENSION = 64
TOPICS, DOCUMENTS, CHUNKS = 20, 120, 5
QUERIES = 16
AREA_QUERIES = 5
HARD_RECORDS, HARD_QUERIES = 5000, 24
RESULTS = 10
# Records of one upsert, and how many operations the server leaves in its log before it writes the index.
BATCH, SYNC_THRESHOLD = 450, 400
# Texts of one request to an embedder.
EMBEDDED = 100


def unit(rows):
    return rows / numpy.linalg.norm(rows, axis=-1, keepdims=True)


def turned(rows, cosine, random):
    """Unit vectors at this cosine from unit vectors, each in a direction of its own."""
    side = random.normal(size=rows.shape)
    side -= (side * rows).sum(axis=-1, keepdims=True) * rows
    return cosine * rows + numpy.sqrt(1 - cosine**2) * unit(side)


class World:
    """Records, and canonical queries near some of them, which they expect, each another one."""

    def __init__(self, seed, queries=QUERIES):
        documents = max(DOCUMENTS, -(-queries // CHUNKS))
        self.random = numpy.random.default_rng(seed)
        self.common = unit(self.random.normal(size=DIMENSION))
        self.topics = unit(self.random.normal(size=(TOPICS, DIMENSION)))
        self.topic = numpy.repeat(self.random.integers(TOPICS, size=documents), CHUNKS)
        self.ids = [f"r{i}" for i in range(documents * CHUNKS)]
        self.vectors = self.chunks(self.topic[::CHUNKS])
        self.texts = [f"question {i}" for i in range(queries)]
        self.anchors = self.random.choice(len(self.ids), queries, replace=False)
        cosines = self.random.uniform(0.8, 0.95, size=(queries, 1))
        self.questions = turned(self.vectors[self.anchors], cosines, self.random)

    def chunks(self, topics):
        """CHUNKS vectors of a new document in each of `topics`."""
        documents = unit(self.random.normal(size=(len(topics), DIMENSION)))
        base = 0.35 * self.common + 0.50 * self.topics[topics] + 0.58 * documents
        noise = unit(self.random.normal(size=(len(topics), CHUNKS, DIMENSION)))
        return unit(base[:, None] + 0.54 * noise).reshape(-1, DIMENSION)

    def some(self, share):
        """Indices of a random share of the records."""
        return self.random.choice(len(self.ids), int(share * len(self.ids)), replace=False)

    def tags(self, query):
        """Of the query with this index."""
        del query
        return {}


class TopicWorld(World):
    """Fifty queries tagged by the topics of their records, AREA_QUERIES of them with that of the largest one."""

    def __init__(self, seed, queries=50):
        super().__init__(seed, queries)
        self.area = numpy.bincount(self.topic).argmax()
        inside, outside = (numpy.flatnonzero((self.topic == self.area) == one) for one in (True, False))
        self.anchors = numpy.concatenate([self.random.choice(inside, AREA_QUERIES, replace=False),
                                          self.random.choice(outside, queries - AREA_QUERIES, replace=False)])
        cosines = self.random.uniform(0.8, 0.95, size=(queries, 1))
        self.questions = turned(self.vectors[self.anchors], cosines, self.random)

    def tags(self, query):
        return {"area": f"a{self.topic[self.anchors[query]]}", "kind": "short"}

    def unexpected(self):
        """Indices of the area's records that no query expects."""
        return numpy.setdiff1d(numpy.flatnonzero(self.topic == self.area), self.anchors)


class HardWorld(World):
    """Without any structure: an approximate index misses some of the nearest neighbours."""

    def __init__(self, seed, queries=HARD_QUERIES):
        super().__init__(seed)
        self.ids = [f"r{i}" for i in range(HARD_RECORDS)]
        self.vectors = unit(self.random.normal(size=(HARD_RECORDS, DIMENSION)))
        self.texts = [f"question {i}" for i in range(queries)]
        self.anchors = self.random.choice(len(self.ids), queries, replace=False)
        self.questions = turned(self.vectors[self.anchors], 0.7, self.random)


class EmbeddedWorld(World):
    """Its queries' vectors are an embedder's."""

    def __init__(self, seed, queries=QUERIES):
        super().__init__(seed, queries)
        letters = list(string.ascii_lowercase)
        self.texts = [" ".join("".join(self.random.choice(letters, 6)) for _ in range(4)) for _ in range(queries)]

    def embed(self, url):
        self.questions = numpy.array(embedded(url, self.texts))
        self.vectors[self.anchors] = turned(self.questions, 0.9, self.random)


def embedded(url, texts):
    """What the embedding server gives for them."""
    rows = []
    for start in range(0, len(texts), EMBEDDED):
        asked = {"model": "m", "input": texts[start:start + EMBEDDED]}
        answer = requests.post(f"{url}/v1/embeddings", json=asked, timeout=10).json()
        rows += [one["embedding"] for one in answer["data"]]
    return rows


class Embedder:
    """The demonstration's embedder; another seed is another model."""

    def __init__(self, program, log, dimension=DIMENSION, port=None):
        self.program, self.log, self.dimension = program, log, dimension
        self.port = port or tools.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start(1)

    def start(self, seed):
        self.process = tools.Process([sys.executable, self.program, "--port", self.port, "--dimension", self.dimension,
                                      "--model-seed", seed], self.log)
        tools.poll(lambda: requests.get(f"{self.url}/health", timeout=1).ok, "the embedder")

    def stop(self):
        self.process.kill()


class Scene:
    """A world in a Chroma server and a Driftwatch that watches it. The server is filled by fill()."""

    def __init__(self, chroma, driftwatch, world, embedder=None, **keys):
        self.chroma, self.driftwatch, self.world, self.embedder = chroma, driftwatch, world, embedder
        self.name = "world"
        if embedder:
            world.embed(embedder.url)
            driftwatch.config["embedders"] = [{"name": "demo", "api": "openai", "url": embedder.url, "model": "m"}]
            keys["embedder"] = "demo"
        driftwatch.server(chroma.url)
        driftwatch.watch(self.name, [
            {"id": f"q{i}", "text": text, "tags": world.tags(i), "expect": {"ids": [world.ids[world.anchors[i]]]}}
            for i, text in enumerate(world.texts)
        ], {f"q{i}": row for i, row in enumerate(world.questions)}, results=RESULTS, timeout="2s", **keys)
        driftwatch.write()

    def create(self, space="l2"):
        self.chroma.call("POST", "", {"name": self.name, "configuration": {
            "hnsw": {"space": space, "sync_threshold": SYNC_THRESHOLD}}})

    def fill(self, space="l2"):
        self.create(space)
        for start in range(0, len(self.world.ids), BATCH):
            self.upsert(range(start, min(start + BATCH, len(self.world.ids))))

    def upsert(self, indices):
        self.chroma.upsert(self.name, [self.world.ids[i] for i in indices], self.world.vectors[indices])

    def delete(self, indices):
        self.chroma.delete(self.name, [self.world.ids[i] for i in indices])

    def baseline(self, action, *flags):
        done = self.driftwatch.run("baseline", action, *flags)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def approve(self):
        self.baseline("propose", "--pause=100ms")
        self.baseline("approve", "--by=test", "--reason=as built")

    def check(self, *flags):
        """Exit status and the collection's object of `check --format=json`."""
        status, report = self.driftwatch.check(*flags)
        collection, = report["collections"]
        return status, collection

    def collection(self):
        """As the running daemon shows it."""
        collection, = self.driftwatch.api("collections")["collections"]
        return collection

    def restart(self):
        self.chroma.shut_down()
        self.chroma.start()


# What can go wrong. Each takes a scene.

def nothing(scene):
    del scene


def restart(scene):
    scene.restart()


def delete_topic(scene):
    """The topic of the first query's record."""
    topic = scene.world.topic
    scene.delete(numpy.flatnonzero(topic == topic[scene.world.anchors[0]]))


def thin_topic(scene):
    """Of the area's records only those that queries expect are left."""
    scene.delete(scene.world.unexpected())


def blur_topic(scene):
    """The area's records lie a little farther from what is asked."""
    world = scene.world
    edited = numpy.flatnonzero(world.topic == world.area)
    world.vectors[edited] = turned(world.vectors[edited], 0.98, world.random)
    scene.upsert(edited)


def delete_some(scene):
    scene.delete(scene.world.some(0.2))


def edit_some(scene):
    world = scene.world
    edited = world.some(0.2)
    world.vectors[edited] = turned(world.vectors[edited], 0.95, world.random)
    scene.upsert(edited)


def grow(scene):
    """A tenth more documents of the known topics."""
    world = scene.world
    vectors = world.chunks(world.random.integers(TOPICS, size=len(world.ids) // CHUNKS // 10))
    scene.chroma.upsert(scene.name, [f"new{i}" for i in range(len(vectors))], vectors)


def flood(scene):
    """Five near-duplicates of every fifth record."""
    world = scene.world
    vectors = turned(numpy.repeat(world.vectors[world.some(0.2)], 5, axis=0), 0.985, world.random)
    scene.chroma.upsert(scene.name, [f"copy{i}" for i in range(len(vectors))], vectors)


def reembed(scene):
    world = scene.world
    world.vectors = turned(world.vectors, 0.95, world.random)
    scene.upsert(range(len(world.ids)))


def change_space(scene):
    scene.chroma.drop(scene.name)
    scene.fill("cosine")


def stop_at_index(scene):
    """Stops the server; the directory of the vector index."""
    collection = scene.chroma.id(scene.name)
    scene.chroma.shut_down()
    with sqlite3.connect(scene.chroma.directory / "data/chroma.sqlite3") as database:
        (segment,), = database.execute(
            "SELECT id FROM segments WHERE scope = 'VECTOR' AND collection = ?", (collection,)).fetchall()
    return scene.chroma.directory / "data" / segment


def lose_index(scene):
    """The directory of the vector index goes, and the server starts without it: what is in its log is left."""
    shutil.rmtree(stop_at_index(scene))
    scene.chroma.start()


def cut_index(scene, name):
    """One file of it is empty after the server's next start."""
    (stop_at_index(scene) / name).write_bytes(b"")
    scene.chroma.start()


def search_shallowly(scene):
    """Takes effect when the server loads the index anew."""
    scene.chroma.call("PUT", f"/{scene.chroma.id(scene.name)}", {"new_configuration": {"hnsw": {"ef_search": 10}}})
    scene.restart()


def search_deeply(scene):
    """As it is by default."""
    scene.chroma.call("PUT", f"/{scene.chroma.id(scene.name)}", {"new_configuration": {"hnsw": {"ef_search": 100}}})
    scene.restart()


def change_model(scene):
    scene.embedder.stop()
    scene.embedder.start(2)


def stop(scene):
    scene.chroma.stop()
