#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small embedding server for the demonstration and the tests: no model, nothing to download.

A text's vector is a sum of pseudo-random directions, one for each of its words and one for each run of
three characters in them (for a word's other forms), scaled to unit length. So texts with common words
are near each other, the same text always has the same vector, and --model-seed N turns all directions
into others, as another model would. With --known FILE ({text: vector}) texts that stand there have their
vectors of there: those of the model that made them. It speaks OpenAI's API (/v1/embeddings), Ollama's (/api/embed)
and that of text-embeddings-inference (/embed), on 127.0.0.1 only.
"""
import argparse
import hashlib
import http.server
import json
import math
import pathlib
import re

BODY_MAX = 8 << 20
BATCH_MAX = 256
NGRAM = 3
NGRAM_WEIGHT = 0.3


class Model:
    def __init__(self, dimension, seed, known=None):
        self.dimension, self.seed, self.known = dimension, seed, known or {}
        self.directions = {}

    def direction(self, feature):
        """Numbers between -1 and 1, by the feature's name alone."""
        if feature not in self.directions:
            data = hashlib.shake_256(f"{self.seed}:{feature}".encode()).digest(2 * self.dimension)
            self.directions[feature] = [
                int.from_bytes(data[2 * i:2 * i + 2], "big") / 32767.5 - 1 for i in range(self.dimension)]
        return self.directions[feature]

    def embed(self, text):
        if text in self.known:
            return self.known[text]
        features = {"text": 1e-3}  # so that an empty text has a direction too
        for word in re.findall(r"\w+", text.lower()):
            features[f"word {word}"] = features.get(f"word {word}", 0) + 1
            padded = f"^{word}$"
            for i in range(len(padded) - NGRAM + 1):
                key = f"part {padded[i:i + NGRAM]}"
                features[key] = features.get(key, 0) + NGRAM_WEIGHT
        vector = [0.0] * self.dimension
        for feature, weight in sorted(features.items()):
            for i, value in enumerate(self.direction(feature)):
                vector[i] += weight * value
        length = math.sqrt(sum(value * value for value in vector))
        return [round(value / length, 8) for value in vector]


def openai(request, rows):
    return {"object": "list", "model": request.get("model"),
            "data": [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)],
            "usage": {"prompt_tokens": 0, "total_tokens": 0}}


def ollama(request, rows):
    return {"model": request.get("model"), "embeddings": rows}


def tei(_request, rows):
    return rows


# Path: the key of the texts, the answer, the shape of an error.
APIS = {
    "/v1/embeddings": ("input", openai, lambda message: {
        "error": {"message": message, "type": "invalid_request_error", "code": None}}),
    "/api/embed": ("input", ollama, lambda message: {"error": message}),
    "/embed": ("inputs", tei, lambda message: {"error": message, "error_type": "Validation"}),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    model = None

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200 if self.path == "/health" else 404, {})

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_MAX or self.path not in APIS:
            self.close_connection = True  # the body is not read
            self.answer(413 if length > BODY_MAX else 404, {"error": "too large or no such path"})
            return
        key, shape, error = APIS[self.path]
        try:
            request = json.loads(self.rfile.read(length))
            texts = request[key]
        except (ValueError, KeyError, TypeError):
            self.answer(400, error(f"the body must be a JSON object with {key}"))
            return
        texts = [texts] if isinstance(texts, str) else texts
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            self.answer(400, error(f"{key} must be a text or a list of texts"))
        elif len(texts) > BATCH_MAX:
            self.answer(413, error(f"batch size {len(texts)} > maximum allowed batch size {BATCH_MAX}"))
        else:
            self.answer(200, shape(request, [self.model.embed(text) for text in texts]))

    def log_message(self, *_arguments):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8081, help="0 for a free one (default: %(default)s)")
    parser.add_argument("--dimension", type=int, default=96, help="default: %(default)s")
    parser.add_argument("--model-seed", type=int, default=1, metavar="N",
                        help="another one is another model (default: %(default)s)")
    parser.add_argument("--known", metavar="FILE", help="vectors of some texts")
    options = parser.parse_args()
    if not 1 <= options.dimension <= 4096:
        parser.error("--dimension must be from 1 to 4096")
    known = json.loads(pathlib.Path(options.known).read_text(encoding="utf-8")) if options.known else None
    Handler.model = Model(options.dimension, options.model_seed, known)
    with http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler) as server:
        print(f"embedder listens on http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
