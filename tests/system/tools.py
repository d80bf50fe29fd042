# SPDX-License-Identifier: Apache-2.0
"""Real programs for the system tests, each a class that starts one, talks to it and ends it."""
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import numpy
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families


def poll(condition, what, seconds=15.0):
    """Waits until `condition()` is true and returns what it yielded; fails after `seconds`. An exception counts as
    false, so that a condition may ask a server which is not there yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found, seen = condition(), None
        except Exception as error:  # pylint: disable=broad-except
            found, seen = None, repr(error)
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}; last: {seen or repr(found)}")
        time.sleep(0.02)


def never(condition, what, seconds):
    """Watches for `seconds` that `condition()` stays false."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        assert not found, f"{what}: {found!r}"
        time.sleep(0.05)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# Of `alerting`: receivers hear of an incident when its first alert fires.
# … and each time: a test does within seconds what takes days.
AT_ONCE = {"group_wait": "0s", "group_interval": "1s", "flapping": {"changes": 0}}


class Process:
    """A child with its output in a file."""

    def __init__(self, argv, log, **options):
        self.argv, self.log = [str(one) for one in argv], pathlib.Path(log)
        with self.log.open("ab") as output:
            self.child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)

    @property
    def pid(self):
        return self.child.pid

    def text(self):
        return self.log.read_text(errors="replace")

    def running(self):
        return self.child.poll() is None

    def send(self, number):
        self.child.send_signal(number)

    def stop(self, seconds=10.0):
        """SIGTERM, and the exit status; a child that stays is killed and the test fails."""
        if self.running():
            self.child.send_signal(signal.SIGCONT)
            self.child.terminate()
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.argv[0]} did not end within {seconds:g} s of SIGTERM") from None

    def kill(self):
        self.child.kill()
        self.child.wait()


class Chroma:
    """A Chroma server on a directory, and the few calls that a test makes to it."""

    def __init__(self, release, directory, port=None):
        self.release, self.directory = release, pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.base = f"{self.url}/api/v2/tenants/default_tenant/databases/default_database/collections"
        self.process = None
        self.start()

    def start(self):
        # node itself, not npx: the pid has to be the server's.
        self.process = Process(
            [*self.release.command, "run", "--path", self.directory / "data",
             "--host", "127.0.0.1", "--port", self.port], self.directory / "chroma.log", start_new_session=True)
        # On a machine whose processors are others' it takes a minute to load.
        poll(lambda: requests.get(f"{self.url}/api/v2/heartbeat", timeout=1).ok, "Chroma", 120)

    def call(self, method, path, body=None):
        response = requests.request(method, self.base + path, json=body, timeout=30)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text[:300]}"
        return response.json() if response.content else None

    def create(self, name, space="l2"):
        return self.call("POST", "", {"name": name, "configuration": {"hnsw": {"space": space}}})["id"]

    def drop(self, name):
        self.call("DELETE", f"/{name}")

    def id(self, name):
        return self.call("GET", f"/{name}")["id"]

    def upsert(self, name, ids, vectors, metadatas=None, documents=None):
        self.call("POST", f"/{self.id(name)}/upsert", {
            "ids": list(ids), "embeddings": numpy.asarray(vectors, dtype=float).tolist(),
            "metadatas": metadatas, "documents": documents})

    def delete(self, name, ids):
        self.call("POST", f"/{self.id(name)}/delete", {"ids": list(ids)})

    def vectors(self, name):
        """Every record's stored vector by id."""
        got = self.call("POST", f"/{self.id(name)}/get", {"include": ["embeddings"]})
        return dict(zip(got["ids"], numpy.array(got["embeddings"], dtype=numpy.float32)))

    def freeze(self):
        """It accepts connections (the kernel does), but never answers."""
        self.process.send(signal.SIGSTOP)

    def thaw(self):
        self.process.send(signal.SIGCONT)

    def shut_down(self):
        """As its operator does, where it obeys."""
        if self.release.ends_on_sigterm:
            self.process.stop()
        else:
            self.stop()

    def stop(self):
        """At once, with whatever it has started."""
        if self.process.running():
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.child.wait()


class Driftwatch:
    """The program under test with its configuration in a directory of its own."""

    def __init__(self, build, directory):
        self.program = pathlib.Path(build) / "driftwatch"
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        # Intervals are shortened by the tests, a hundred times and more: surveys may take as much more of the server.
        # So is the time that an ingest is given.
        self.config = {"servers": [], "collections": [], "alerting": {}, "ingest": {"grace": "1s"},
                       "replay": {"server_share": 1}}
        self.process, self.url = None, None

    @property
    def config_file(self):
        return self.directory / "driftwatch.yaml"

    @property
    def state(self):
        """Its storage; this machine's is not touched."""
        return self.directory / "state"

    def server(self, url, name="main", **keys):
        self.config["servers"].append({"name": name, "url": url, **keys})

    def watch(self, name, queries, vectors, server="main", **keys):
        """A collection with its query set; `queries` are dictionaries as in the file, `vectors` by id."""
        self.write_queries(name, queries)
        self.write_vectors(name, vectors)
        self.config["collections"].append({
            "name": name, "server": server, "queries": f"{name}.queries.yaml",
            "vectors": f"{name}.vectors.json", **keys})

    def write_queries(self, name, queries):
        (self.directory / f"{name}.queries.yaml").write_text(
            yaml.safe_dump({"queries": queries}, allow_unicode=True, sort_keys=False))

    def write_vectors(self, name, vectors):
        rows = {key: [float(numpy.float32(x)) for x in row] for key, row in vectors.items()}
        (self.directory / f"{name}.vectors.json").write_text(json.dumps({
            "model": "test", "dimension": len(next(iter(rows.values()))), "vectors": rows}))

    def write(self, text=None):
        """Writes driftwatch.yaml: the configuration, or `text` as it is."""
        if text is None:
            kept = {key: value for key, value in self.config.items() if value}
            text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False)
        self.config_file.write_text(text)
        return self.config_file

    def run(self, command, *flags, **options):
        """A command that ends, e.g. run("check", "--format=json")."""
        environment = {key: value for key, value in os.environ.items() if key != "GITHUB_ACTIONS"}
        environment["STATE_DIRECTORY"] = str(self.state)
        return subprocess.run(
            [self.program, command, f"--config.file={self.config_file}", *flags], text=True,
            capture_output=True, env=environment, cwd=self.directory, **{"timeout": 60, **options})

    def check(self, *flags):
        """`check --format=json`: exit status and the object on stdout."""
        done = self.run("check", "--format=json", *flags)
        return done.returncode, json.loads(done.stdout) if done.stdout else None

    def start(self, *flags, environment=None, wait=True):
        if not self.config_file.exists():
            self.write()
        self.state.mkdir(exist_ok=True)
        (self.directory / "driftwatch.log").unlink(missing_ok=True)  # of an earlier life, with its port
        self.process = Process(
            [self.program, "run", f"--config.file={self.config_file}", f"--storage.path={self.state}",
             "--web.listen-address=127.0.0.1:0", "--log.level=debug", *flags],
            self.directory / "driftwatch.log", env={**os.environ, **(environment or {})})
        if wait:
            self.url = f"http://127.0.0.1:{poll(self.listening_port, 'driftwatch to listen')}"
            poll(lambda: self.get("/-/ready").ok, "driftwatch to be ready")
        return self

    def listening_port(self):
        assert self.process.running(), self.process.text()
        found = re.findall(r"listening on .*?port[ =](\d+)", self.process.text())
        return int(found[-1]) if found else None

    def stop(self):
        return self.process.stop() if self.process else 0

    def get(self, path, **options):
        return requests.get(self.url + path, timeout=10, **options)

    def page(self):
        """All that the page says: its documents, one after the other, but for those of single queries."""
        labels = [one["collection"] for one in self.api("collections")["collections"]]
        asked = [{}, {"show": "replays"}, {"show": "notifications"}, *({"collection": one} for one in labels)]
        return "".join(self.get("/", params=one).text for one in asked)

    def post(self, path, **options):
        return requests.post(self.url + path, timeout=60, **options)

    def delete(self, path, **options):
        return requests.delete(self.url + path, timeout=10, **options)

    def status(self):
        """What `driftwatch status` says; it reads no configuration."""
        return subprocess.run([self.program, "status", f"--web.listen-address={self.url.removeprefix('http://')}"],
                              text=True, capture_output=True, timeout=60).stdout

    def api(self, path, **parameters):
        """The data of GET /api/v1/…"""
        response = self.get(f"/api/v1/{path}", params=parameters)
        body = response.json()
        assert response.status_code == 200 and body["status"] == "success", body
        return body["data"]

    def replay(self, collection=None, times=1):
        """Replays now and waits; the verdict of the last."""
        data = None
        for _ in range(times):
            parameters = {"wait": "true", **({"collection": collection} if collection else {})}
            response = self.post("/api/v1/replay", params=parameters)
            assert response.status_code == 200, response.text
            data = response.json()["data"]
        return data

    def reload(self):
        return self.post("/-/reload")

    def metrics(self):
        """{(name, (sorted label pairs)): value}; a duplicate series fails."""
        return samples(self.get("/metrics").text)

    def metric(self, name, **labels):
        """The value of a series, None when there is none."""
        return self.metrics().get((name, tuple(sorted(labels.items()))))

    def alerts(self, state="firing"):
        return [alert for alert in self.api("alerts")["alerts"] if alert["state"] == state]


def samples(text):
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found, f"{key} twice"
            found[key] = sample.value
    return found


class Prometheus:
    """A Prometheus that scrapes every second, evaluates rule files and tells Alertmanagers ("host:port"); `scrape` are
    further keys of its job."""

    def __init__(self, directory, *targets, rules=(), labels=None, accept=None, alertmanagers=(), scrape=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "900ms", "evaluation_interval": "1s"},
            "rule_files": [str(rule) for rule in rules],
            "scrape_configs": [{
                "job_name": "driftwatch",
                "static_configs": [{"targets": list(targets), "labels": labels or {}}], **(scrape or {})}],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": list(alertmanagers)}]}]},
        }
        (self.directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.process = Process(
            ["prometheus", f"--config.file={self.directory}/prometheus.yml",
             f"--storage.tsdb.path={self.directory}/data", f"--web.listen-address=127.0.0.1:{self.port}",
             "--log.level=warn", *([f"--enable-feature={accept}"] if accept else [])],
            self.directory / "prometheus.log")
        poll(lambda: requests.get(f"{self.url}/-/ready", timeout=1).ok, "Prometheus", 30)
        # Ready is not scraped: the first scrape comes about five seconds later.
        poll(lambda: len(self.query('up{job="driftwatch"} == 1')) == len(targets), "the first scrape", 30)

    def query(self, expression):
        """The instant vector: [(labels, value)]."""
        response = requests.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=10)
        body = response.json()
        assert body["status"] == "success", f"{expression}: {body}"
        data = body["data"]
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(row["metric"], float(row["value"][1])) for row in data["result"]]

    def get(self, path):
        return requests.get(f"{self.url}/api/v1/{path}", timeout=10).json()["data"]

    def stop(self):
        self.process.stop()


class Alertmanager:
    """An Alertmanager that passes everything on to a webhook at once; `peers` are those of its cluster. Or one with a
    `config` of its own."""

    def __init__(self, directory, webhook=None, port=None, group_by=("...",), cluster=None, peers=(), config=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (self.directory / "am.yml").write_text(yaml.safe_dump(config or {
            "route": {"receiver": "hook", "group_by": list(group_by), "group_wait": "0s", "group_interval": "1s"},
            "receivers": [{"name": "hook", "webhook_configs": [{"url": webhook}]}]}))
        self.process = Process(
            ["prometheus-alertmanager", f"--config.file={self.directory}/am.yml",
             f"--storage.path={self.directory}/data", f"--web.listen-address=127.0.0.1:{self.port}",
             f"--cluster.listen-address={cluster or ''}", *(f"--cluster.peer={peer}" for peer in peers),
             "--log.level=debug"], self.directory / "am.log")
        poll(lambda: requests.get(f"{self.url}/-/ready", timeout=1).ok, "Alertmanager", 30)

    def alerts(self, **labels):
        """Active alerts with these labels, as its API shows them."""
        found = requests.get(f"{self.url}/api/v2/alerts", timeout=10).json()
        return [one for one in found
                if all(one["labels"].get(key) == value for key, value in labels.items())]

    def stop(self):
        self.process.stop()


class Served:
    """An HTTP server on a port of its own, in this process."""

    def serve(self, handler):
        handler.log_message = lambda *arguments: None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Receiver(Served):
    """Keeps what is posted to it; `status` is what it answers, except for paths in `answers`: lists of (status, body),
    of which the last one stays."""

    def __init__(self):
        receiver = self
        self.requests, self.status, self.answers = [], 200, {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append({
                    "path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
                answers = receiver.answers.get(self.path, [(receiver.status, "")])
                status, text = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

        self.serve(Handler)
        self.base = self.url
        self.url += "/hook"

    def bodies(self, path):
        """Of every request to the path, in order of arrival."""
        return [request["body"] for request in list(self.requests) if request["path"] == path]

    def alerts(self, status=None, **labels):
        """Every alert of every notification, in order of arrival."""
        return [alert for request in list(self.requests) for alert in request["body"]["alerts"]
                if (status is None or alert["status"] == status)
                and all(alert["labels"].get(key) == value for key, value in labels.items())]


def unit_vectors(count, dimension, seed):
    """Random directions, float32."""
    rows = numpy.random.default_rng(seed).normal(size=(count, dimension))
    return (rows / numpy.linalg.norm(rows, axis=1, keepdims=True)).astype(numpy.float32)


def at_distance(query, distance, seed=0):
    """A unit vector whose squared L2 distance to the unit vector `query` is `distance`, in a random direction."""
    query = numpy.asarray(query, dtype=float)
    side = numpy.random.default_rng(seed).normal(size=query.shape)
    side -= side @ query * query
    side /= numpy.linalg.norm(side)
    cosine = 1 - distance / 2
    return cosine * query + numpy.sqrt(1 - cosine**2) * side


def axes(distances):
    """Queries and records on axes of their own: query i lies at distances[i] (squared L2) from record i and at
    2 from every other one. Two lists of unit vectors."""
    count = len(distances)
    eye = numpy.eye(2 * count)
    return list(eye[:count]), [axis(i, count, distance) for i, distance in enumerate(distances)]


def axis(i, count, distance):
    """Record i of axes(), at another distance from its query."""
    cosine = 1 - distance / 2
    eye = numpy.eye(2 * count)
    return cosine * eye[i] + numpy.sqrt(1 - cosine**2) * eye[count + i]
