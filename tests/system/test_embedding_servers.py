# SPDX-License-Identifier: Apache-2.0
"""A real Chroma whose queries are embedded by a server with habits: the demonstration's model behind a scripted API."""
import http.server
import importlib.util
import json
import pathlib

import numpy
import pytest

import tools

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "config/demo/embedder.py"
DIMENSION = 24
TEXTS = {"hooks": "How do I compose React hooks?", "rotate": "Rotate the database password",
         "holidays": "How many days of holiday are left?", "backup": "Where do nightly backups go?"}
OTHER_TEXT = "Deploy a canary release on Fridays"


def module():
    spec = importlib.util.spec_from_file_location("embedder", PROGRAM)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


class Embedder(tools.Served):
    """Its attributes are its habits; `requests` is what it was asked."""

    def __init__(self):
        habits = self
        demo = module()
        self.requests = []
        self.model = demo.Model(DIMENSION, 1)
        self.token = self.strict = None
        self.refused, self.other = set(), set()  # texts
        self.path, self.scale, self.noise = "/v1/embeddings", 1.0, 0.0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                habits.requests.append((self.path, dict(self.headers), body))
                status, document = habits.answer(self.path, self.headers, body)
                payload = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

        self.serve(Handler)

    def answer(self, path, headers, body):
        if path != self.path:
            return 404, {"detail": "Not Found"}
        if self.token and headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {"error": {"message": "bad token"}}
        if self.strict and "encoding_format" in body:
            return 400, {"error": {"message": "Unrecognized request argument supplied: encoding_format"}}
        texts = body["input"]
        if self.refused & set(texts):
            return 500, {"error": {"message": "CUDA error"}}
        rows = [self.vector(text, len(texts)) for text in texts]
        # A big provider leaves out what is 0.
        return 200, {"data": [{**({"index": i} if i else {}), "embedding": row} for i, row in enumerate(rows)]}

    def vector(self, text, batch):
        row = numpy.array(self.model.embed(text)) * self.scale
        if text in self.other:
            row = tools.at_distance(row, 0.2, seed=2)
        if self.noise and batch == 2:  # of the batch's size, as in half precision
            row = tools.at_distance(row, 2 * self.noise, seed=1)
        return [float(x) for x in row]


class World:
    def __init__(self, chroma, driftwatch, embedder, name, **keys):
        self.driftwatch, self.embedder, self.name = driftwatch, embedder, name
        self.texts = dict(TEXTS)
        chroma.create(name)
        vectors = {key: tools.at_distance(embedder.model.embed(text), 0.5, seed=i)
                   for i, (key, text) in enumerate([*TEXTS.items(), ("canary", OTHER_TEXT)])}
        chroma.upsert(name, list(vectors), list(vectors.values()))
        driftwatch.server(chroma.url)
        driftwatch.config["embedders"] = [{"name": "local", "api": "openai", "url": embedder.url, "model": "m", **keys}]
        driftwatch.config["collections"].append({
            "name": name, "queries": f"{name}.queries.yaml", "embedder": "local", "interval": "300ms",
            "embed_interval": "0s", "results": 3})
        self.write()
        driftwatch.state.mkdir()

    def write(self, **texts):
        self.texts.update(texts)
        self.driftwatch.write_queries(self.name, [
            {"id": key, "text": text, "expect": {"ids": [key], "within": 1}} for key, text in self.texts.items()])
        self.driftwatch.write()

    def baseline(self, word, *flags):
        done = self.driftwatch.run("baseline", word, *flags)
        assert done.returncode == 0, done
        return done.stdout

    def approve(self):
        found = self.baseline("propose", "--pause=100ms")
        self.baseline("approve", "--by=Ada", "--reason=reviewed")
        return found

    def check(self, *flags):
        """Exit status, and the queries of `check` by id."""
        status, report = self.driftwatch.check(*flags)
        return status, {query["id"]: query for query in report["collections"][0]["queries"]}

    def collection(self):
        return self.driftwatch.api("collections")["collections"][0]

    def queries(self):
        found = self.driftwatch.api("queries", collection=self.name)["queries"]
        return {query["id"]: query for query in found}


@pytest.fixture
def embedder(ends):
    return ends(Embedder())


@pytest.fixture
def world(chroma, driftwatch, embedder, name):
    return lambda **keys: World(chroma, driftwatch, embedder, name, **keys)


def test_another_text_is_embedded_anew(world):
    at = world()
    at.approve()
    at.driftwatch.start()
    tools.poll(lambda: at.collection()["embedder"]["compared"] == len(TEXTS), "the embedder")
    at.write(rotate=OTHER_TEXT)
    assert at.driftwatch.reload().ok
    tools.poll(lambda: at.queries()["rotate"]["outcome"] == "fail", "the answer to another question")
    tools.poll(lambda: at.collection()["embedder"]["compared"] == len(TEXTS) - 1, "the others to be compared")
    tools.never(lambda: at.collection()["embedder"]["moved"], "vectors of two texts are compared", 1)
    status, queries = at.check("--baseline")
    assert (status, queries["rotate"]["outcome"], queries["rotate"]["ids"][0]) == (1, "fail", "canary")


def test_another_text_without_an_embedder_is_unmeasured(world):
    at = world()
    at.approve()
    del at.driftwatch.config["collections"][0]["embedder"]
    at.write(rotate=OTHER_TEXT)
    at.driftwatch.start()
    tools.poll(lambda: at.queries()["hooks"]["outcome"] == "pass", "a replay")
    reason = at.queries()["rotate"]["reason"]
    assert reason.startswith("its text changed since baseline 1: its old vector is not used; ")
    assert at.queries()["hooks"]["outcome"] == "pass"
    _, queries = at.check("--baseline")
    assert (queries["rotate"]["outcome"], queries["rotate"]["reason"]) == ("unmeasured", reason)
    at.driftwatch.config["collections"][0]["vectors"] = "vectors.json"
    (at.driftwatch.directory / "vectors.json").write_text(json.dumps({"dimension": DIMENSION, "vectors": {
        key: at.embedder.model.embed(text) for key, text in TEXTS.items()}}))
    at.driftwatch.write()
    at.approve()  # of what could be asked; the old vector does not come back with it
    _, queries = at.check("--baseline")
    assert queries["rotate"]["outcome"] == "unmeasured"


def test_a_new_query_is_checked_as_the_daemon_does(world):
    at = world()
    at.approve()
    at.write(canary=OTHER_TEXT)
    status, queries = at.check("--baseline")
    assert (status, queries["canary"]["outcome"]) == (0, "pass"), queries["canary"]
    at.driftwatch.start()
    tools.poll(lambda: at.queries()["canary"]["outcome"] == "pass", "the daemon to measure it")
    del at.driftwatch.config["collections"][0]["embedder"]
    at.driftwatch.write()
    _, queries = at.check("--baseline")
    assert "it is new since baseline 1 and has no vector" in queries["canary"]["reason"]
    assert "baseline propose --new-only" in queries["canary"]["reason"]


def test_one_refused_text_leaves_the_others(world, embedder):
    at = world()
    at.approve()
    embedder.refused = {TEXTS["rotate"]}
    at.driftwatch.start()
    said = tools.poll(lambda: (one := at.collection()["embedder"])["unanswered"] and one, "a refusal")
    assert (said["unanswered"], said["unanswered_query"]) == (1, "rotate")
    assert said["unanswered_reason"] == "HTTP 500: CUDA error"
    assert (said["compared"], said["moved"], said["error"]) == (len(TEXTS) - 1, 0, None)
    assert at.driftwatch.metric("driftwatch_embedder_up", collection=at.name) == 1
    tools.poll(lambda: at.queries()["rotate"]["outcome"] == "pass", "its pinned vector to be asked with")
    # Nobody would notice another model there: no door is green, and each says which query it is.
    assert at.collection()["verdict"] == "unmeasured"
    words = "has no vector for 1 of 4 canonical queries"
    assert words in at.driftwatch.page() and at.check()[0] == 3
    for form in ("text", "json", "junit", "markdown", "github"):
        said = at.driftwatch.run("check", f"--format={form}").stdout
        assert words in said and "CUDA error" in said, said
    at.driftwatch.config["collections"][0]["embedder_gates"] = False
    at.driftwatch.write()
    assert (at.check()[0], words in at.driftwatch.run("check").stdout) == (0, True)


def test_a_refused_text_ends_no_alarm(world, embedder):
    at = world()
    at.approve()
    at.driftwatch.start()
    embedder.other = {TEXTS["hooks"], TEXTS["rotate"]}
    tools.poll(lambda: at.driftwatch.alerts(), "the alert")
    embedder.refused = set(embedder.other)
    tools.poll(lambda: at.collection()["embedder"]["unanswered"] == 2, "the refusal")
    embedder.other = set()
    tools.never(lambda: not at.collection()["embedder"]["changed"] or not at.driftwatch.alerts(), "it is over", 2)
    assert at.collection()["verdict"] == "fail"
    assert {finding["kind"] for finding in at.collection()["findings"]} == {"embedder-changed", "embedder-unreachable"}
    embedder.refused = set()
    tools.poll(lambda: not at.driftwatch.alerts(), "the pinned vectors")


def test_who_waits_for_the_verdict_waits_for_the_embedder(world, embedder):
    at = world()
    at.approve()
    at.driftwatch.config["collections"][0]["embed_interval"] = "1h"
    at.driftwatch.write()
    at.driftwatch.start()
    tools.poll(lambda: at.collection()["embedder"]["compared"], "the embedder")
    embedder.other = set(TEXTS.values())
    verdict = at.driftwatch.replay(at.name)
    assert (verdict["verdict"], verdict["collections"][0]["findings"][0]["kind"]) == ("fail", "embedder-changed")
    embedder.other = set()
    assert at.driftwatch.replay(at.name)["verdict"] == "pass"


def test_longer_vectors_are_told(world, embedder):
    at = world()
    at.approve()
    at.driftwatch.start()
    tools.poll(lambda: at.collection()["embedder"]["compared"], "the embedder")
    assert not at.collection()["embedder"]["changed"]
    embedder.scale = 37.5
    alert = tools.poll(lambda: at.driftwatch.alerts(), "the alert")[0]
    assert alert["labels"]["alertname"] == "RetrievalEmbedderChanged"
    assert "vectors are 37.5 times as long" in alert["annotations"]["description"]
    assert at.check("--baseline")[0] == 1
    embedder.scale = 1.0
    tools.poll(lambda: not at.collection()["embedder"]["changed"], "the old lengths")


def test_noise_is_measured_when_it_is_proposed(world, embedder):
    """By batch: four texts at once, or two and two."""
    embedder.noise = 9e-4
    at = world()
    at.approve()
    at.driftwatch.config["embedders"][0]["batch"] = 2
    at.driftwatch.write()
    at.driftwatch.start()
    tools.poll(lambda: at.collection()["embedder"]["distance"], "another batch")
    assert at.collection()["embedder"]["distance"] > 2e-4
    assert not at.collection()["embedder"]["changed"]


def test_an_unsteady_embedder_is_told(world, embedder):
    embedder.noise = 0.2
    at = world()
    assert "WARNING: embedder local gives 4 queries another vector each time" in at.approve()


def test_a_rotated_token_needs_no_reload(world, embedder):
    embedder.token = "first"
    at = world(auth={"scheme": "bearer", "secret_file": "token"})
    token = at.driftwatch.directory / "token"
    token.write_text("first\n")
    at.driftwatch.start()
    tools.poll(lambda: at.collection()["embedder"]["asked"], "the embedder")
    embedder.token = "second"
    said = tools.poll(lambda: at.collection()["embedder"]["error"], "a refusal")
    assert "HTTP 401" in said and at.collection()["embedder"]["failing_since"]
    token.with_suffix(".new").write_text("second\n")
    token.with_suffix(".new").rename(token)
    tools.poll(lambda: not at.collection()["embedder"]["error"], "the new token", 30)
    assert at.collection()["embedder"]["failing_since"] is None
    assert "has changed: its secret was read again" in at.driftwatch.process.text()
    assert "second" not in at.driftwatch.process.text()


def test_it_is_asked_as_it_wants(world, embedder):
    embedder.strict = True
    embedder.path = "/openai/deployments/small/embeddings?api-version=2024-10-21"
    at = world(url=embedder.url + embedder.path, query_prefix="query: ", body={"dimensions": DIMENSION},
               auth={"scheme": "header", "name": "api-key", "secret_file": "key"})
    (at.driftwatch.directory / "key").write_text("s3cret\n")
    status, _ = at.check()
    assert status in (0, 1)
    _, headers, body = embedder.requests[-1]
    assert headers["api-key"] == "s3cret"
    assert body == {"model": "m", "input": [f"query: {text}" for text in TEXTS.values()], "dimensions": DIMENSION}


def test_an_error_names_the_whole_url(world, embedder):
    embedder.path = "/v2/embed"
    at = world(url=f"{embedder.url}/v1")
    done = at.driftwatch.run("check")
    assert done.returncode == 3
    assert f"embedder local at {embedder.url}/v1/embeddings: embedding texts 0 to 3 of 4: HTTP 404" in (
        done.stdout + done.stderr)


def test_an_error_of_chroma_names_the_whole_url(world):
    at = world()
    at.driftwatch.config["servers"][0]["url"] += "/nowhere/api/v2"
    at.driftwatch.write()
    done = at.driftwatch.run("check")
    assert f"({at.driftwatch.config['servers'][0]['url']}/tenants/" in done.stdout + done.stderr
