# SPDX-License-Identifier: Apache-2.0
"""The demonstration's embedding server: what it says in each of the three APIs."""
import json
import math
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "config/demo/embedder.py"
TEXTS = ["How do I compose React hooks?", "Composing a hook in React", "Rotate the database password", ""]
APIS = {
    "/v1/embeddings": (lambda texts: {"model": "m", "input": texts, "encoding_format": "float"},
                       lambda answer: [one["embedding"] for one in answer["data"]]),
    "/api/embed": (lambda texts: {"model": "m", "input": texts, "truncate": True},
                   lambda answer: answer["embeddings"]),
    "/embed": (lambda texts: {"inputs": texts, "normalize": True, "truncate": True}, lambda answer: answer),
}


@pytest.fixture(scope="module")
def embedder():
    """embedder(options...): the URL of a server with them."""
    children = {}

    def start(*options):
        if options not in children:
            child = subprocess.Popen([sys.executable, PROGRAM, "--port", "0", *options],
                                     stdout=subprocess.PIPE, text=True)
            children[options] = child, child.stdout.readline().split()[-1]
        return children[options][1]
    yield start
    for child, _ in children.values():
        child.terminate()
        child.wait(timeout=10)
        child.stdout.close()


def post(url, document):
    request = urllib.request.Request(
        url, json.dumps(document).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def ask(url, path, texts):
    build, read = APIS[path]
    return read(post(url + path, build(texts)))


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b))


@pytest.mark.parametrize("path", APIS)
def test_every_api_gives_unit_vectors(embedder, path):
    rows = ask(embedder(), path, TEXTS)
    assert [len(row) for row in rows] == [96] * len(TEXTS)
    assert [math.hypot(*row) for row in rows] == pytest.approx([1] * len(TEXTS), abs=1e-6)
    assert cosine(rows[0], rows[1]) > 0.3 + cosine(rows[0], rows[2]), "near texts have near vectors"


def test_every_api_gives_the_same(embedder):
    first, *others = [ask(embedder(), path, TEXTS) for path in APIS]
    assert others == [first, first]
    assert ask(embedder("--model-seed", "1"), "/embed", TEXTS) == first, "another process, the same model"
    assert [ask(embedder(), "/embed", [text])[0] for text in TEXTS] == first, "the batch does not matter"


def test_another_seed_is_another_model(embedder):
    one, other = (ask(url, "/embed", TEXTS) for url in (embedder(), embedder("--model-seed", "2")))
    assert all(abs(cosine(a, b)) < 0.5 for a, b in zip(one, other))


def test_the_dimension_can_be_chosen(embedder):
    assert len(ask(embedder("--dimension", "24"), "/embed", ["x"])[0]) == 24


@pytest.mark.parametrize("path, document, status, message", [
    ("/v1/embeddings", {"model": "m"}, 400, {"message": "the body must be a JSON object with input",
                                             "type": "invalid_request_error", "code": None}),
    ("/api/embed", {"input": [1]}, 400, "input must be a text or a list of texts"),
    ("/embed", {"inputs": []}, 400, "inputs must be a text or a list of texts"),
    ("/embed", {"inputs": ["x"] * 257}, 413, "batch size 257 > maximum allowed batch size 256"),
    ("/nowhere", {}, 404, "too large or no such path"),
])
def test_mistakes_are_told(embedder, path, document, status, message):
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(embedder() + path, document)
    assert caught.value.code == status
    assert json.load(caught.value)["error"] == message
