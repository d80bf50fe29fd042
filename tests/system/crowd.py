# SPDX-License-Identifier: Apache-2.0
"""A Chroma made for crowds: any name is a collection of one record, and answering costs next to nothing; from one
moment to the next collections have other records instead. As a program, `crowd.py PORT`, it serves in a process of its
own, so that its work is not measured with the other's."""
import asyncio
import json
import re
import socket
import sys
import uuid

import requests

import tools

DISTANCE = 0.5
RECORD, OTHER, GONE = "record-0", "record-1", "gone"


def collection(name):
    return {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)), "name": name, "metadata": None, "dimension": 2,
            "configuration_json": {"hnsw": {"space": "l2"}, "embedding_function": None},
            "tenant": "default_tenant", "database": "default_database", "version": 0, "log_position": 0}


HELD = {}  # records by collection's id; of None those of all others


def hold(asked):
    HELD[asked["name"] and collection(asked["name"])["id"]] = asked["records"]
    return True


def answer(path, body):
    """What Chroma says to a request; /hold is none of its own."""
    *_, before, last = path.split("?")[0].split("/")
    held = HELD.get(before) or HELD.get(None) or [RECORD]
    if last == "hold":
        return hold(json.loads(body))
    if last == "count":
        return len(held)
    if last == "get":
        asked = json.loads(body)
        first = asked.get("offset") or 0
        ids = [one for one in asked.get("ids") or held if one in held][first:first + (asked.get("limit") or len(held))]
        wanted = asked.get("include", [])
        return {"ids": ids, "include": [], "embeddings": [[1.0, 0.0]] * len(ids) if "embeddings" in wanted else None,
                **{key: [None] * len(ids) if key in wanted else None for key in ("documents", "metadatas")}}
    if last == "query":
        asked = json.loads(body)
        queries, ids = len(asked["query_embeddings"]), held[:asked.get("n_results", 10)]
        return {"ids": [ids] * queries, "distances": [[DISTANCE] * len(ids)] * queries, "include": ["distances"]}
    return [] if last == "collections" else collection(last)


class Connection(asyncio.Protocol):
    def __init__(self):
        self.received, self.transport = b"", None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end].decode()
            length = re.search(r"(?i)content-length: *(\d+)", head)
            stop = end + 4 + int(length.group(1) if length else 0)
            if len(self.received) < stop:
                return
            body = json.dumps(answer(head.split(" ", 2)[1], self.received[end + 4:stop])).encode()
            self.received = self.received[stop:]
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(body), body))


class Crowd:
    """The program, started."""

    def __init__(self, directory):
        self.port = tools.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = tools.Process([sys.executable, __file__, self.port], directory / "crowd.log")
        tools.poll(lambda: socket.create_connection(("127.0.0.1", self.port), 1).close() is None, "the crowd's server")

    def hold(self, *records, name=None):
        """From now on the collection has these records, or each has that is not told of by name."""
        assert requests.put(f"{self.url}/hold", json={"name": name, "records": records}, timeout=10).json()

    def stop(self):
        self.process.kill()


class Hung:
    """A server that the kernel connects to and that never answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def stop(self):
        self.listener.close()


def watch(driftwatch, count, server="main", prefix="c", queries=1, missing=0, **keys):
    """Configures so many collections of a server, which share their files; the first queries may miss their records."""
    ids = [f"query-{i}" for i in range(queries)]
    for i in range(count):
        if i == 0:
            driftwatch.watch(f"{prefix}-0", [
                {"id": one, "text": one, "expect": {"ids": [GONE if k < missing else RECORD]}}
                for k, one in enumerate(ids)],
                {one: [1.0, 0.0] for one in ids}, server=server, **keys)
        else:
            driftwatch.config["collections"].append(
                {**driftwatch.config["collections"][-1], "name": f"{prefix}-{i}"})


async def main(port):
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
