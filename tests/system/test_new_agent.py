# SPDX-License-Identifier: Apache-2.0
"""docs/new-agent.md is followed by somebody who adds an agent to a collection of others. Only the directory and the
embedding server's address are others."""
import json
import os
import re
import subprocess
import textwrap

import numpy
import pytest
import requests
import yaml

import tools
import worlds

NAME = "original_agents"
NEW = "data-engineer.md"
QUERIES = {"react-hooks": ("How do I compose React hooks?", "frontend-architect.md"),
           "page-a-human": ("When may an alert page a human?", "sre.md"),
           "token-lifetime": ("How long may an access token live?", "identity-engineer.md")}


def embed(embedder, texts):
    answer = requests.post(f"{embedder.url}/v1/embeddings", json={"model": "demo", "input": texts}, timeout=10).json()
    return [one["embedding"] for one in answer["data"]]


def ingest(chroma, embedder, records, new):
    """The sections of the new agent's file, or those of all others."""
    rows = [row for row in zip(records["ids"], records["documents"], records["metadatas"])
            if (row[2]["filename"] == NEW) == new]
    for start in range(0, len(rows), worlds.EMBEDDED):
        ids, documents, metadatas = zip(*rows[start:start + worlds.EMBEDDED])
        chroma.upsert(NAME, ids, embed(embedder, documents), metadatas, documents)


@pytest.fixture
def embedder(source, tmp_path, ends):
    return ends(worlds.Embedder(source / "config/demo/embedder.py", tmp_path / "embedder.log", 384))


@pytest.fixture
def watched(source, chroma, embedder, driftwatch):
    """Every agent but the new one is there, watched by a set that is approved."""
    records = json.loads((source / "config/demo/records.json").read_text())
    chroma.create(NAME)
    ingest(chroma, embedder, records, new=False)
    vectors = numpy.array(embed(embedder, [text for text, _ in QUERIES.values()]))
    driftwatch.server(chroma.url)
    driftwatch.watch(NAME, [], dict(zip(QUERIES, vectors)))
    collection, = driftwatch.config["collections"]
    collection.update(queries="queries.yaml", vectors="vectors.json")
    (driftwatch.directory / f"{NAME}.vectors.json").rename(driftwatch.directory / "vectors.json")
    (driftwatch.directory / "queries.yaml").write_text("queries:\n" + textwrap.indent(yaml.safe_dump([
        {"id": name, "text": text, "expect": {"metadata": {"filename": file}}}
        for name, (text, file) in QUERIES.items()]), "  "))
    driftwatch.write()
    for command in (["propose", "--pause=100ms"], ["approve", "--by=test", "--reason=as built"]):
        done = driftwatch.run("baseline", *command)
        assert done.returncode == 0, done.stderr
    ingest(chroma, embedder, records, new=True)
    yield driftwatch
    chroma.drop(NAME)


def follow(page, watched, embedder):
    """What each block prints."""
    for commands in re.findall(r"^ *```sh\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL):
        commands = textwrap.dedent(commands).replace("/etc/driftwatch", str(watched.directory))
        commands = commands.replace("http://127.0.0.1:8081", embedder.url)
        commands = re.sub(r"^driftwatch [^|\n]*", rf"\g<0> --config.file={watched.config_file} ", commands,
                          flags=re.MULTILINE)
        yield subprocess.run(["sh", "-c", commands], text=True, capture_output=True, timeout=60, env={
            **os.environ, "PATH": f"{watched.program.parent}:{os.environ['PATH']}",
            "STATE_DIRECTORY": str(watched.state)})


def test_the_page(source, watched, embedder):
    done = list(follow((source / "docs/new-agent.md").read_text(), watched, embedder))
    seen, _written, _vector, asked, _approved, gated = done
    # Of the other agents here most are watched by nobody, which is what the last command says.
    assert [one.returncode for one in done] == [0, 0, 0, 0, 0, 1], done
    assert re.search(rf"^ +unwatched +\d+ +{NEW}", seen.stdout, re.MULTILINE), seen.stdout
    assert "new since the baseline: late-data" in asked.stdout and "verdict: pass" in asked.stdout, asked.stdout
    assert "verdict: pass" in gated.stdout and "new since" not in gated.stdout, gated.stdout
    assert re.search(rf"^ +watched +\d+ +{NEW}", gated.stdout, re.MULTILINE), gated.stdout
