# SPDX-License-Identifier: Apache-2.0
"""Something before a real Chroma: a proxy that passes requests on, unless a rule of the test answers first."""
import gzip
import http.server
import json

import requests

import tools

PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


class Proxy(tools.Served):
    """`rules` are functions of (method, path, body as JSON) that yield None, or (status, headers, bytes) to answer
    with; the first that yields something decides. `requests` are all that came, as (method, path, JSON). Who does not
    send the header and value of `guard`, where it is set, hears 401."""

    def __init__(self, target):
        proxy = self
        self.target, self.rules, self.requests, self.compress = target, [], [], False
        self.guard = None

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # a head and its content would be 40 ms apart

            def answer(self):
                size = int(self.headers.get("Content-Length") or 0)
                sent = self.rfile.read(size)
                body = json.loads(sent) if sent else {}
                proxy.requests.append((self.command, self.path, body))
                if proxy.guard and self.headers.get(proxy.guard[0]) != proxy.guard[1]:
                    self.reply(401, {}, b"who are you?")
                else:
                    self.reply(*proxy.decide(self.command, self.path, sent, body))

            do_GET = do_POST = answer

            def reply(self, status, headers, content):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self.serve(Handler)

    def decide(self, method, path, sent, body):
        for rule in self.rules:
            found = rule(method, path, body)
            if found:
                return found
        passed = requests.request(method, self.target + path, data=sent, timeout=30,
                                  headers={"Content-Type": "application/json"})
        headers = {"Content-Type": passed.headers.get("Content-Type", "application/json")}
        if not self.compress:
            return passed.status_code, headers, passed.content
        return passed.status_code, {**headers, "Content-Encoding": "gzip"}, gzip.compress(passed.content)


def error(status, message, name="ChromaError"):
    return status, {"Content-Type": "application/json"}, json.dumps({"error": name, "message": message}).encode()


def page(status, text=PAGE):
    return status, {"Content-Type": "text/html"}, text.encode()


def quotas(status=422, results=300, embeddings=20):
    """Such as Chroma Cloud has."""
    def rule(method, path, body):
        if len(body.get("query_embeddings", [])) > embeddings:
            return error(status, f"Quota exceeded: number of query embeddings, limit {embeddings}")
        if body.get("n_results", 0) > results or body.get("limit", 0) > results:
            return error(status, f"Quota exceeded: limit value, limit {results}")
        if path.endswith("/get") and not body.get("limit") and not body.get("ids"):
            return error(status, f"Quota exceeded: limit value, limit {results}")
        return None
    return rule


def missing(chroma, missed):
    """A search that misses these ids, which may change: of a few more than were asked for it finds the others."""
    def rule(method, path, body):
        if method != "POST" or not path.endswith("/query"):
            return None
        held = chroma.call("GET", path.partition("/collections")[2].removesuffix("/query") + "/count")
        found = chroma.call("POST", path.partition("/collections")[2],
                            {**body, "n_results": min(body["n_results"] + len(missed), held)})
        columns = [key for key in ("ids", "distances", "metadatas") if found.get(key)]
        for rows in zip(*(found[key] for key in columns)):
            kept = [i for i, one in enumerate(rows[0]) if one not in missed][:body["n_results"]]
            for row in rows:
                row[:] = [row[i] for i in kept]
        return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()
    return rule
