#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""As much of Chroma as one replay needs, for the box, where the question is what systemd and driftwatch
do with each other. Listens on 127.0.0.1:8000; the X-Chroma-Token of the last request is in /box/token."""
import http.server
import json
import pathlib
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, data):
        # Renamed into its place: who reads it while the next request writes it reads one of the two.
        token = pathlib.Path(f"/box/token.{threading.get_ident()}")
        token.write_text(self.headers.get("X-Chroma-Token", ""))
        token.replace("/box/token")
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.endswith("/count"):
            self.answer(1)
        else:
            self.answer({
                "id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "name": "faq", "dimension": 2,
                "configuration_json": {"hnsw": {"space": "l2"}}, "metadata": None})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/get"):
            self.answer({"ids": ["a"], "embeddings": None, "documents": None, "uris": None, "metadatas": None,
                         "include": asked["include"]})
            return
        rows = len(asked["query_embeddings"])
        self.answer({"ids": [["a"]] * rows, "distances": [[0.5]] * rows, "metadatas": [[None]] * rows,
                     "documents": None, "embeddings": None, "uris": None, "include": asked["include"]})

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
