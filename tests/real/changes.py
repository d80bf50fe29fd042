# SPDX-License-Identifier: Apache-2.0
"""What happens to a collection, and what is true of it: whether retrieval is worse, and which causes may be told. Each
takes a scene, whose `variant` is one of three seeds, shares or topics."""
import collections
import uuid

import numpy

import books
import corpora
import scene as scenes
import vectors
import worlds

CHANGES = {}
VARIANTS = range(3)
SPACES = "l2", "cosine"


class Change:
    """`right` is the cause that names it; by those `near` to it nobody is misled."""

    def __init__(self, make, harmful, right, near, spaces):
        self.make, self.name, self.harmful = make, make.__name__, harmful
        self.right, self.near, self.spaces = right, set(near), spaces


def change(harmful, right, *near, spaces=SPACES):
    def add(make):
        CHANGES[make.__name__] = Change(make, harmful, right, near, spaces)
        return make
    return add


def benign(right="NONE", *near, **options):
    return change(False, right, *near, **options)


def harmful(right, *near, **options):
    return change(True, right, *near, **options)


def everything(scene):
    return numpy.arange(len(scene.world))


def share(scene, part):
    """Indices of a random share of the records."""
    return scene.random.choice(len(scene.world), int(part * len(scene.world)), replace=False)


def altered(scene, **lists):
    """The corpus's records with other ids, documents, metadatas or vectors."""
    records = scene.world.some(everything(scene))
    for key, value in lists.items():
        setattr(records, key, value)
    return records


def unasked(scene, similarity):
    """Of vectors, by their similarity to each question: do they stay out of every answer?"""
    limits = numpy.sort(scene.cosines(scene.world.vectors), axis=1)[:, -scenes.RESULTS - 2]
    return (similarity < limits[:, None]).all(axis=0)


def strangers(scene, count):
    """Records of the other corpora that come into no answer."""
    world = scene.world
    rows, found = [], []
    for seen in (corpora.other(world.name, world.small, step) for step in (1, 2)):
        far = numpy.flatnonzero(unasked(scene, scene.cosines(seen.vectors)))
        rows += [{**row, "id": f"{seen.name}:{row['id']}"} for row in seen.rows(far)]
        found.append(seen.vectors[far])
    chosen = scene.random.permutation(len(rows))[:count]
    assert len(chosen) == count, f"{len(rows)} strangers"
    return corpora.Records([rows[i] for i in chosen], numpy.concatenate(found)[chosen])


# Benign: what was found is found.

@benign()
def nothing(scene):
    del scene


@benign()
def reupserted(scene):
    """All records, unchanged."""
    scene.upsert(everything(scene))


@benign()
def half_reupserted(scene):
    scene.upsert(share(scene, 0.5))


@benign()
def restarted(scene):
    scene.restart()


@benign()
def recreated(scene):
    """With the same records in the same order."""
    scene.chroma.drop(scene.name)
    scene.fill()


@benign()
def reordered(scene):
    """Recreated with the same records in another order."""
    scene.chroma.drop(scene.name)
    scene.create()
    scene.upsert(scene.random.permutation(len(scene.world)))


@benign()
def readded(scene):
    """All records deleted and added again."""
    scene.delete(everything(scene))
    scene.upsert(everything(scene))


@benign()
def rounded(scene):
    """Vectors with six decimals, as a CSV file has them."""
    scene.put(altered(scene, vectors=numpy.round(scene.world.vectors, 6)))


@benign("NONE", "EDIT")
def redocumented(scene):
    """Documents written anew, as another renderer does it, with the same vectors."""
    spelt = [str.strip, lambda text: text + "\n", lambda text: text.replace(". ", ".  ")][scene.variant]
    scene.put(altered(scene, documents=[f"{spelt(text)} " for text in scene.world.documents]))


@benign()
def retagged(scene):
    """Metadata with a date of ingest."""
    scene.put(altered(scene, metadatas=[
        {**one, "ingested": f"2026-11-{10 + scene.variant}"} for one in scene.world.metadatas]))


@benign("NONE", "SCALE", spaces=["cosine"])
def lengthened(scene):
    """Vectors ten times as long: cosine does not mind."""
    scene.put(altered(scene, vectors=(10, 0.1, 3)[scene.variant] * scene.world.vectors))


@benign("NONE", "GROWTH")
def joined(scene):
    """3 % more records, far from every question."""
    scene.put(strangers(scene, int(0.03 * len(scene.world))))


@benign("NONE", "GROWTH")
def churned(scene):
    """5 % of the records, that stand in no answer: a third deleted, a third edited, and as many strangers added."""
    world = scene.world
    count = int(0.05 * len(world) / 3)
    order = scene.random.permutation(numpy.flatnonzero(unasked(scene, scene.cosines(world.vectors))))
    scene.delete(order[:count])
    edited = world.some(order[count:2 * count])
    edited.documents = [f"{text} (See the release notes.)" for text in edited.documents]
    edited.vectors = vectors.embed(edited.documents)
    scene.put(edited, numpy.flatnonzero(unasked(scene, scene.cosines(edited.vectors))))
    scene.put(strangers(scene, count))


@benign("REKEYED", "NONE")
def rekeyed(scene):
    """The same records under ids of another scheme."""
    schemes = [lambda key: f"v2/{key}", lambda key: str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
               lambda key: key.replace(":", "#")]
    scene.delete(everything(scene))
    scene.put(altered(scene, ids=[schemes[scene.variant](key) for key in scene.world.ids]))


def shifted_ids(ids, step):
    """policy:7 becomes policy:8."""
    return [f"{key.split(':')[0]}:{int(key.split(':')[1]) + step}" for key in ids]


@benign("REKEYED", "NONE")
def renumbered(scene):
    """Ids shifted within each file: a document and its vector stand under what was the next one's id."""
    ids = shifted_ids(scene.world.ids, 1 + scene.variant)
    scene.put(altered(scene, ids=ids))
    scene.remove(sorted(set(scene.world.ids) - set(ids)))


def least(scene, question):
    """How similar a record has to be to come before what the question has to find; where it has to find nothing, before
    what it must not."""
    if question.nearest:
        return 1 - question.nearest / 2
    similar = scene.cosines(scene.world.vectors)[scene.world.questions.index(question)]
    if scene.found.get(question.id):
        return similar[scene.world.ids.index(scene.found[question.id])]
    return similar[scene.world.sections == question.section].max() if question.id in scene.found else similar.max()


def harmless(scene, records, order):
    """Of records, in this order, those that may come without pushing anything out of an answer that has to be there."""
    limits = numpy.array([least(scene, one) for one in scene.world.questions])
    before = (scene.cosines(scene.world.vectors) > limits[:, None]).sum(axis=1)
    room = numpy.where([bool(one.nearest) for one in scene.world.questions], 0, scenes.WITHIN - 1 - before).clip(0)
    nearer = scene.cosines(records.vectors) > limits[:, None]
    for i in order:
        if (nearer[:, i] <= room).all():
            room = room - nearer[:, i]
            yield i


@benign("GROWTH", "NONE")
def grown(scene):
    """As much more of the same topics as was kept back, but for what would push an expected record out."""
    later = scene.world.later
    scene.put(later, harmless(scene, later, scene.random.permutation(len(later))))


# Harmful: somebody gets a worse answer.

def misplaced(scene, part, step):
    """Vectors of the records at `part`, moved by `step` against ids and documents."""
    moved = scene.world.vectors.copy()
    moved[part] = numpy.roll(moved[part], step, axis=0)
    return altered(scene, vectors=moved)


@harmful("MISPAIRED")
def mispaired(scene):
    """Vectors stand one record off their ids and documents."""
    scene.put(misplaced(scene, everything(scene), (1, -1, 2)[scene.variant]))


def watched_chapters(scene):
    """Chapters by how many questions they answer; those of a size that is a topic and not the collection."""
    counts = collections.Counter(one.chapter for one in scene.world.questions if one.id in scene.found)
    sizes = collections.Counter(scene.world.chapters.tolist())
    return [chapter for chapter, _ in counts.most_common() if sizes[chapter] < len(scene.world) / 4]


@harmful("REMOVED_TOPIC", "REMOVED", "UNFINISHED")
def topic_removed(scene):
    """A chapter, of those that most questions are about. The last one that was added looks like an ingest that stopped
    before it."""
    chapter = watched_chapters(scene)[scene.variant]
    scene.delete(numpy.flatnonzero(scene.world.chapters == chapter))


@harmful("REMOVED_TOPIC", "REMOVED")
def section_removed(scene):
    """The section that answers a question."""
    asked = [one.section for one in scene.world.questions if one.id in scene.found]
    section = asked[(7 * scene.variant + 3) % len(asked)]
    scene.delete(numpy.flatnonzero(scene.world.sections == section))


@harmful("REMOVED", "REMOVED_TOPIC")
def removed(scene):
    scene.delete(share(scene, (0.2, 0.1, 0.05)[scene.variant]))


@harmful("UNFINISHED", "REMOVED")
def died(scene):
    """All records were deleted, and the ingest that should add them again died on its way."""
    scene.delete(everything(scene))
    scene.upsert(everything(scene)[:int((0.5, 0.8, 0.3)[scene.variant] * len(scene.world))])


@harmful("REPLACED")
def replaced(scene):
    """Documents of another corpus under the same ids; what it does not fill is deleted."""
    world = scene.world
    seen = corpora.other(world.name, world.small, 1 + scene.variant % 2)
    order = numpy.arange(len(seen))[::-1 if scene.variant == 2 else 1][:len(world)]
    records = seen.some(order)
    records.ids = world.ids[:len(order)]
    scene.put(records)
    scene.remove(world.ids[len(order):])


@harmful("UNFINISHED")
def rechunked(scene):
    """Chunks of another length for 30 % of the records, file by file, and the old ones deleted behind them: it died
    half-way, with both side by side."""
    world = scene.world
    files = scene.random.permutation(sorted(set(world.chapters.tolist())))
    sizes = numpy.cumsum([(world.chapters == one).sum() for one in files])
    chosen = files[:numpy.searchsorted(sizes, 0.3 * len(world)) + 1]
    full, longest = [(500, 900), (90, 200), (400, 700)][scene.variant]
    new = books.chunks(world.name, set(chosen), mark="n", full=full, longest=longest)
    old = [key for key, chapter in zip(world.ids, world.chapters) if chapter in chosen]
    scene.put(corpora.Records(new[:len(new) // 2]))
    scene.remove(old[:len(old) // 3])


ADVERTISEMENTS = ["Order now at the lowest price, free shipping!", "Click here to win, today only.",
                  "Best deals, best offers, subscribe to our newsletter."]
SPAM = 40


def baits(scene):
    """What 40 advertisements begin with: a question, some questions, or the text that answers one."""
    asked = [one for one in scene.world.questions if not one.nearest]
    answers = scene.cosines(scene.world.vectors).argmax(axis=1)
    for i in range(SPAM):
        yield [asked[i % len(asked)].text, "; ".join(one.text for one in scene.random.choice(asked, 3, replace=False)),
               scene.world.documents[answers[i % len(asked)]]][scene.variant]


@harmful("FLOOD")
def spammed(scene):
    """Advertisements that come near what users ask."""
    metadata = dict.fromkeys(("file", "section", "chapter"), "spam")
    scene.put(corpora.Records([
        {"id": f"spam:{i}", "document": f"{bait} {ADVERTISEMENTS[i % len(ADVERTISEMENTS)]}", "metadata": metadata}
        for i, bait in enumerate(baits(scene))]))


@harmful("FLOOD")
def doubled(scene):
    """Every chunk twice: ingested again under other ids, and nothing deleted."""
    ids = [(f"copy:{key}", f"{key}:b", f"2026/{key}")[scene.variant] for key in scene.world.ids]
    scene.put(altered(scene, ids=ids))


@harmful("EDIT")
def edited(scene):
    """A fifth of the records in place: the second half of their text is another's."""
    world = scene.world
    indices = share(scene, 0.2)
    part = world.some(indices)
    others = [world.documents[i] for i in scene.random.permutation(indices)]
    part.documents = [text[:len(text) // 2] + other[len(other) // 2:] for text, other in zip(part.documents, others)]
    part.vectors = vectors.embed(part.documents)
    scene.put(part)


@harmful("REEMBED")
def reembedded(scene):
    """By another model: a rotation that all records have in common, and a direction of their own."""
    rows, random = scene.world.vectors, scene.random
    cosine = (0.9, 0.95, 0.8)[scene.variant]
    rotation, _ = numpy.linalg.qr(random.normal(size=(vectors.DIMENSION, vectors.DIMENSION)))
    side = 0.8 * rows @ rotation + 0.6 * worlds.unit(random.normal(size=rows.shape))
    side -= (side * rows).sum(axis=1, keepdims=True) * rows
    scene.put(altered(scene, vectors=cosine * rows + numpy.sqrt(1 - cosine**2) * worlds.unit(side)))


@harmful("METRIC")
def respaced(scene):
    """Recreated with another space."""
    other = "cosine" if scene.space == "l2" else "l2"
    scene.chroma.drop(scene.name)
    scene.fill((other, other, "ip")[scene.variant])


@harmful("SCALE", "METRIC", spaces=["l2"])
def stretched(scene):
    """Vectors that nobody normalised."""
    scene.put(altered(scene, vectors=(10, 3, 0.1)[scene.variant] * scene.world.vectors))


@harmful("INDEX_LOSS")
def index_lost(scene):
    worlds.lose_index(scene)


@harmful("ANN_RECALL", "NONE")
def shallow(scene):
    """`ef_search` 10, and a restart. In few records such a search may miss less than the limit of recall: then the
    changed configuration alone is told."""
    worlds.search_shallowly(scene)


@harmful("TRANSPORT")
def stopped(scene):
    worlds.stop(scene)
