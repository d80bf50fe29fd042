# SPDX-License-Identifier: Apache-2.0
"""What happens to a collection, each as its operators or an accident would do it, with what is true of it: the label,
what else is right to say, and whether answers got worse. Each takes a bed; its variants differ in seed, share or topic."""
import dataclasses
import typing
import uuid

import numpy

import beds
import books
import worlds

SPACES = "l2", "cosine"


@dataclasses.dataclass
class Change:
    make: typing.Callable
    # The labels that are right, the first one is the truth.
    labels: list
    harmful: bool
    spaces: tuple = SPACES


# Harmless.

def nothing(bed):
    del bed


def upsert_all(bed):
    bed.upsert(bed.records)


def upsert_half(bed):
    bed.upsert(bed.records.take(bed.some(0.5)))


def recreate(bed):
    bed.chroma.drop(bed.name)
    bed.fill()


def recreate_in_another_order(bed):
    order = bed.pick(bed.random.permutation(len(bed.records)), bed.everything()[::-1],
                     bed.random.permutation(len(bed.records)))
    bed.records = bed.records.take(order)
    recreate(bed)


def add_again(bed):
    """Everything is deleted, then added as it was."""
    bed.delete(bed.records.ids)
    bed.upsert(bed.records)


def round_vectors(bed):
    bed.upsert(bed.records.but(vectors=bed.records.vectors.astype(float).round(6)))


def rewrite_documents(bed):
    """The text of a new edition, with the vectors of the old one."""
    rewrite = bed.pick(str.upper, lambda text: f"[2nd edition] {text}", lambda text: text.replace(". ", ".\n"))
    bed.upsert(bed.records.but(documents=[rewrite(one) for one in bed.records.documents]))


def rewrite_metadata(bed):
    """Other keys, and another value of one that no query asks for."""
    added = bed.pick({"language": "en"}, {"reviewed": True, "edition": 2}, {"source": "mirror", "pages": 1.5})
    bed.upsert(bed.records.but(metadatas=[
        {**one, **added, "file": f"books/{one['file']}"} for one in bed.records.metadatas]))


def lengthen(bed):
    bed.upsert(bed.records.but(vectors=10 * bed.records.vectors))


def add_far(bed):
    """3 % more, of another book that has nothing to do with any question."""
    others = bed.strangers()
    added = others.take(bed.unseen(others)[:int(0.03 * len(bed.records))])
    bed.upsert(added.but(ids=[f"other-{one}" for one in added.ids]))


def churn(bed):
    """5 % go that stand in no answer, and others come that come into none."""
    count = int(0.05 * len(bed.records))
    answers = numpy.unique(bed.corpus.nearest(2 * beds.RESULTS))
    others = bed.corpus.held.plus(bed.strangers().but(ids=[f"other-{one}" for one in bed.strangers().ids]))
    added = others.take(bed.random.permutation(bed.unseen(others))[:count])
    bed.delete([bed.records.ids[i] for i in bed.some(0.05, numpy.setdiff1d(bed.everything(), answers))])
    bed.upsert(added)


def rekey(bed):
    """The same records under ids of another scheme."""
    scheme = bed.pick(lambda i, one: f"doc-{i:05d}", lambda i, one: f"v2/{one}", lambda i, one: uuid.uuid5(uuid.NAMESPACE_URL, one).hex)
    bed.delete(bed.records.ids)
    bed.upsert(bed.records.but(ids=[scheme(i, one) for i, one in enumerate(bed.records.ids)]))


def following(identity):
    """What a record is called when one was inserted before it."""
    file, _, number = identity.rpartition(":")
    return f"{file}:{int(number) + 1}"


def shift_ids(bed):
    """A paragraph came in before each file's first: ids count on, each with its document, metadata and vector."""
    shifted = bed.records.but(ids=[following(one) for one in bed.records.ids])
    bed.delete(sorted(set(bed.records.ids) - set(shifted.ids)))
    bed.upsert(shifted)


def grow(bed):
    """10 % more of the same chapters."""
    bed.upsert(bed.corpus.held)


# Harmful.

def mispair(bed):
    """Vectors are off by some records against ids and documents."""
    bed.upsert(bed.records.but(vectors=numpy.roll(bed.records.vectors, bed.pick(1, -1, 2), axis=0)))


def delete_topic(bed):
    """A chapter that some query asks for."""
    chapter = bed.random.choice(bed.corpus.chapters_expected())
    bed.delete([one for one, of in zip(bed.records.ids, bed.records.metadatas) if of["chapter"] == chapter])


def delete_some(bed):
    bed.delete([bed.records.ids[i] for i in bed.some(bed.pick(0.2, 0.1, 0.15))])


def die(bed):
    """An ingest that deletes everything first ends early."""
    bed.delete(bed.records.ids)
    bed.upsert(bed.records.take(bed.everything()[:int(bed.pick(0.5, 0.3, 0.8) * len(bed.records))]))


def replace(bed):
    """Another corpus is loaded under these ids."""
    others = bed.strangers()
    others = others.take(bed.random.permutation(len(others)) if bed.variant == 2 else numpy.arange(len(others)))
    bed.upsert(others.take(bed.everything() % len(others)).but(ids=bed.records.ids))


def rechunk(bed):
    """Some files are cut otherwise; the ingest that would delete their old chunks afterwards ends half-way."""
    sizes = bed.pick({"full": 500, "longest": 900}, {"full": 90, "longest": 200}, {"full": 350, "longest": 600})
    chapters = sorted({one["chapter"] for one in bed.records.metadatas})
    bed.random.shuffle(chapters)
    size = {chapter: sum(one["chapter"] == chapter for one in bed.records.metadatas) for chapter in chapters}
    taken = [one for i, one in enumerate(chapters)
             if i == 0 or sum(map(size.get, chapters[:i + 1])) <= 0.3 * len(bed.records)]
    chunks = books.chunks(bed.corpus.name, taken, mark="new", **sizes)
    bed.upsert(beds.embedded(chunks[:len(chunks) // 2]))


def flood(bed):
    """40 records of spam near everybody's question."""
    centre = worlds.unit(bed.corpus.questions.mean(axis=0))
    bait = {0: bed.corpus.questions, 1: bed.corpus.questions[::2], 2: worlds.unit(bed.corpus.questions + centre)}
    near = numpy.resize(bait[bed.variant], (40, centre.size))
    spam = worlds.turned(near, bed.pick(0.9, 0.95, 0.9), bed.random)
    bed.upsert(beds.Records([f"spam-{i}" for i in range(40)], spam, ["Buy now!"] * 40,
                            [{"file": "spam", "section": "", "chapter": "spam"}] * 40))


def double(bed):
    """Every chunk twice."""
    ids = [bed.pick(f"copy-{one}", f"{one}/2", f"mirror:{one}") for one in bed.records.ids]
    bed.upsert(bed.records.but(ids=ids))


def halves(text, other, first):
    """A paragraph of which one half was written anew, with another's words."""
    words, others = text.split(), other.split()
    middle, end = len(words) // 2, len(others) // 2
    return " ".join(words[:middle] + others[end:] if first else others[:end] + words[middle:])


def edit(bed):
    """A fifth of the paragraphs say something else from their middle on, or up to there, and are embedded."""
    edited = bed.some(0.2)
    records = bed.records.take(edited)
    other = bed.random.permutation(bed.records.documents)[:len(edited)]
    documents = [halves(one, str(two), bed.variant != 1) for one, two in zip(records.documents, other)]
    bed.upsert(records.but(documents=documents, vectors=beds.rows(documents)))


def reembed(bed):
    """Another model: all is turned, and a little otherwise each."""
    turned = bed.turned(bed.records.vectors, 0.95)
    bed.upsert(bed.records.but(vectors=worlds.turned(turned, bed.pick(0.95, 0.97, 0.93), bed.random)))


def change_space(bed):
    bed.chroma.drop(bed.name)
    bed.create({"l2": "cosine", "cosine": "l2"}[bed.space])
    bed.upsert(bed.records)


BENIGN = {
    "nothing": Change(nothing, ["NONE"], False),
    "all upserted again": Change(upsert_all, ["NONE"], False),
    "a half upserted again": Change(upsert_half, ["NONE"], False),
    "restart": Change(worlds.restart, ["NONE"], False),
    "recreated": Change(recreate, ["NONE"], False),
    "recreated in another order": Change(recreate_in_another_order, ["NONE"], False),
    "deleted and added again": Change(add_again, ["NONE"], False),
    "vectors rounded": Change(round_vectors, ["NONE"], False),
    "documents rewritten": Change(rewrite_documents, ["NONE"], False),
    "metadata rewritten": Change(rewrite_metadata, ["NONE"], False),
    "vectors 10 times as long, cosine": Change(lengthen, ["NONE"], False, ("cosine",)),
    "3 % more far away": Change(add_far, ["GROWTH", "NONE"], False),
    "5 % churn beside the answers": Change(churn, ["NONE", "GROWTH"], False),
    "ids of another scheme": Change(rekey, ["REKEYED", "NONE"], False),
    "ids shifted by one": Change(shift_ids, ["REKEYED", "NONE"], False),
    "10 % more": Change(grow, ["GROWTH", "NONE"], False),
}
HARMFUL = {
    "mispaired": Change(mispair, ["MISPAIRED"], True),
    "a topic deleted": Change(delete_topic, ["REMOVED_TOPIC", "REMOVED"], True),
    "some deleted": Change(delete_some, ["REMOVED", "REMOVED_TOPIC"], True),
    "an ingest died": Change(die, ["UNFINISHED", "REMOVED"], True),
    "others under the same ids": Change(replace, ["REPLACED"], True),
    "old and new chunks": Change(rechunk, ["UNFINISHED"], True),
    "spam": Change(flood, ["FLOOD"], True),
    "every chunk twice": Change(double, ["FLOOD"], True),
    "a fifth edited": Change(edit, ["EDIT"], True),
    "another model": Change(reembed, ["REEMBED"], True),
    "another space": Change(change_space, ["METRIC"], True),
    "vectors 10 times as long, l2": Change(lengthen, ["SCALE", "METRIC"], True, ("l2",)),
    "index lost": Change(worlds.lose_index, ["INDEX_LOSS"], True),
    "ef_search 10": Change(worlds.search_shallowly, ["ANN_RECALL"], True),
    "stopped": Change(worlds.stop, ["TRANSPORT"], True),
}
ALL = {**BENIGN, **HARMFUL}
