#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the demonstration's records.json and vectors.json from agents/*.md and queries.yaml.

The embedding is latent semantic analysis: TF-IDF over the agents' sections, reduced by a truncated
singular value decomposition and scaled to unit length. It needs no model download, it is real in
the sense that near texts get near vectors, and it gives the same bytes on every run. With --check
nothing is written: the files are compared with what would be written.

Needs Debian's python3-sklearn, python3-numpy and python3-yaml. Only who changes an agent or a
query needs it; the demonstration itself reads the JSON files.
"""
import os

# The sums of a threaded BLAS depend on how the work was split: one thread, one order, one result.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import json
import pathlib
import re
import sys

import numpy
import yaml
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

HERE = pathlib.Path(__file__).resolve().parent
DIMENSION = 96
DOUBT = 0.4  # weight of what a query says beyond the records' words
MODEL = f"tfidf-svd-{DIMENSION}"
DIGITS = 7  # what a float32 holds


def sections(path):
    """Yields (area, heading, text) for each section; the text before the first `##` is "Role"."""
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    area = yaml.safe_load(head)["area"]
    title, body = body.strip().split("\n", 1)
    for number, part in enumerate(re.split(r"^## ", body, flags=re.MULTILINE)):
        heading, text = part.split("\n", 1) if number else ("Role", part)
        yield area, heading, f"{title.lstrip('# ')}: {heading}\n{text.strip()}"


def records():
    ids, metadatas, documents = [], [], []
    for path in sorted((HERE / "agents").glob("*.md")):
        for chunk, (area, heading, text) in enumerate(sections(path), 1):
            ids.append(f"{path.name}#{chunk}")
            metadatas.append(
                {"filename": path.name, "area": area, "section": heading, "chunk": chunk})
            documents.append(text)
    return ids, metadatas, documents


def words(text):
    """The telling words in lower case, without the plural's s, so that "hooks" meets "hook"."""
    return [re.sub(r"(?<=[a-rt-z]{3})s$", "", word)
            for word in re.findall(r"[^\W_]{2,}", text.lower()) if word not in ENGLISH_STOP_WORDS]


def unit(vectors):
    return (vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)).astype(numpy.float32)


class Embedder:
    """Fitted on the records; like many real models it embeds records and queries differently.

    The last dimension is doubt: the share of a query that the records' words cannot express. It is
    zero for every record, so a query of words that no record uses is far from all of them.
    """

    def __init__(self, documents, queries):
        vocabulary = sorted({word for text in documents + queries for word in words(text)})
        self.tfidf = TfidfVectorizer(tokenizer=words, token_pattern=None, sublinear_tf=True,
                                     vocabulary=vocabulary)
        self.svd = TruncatedSVD(DIMENSION - 1, algorithm="arpack", random_state=7)
        self.svd.fit(self.tfidf.fit_transform(documents))

    def known(self, texts):
        return self.svd.transform(self.tfidf.transform(texts))

    def records(self, texts):
        return unit(numpy.pad(self.known(texts), ((0, 0), (0, 1))))

    def queries(self, texts):
        known = self.known(texts)
        unknown = numpy.sqrt(1 - numpy.square(known).sum(axis=1, keepdims=True).clip(0, 1))
        return unit(numpy.hstack([known, DOUBT * unknown]))


def numbers(vector):
    return [float(f"{x:.{DIGITS}g}") for x in vector]


def outputs():
    """The two files as {name: text}; one record or query per line, so that a change reads well."""
    ids, metadatas, documents = records()
    queries = yaml.safe_load((HERE / "queries.yaml").read_text(encoding="utf-8"))["queries"]
    texts = [query["text"] for query in queries]
    embed = Embedder(documents, texts)
    pinned = zip((query["id"] for query in queries), embed.queries(texts))

    def listed(items):
        return "[\n" + ",\n".join(json.dumps(i, ensure_ascii=False) for i in items) + "]"

    return {
        "records.json": '{"ids": ' + listed(ids)
        + ',\n"embeddings": ' + listed(numbers(v) for v in embed.records(documents))
        + ',\n"metadatas": ' + listed(metadatas)
        + ',\n"documents": ' + listed(documents) + "}\n",
        "vectors.json": f'{{"model": "{MODEL}", "dimension": {DIMENSION}, "vectors": {{\n'
        + ",\n".join(f"{json.dumps(id)}: {json.dumps(numbers(v))}" for id, v in pinned)
        + "}}\n",
    }


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: vectors.py [--check]")
    differing = 0
    for name, text in outputs().items():
        path = HERE / name
        same = path.exists() and path.read_text(encoding="utf-8") == text
        differing += not same
        if not same and not check:
            path.write_text(text, encoding="utf-8")
        state = "unchanged" if same else "DIFFERS" if check else "written"
        print(f"{name}: {state} ({len(text.encode())} bytes)")
    sys.exit(1 if check and differing else 0)


if __name__ == "__main__":
    main()
