# SPDX-License-Identifier: Apache-2.0
"""The HTTP interface of the running daemon: paths, methods, who may change something, the API's shapes."""
import re
import signal
import socket
import subprocess

import pytest
import requests

import tools


@pytest.fixture
def watched(chroma, driftwatch, name):
    queries, records = tools.axes([0.5, 0.9])
    chroma.create(name)
    chroma.upsert(name, ["r0", "r1"], records)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [
        {"id": f"q{i}", "text": f"Question {i}?", "tags": {"kind": "short"}, "expect": {"ids": [f"r{i}"]}}
        for i in range(2)], {f"q{i}": row for i, row in enumerate(queries)}, interval="1h")
    driftwatch.start("--web.external-url=http://driftwatch.example/")
    driftwatch.replay(name)
    return driftwatch


@pytest.mark.parametrize("path", [
    "/nosuch", "/metrics/", "/api/v1/nosuch", "/api/v2/status", "/-/", "//", "/../etc/passwd", "/%00"])
def test_unknown_paths(watched, path):
    port = int(watched.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = b"".join(iter(lambda: s.recv(65536), b"")).decode()
    assert re.match(r"HTTP/1\.[01] 404 ", answer), answer
    assert "root:" not in answer


@pytest.mark.parametrize("method, path, allowed", [
    ("POST", "/metrics", "GET"), ("DELETE", "/", "GET"), ("PUT", "/api/v1/status", "GET"),
    ("GET", "/-/reload", "POST"), ("GET", "/api/v1/replay", "POST"), ("DELETE", "/-/healthy", "GET")])
def test_wrong_methods(watched, method, path, allowed):
    response = requests.request(method, watched.url + path, timeout=5)
    assert response.status_code == 405
    assert allowed in response.headers["Allow"]


def test_head(watched):
    response = requests.head(watched.url + "/metrics", timeout=5)
    assert (response.status_code, response.content) == (200, b"")


def test_health_and_readiness(watched):
    for path in "/-/healthy", "/-/ready":
        response = watched.get(path)
        assert response.status_code == 200 and response.text.strip()


def test_the_page_is_self_contained(watched, name):
    response = watched.get("/")
    assert response.headers["Content-Type"].startswith("text/html")
    assert name in response.text
    links = re.findall(r"""(?:src|href)=["']?([^"'\s>]+)""", response.text)
    assert [link for link in links if re.match(r"(?:https?:)?//", link)
            and not link.startswith(("http://driftwatch.example", "https://driftwatch.example"))] == []
    assert "metrics" in {link.strip("/") for link in links}
    assert "@import" not in response.text
    loaded = re.findall(r"""<(?:script|link)[^>]* (?:src|href)=["']([^"']+)""", response.text)
    assert len(loaded) == 3 and all(one.startswith(("assets/", "data:,")) for one in loaded), loaded


def test_members_are_documented(watched, source):
    page = (source / "docs/api.md").read_text()
    for path, heading in ("collections", "GET /api/v1/collections"), ("status", "GET /api/v1/status"):
        data = watched.api(path)
        section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        members = set(data["collections"][0]) if path == "collections" else set(data)
        assert sorted(one for one in members if f"`{one}`" not in section and f'"{one}"' not in section) == []
    section = page.split("\n## POST /api/v1/replay\n")[1].split("\n## ")[0]
    report = watched.replay()
    collection, = report["collections"]
    for members in report, collection, collection["queries"][0], collection["lists"]:
        assert sorted(one for one in members if f'"{one}"' not in section) == []
    section = page.split("\n## GET /api/v1/queries\n")[1].split("\n## ")[0]
    queries = watched.api("queries", collection=collection["collection"])["queries"]
    assert sorted(one for one in queries[0] if f'"{one}"' not in section and f"`{one}`" not in section) == []


def test_status_and_collections(watched, chroma, name):
    status = watched.api("status")
    assert (status["collections"], status["queries"], status["ready"]) == (1, 2, True)
    assert status["outcomes"] == {"pass": 2, "drift": 0, "fail": 0, "unmeasured": 0, "unjudged": 0}
    assert status["config"]["last_reload_successful"] is True
    collection, = watched.api("collections")["collections"]
    assert collection["collection"] == collection["name"] == name
    assert (collection["space"], collection["records"], collection["up"]) == ("l2", 2, True)
    assert collection["collection_id"] == chroma.id(name)
    assert [band["name"] for band in collection["bands"]] == ["excellent", "good", "okay", "poor"]
    assert collection["bands"][-1]["below"] is None


def test_queries_and_history(watched, name):
    data = watched.api("queries", collection=name)
    first, second = data["queries"]
    assert (first["id"], first["text"], first["tags"]) == ("q0", "Question 0?", {"kind": "short"})
    assert (first["outcome"], first["ids"][0], first["expected_rank"]) == ("pass", "r0", 1)
    assert second["distance"] == pytest.approx(0.9, rel=1e-5)
    for _ in range(3):
        watched.replay(name)
    history = watched.api("history", collection=name, query="q1")
    run, = history["runs"]
    assert run["samples"] >= 4, "identical answers are one run"
    assert run["distance"] == second["distance"]
    later = watched.api("history", collection=name, query="q1", start="2100-01-01T00:00:00Z")
    assert later["runs"] == []


@pytest.mark.parametrize("path, status, error_type", [
    ("queries", 400, "bad_data"), ("queries?collection=nosuch", 404, "not_found"),
    ("history?collection=NAME", 400, "bad_data"), ("history?collection=NAME&query=nosuch", 404, "not_found"),
    ("history?collection=NAME&query=q0&start=yesterday", 400, "bad_data"), ("nosuch", 404, "not_found")])
def test_errors_come_in_the_envelope(watched, name, path, status, error_type):
    response = watched.get("/api/v1/" + path.replace("NAME", name))
    body = response.json()
    assert (response.status_code, body["status"], body["errorType"]) == (status, "error", error_type)
    assert len(body["error"].split()) > 2


def test_a_replay_on_request(watched, name):
    before = watched.metric("driftwatch_replays_total", collection=name)
    report = watched.replay(name)
    assert (report["verdict"], report["collections"][0]["collection"]) == ("pass", name)
    assert watched.metric("driftwatch_replays_total", collection=name) == before + 1
    response = watched.post("/api/v1/replay")
    assert response.status_code == 202, "without wait it is only begun"
    tools.poll(lambda: watched.metric("driftwatch_replays_total", collection=name) == before + 2, "the replay")
    assert watched.post("/api/v1/replay", params={"collection": "nosuch"}).status_code == 404


def test_reload(watched, name):
    loaded = watched.metric("driftwatch_config_last_reload_success_timestamp_seconds")
    watched.config["collections"][0]["label"] = "renamed"
    watched.write()
    assert watched.reload().status_code == 200
    assert [c["collection"] for c in watched.api("collections")["collections"]] == ["renamed"]
    good = watched.config_file.read_text()

    watched.write(good + "surprise: 1\n")
    response = watched.reload()
    assert response.status_code == 500
    assert "surprise" in response.text and "driftwatch.yaml" in response.text
    assert watched.metric("driftwatch_config_last_reload_successful") == 0
    assert watched.metric("driftwatch_config_last_reload_success_timestamp_seconds") > loaded
    assert "surprise" in watched.api("status")["config"]["error"]
    assert watched.replay("renamed")["verdict"] == "pass", "the old configuration goes on"
    assert "surprise" in watched.process.text()

    watched.write(good)
    watched.process.send(signal.SIGHUP)
    tools.poll(lambda: watched.metric("driftwatch_config_last_reload_successful") == 1, "SIGHUP to be heard")


def test_state_is_kept_over_a_reload(watched, name):
    for _ in range(4):
        watched.replay(name)
    before = watched.api("history", collection=name, query="q0")["runs"]
    home = watched.api("queries", collection=name)["queries"][0]["home_band"]
    assert home == "excellent"
    watched.config["collections"][0]["results"] = 2
    watched.write()
    assert watched.reload().ok
    watched.replay(name)
    assert watched.api("history", collection=name, query="q0")["runs"][0]["first"] == before[0]["first"]
    assert watched.api("queries", collection=name)["queries"][0]["home_band"] == home
    assert watched.metric("driftwatch_replays_total", collection=name) >= 6


def test_local_clients_can_be_distrusted(watched, name):
    assert watched.post("/api/v1/replay", params={"collection": name, "wait": "true"}).ok
    watched.config["web"] = {"trust_loopback": False}
    watched.write()
    assert watched.reload().ok
    for path in "/-/reload", "/api/v1/replay":
        refused = watched.post(path)
        assert refused.status_code == 403 and "web.trust_loopback: false" in refused.text


@pytest.mark.parametrize("headers", [
    {"Host": "driftwatch.example"}, {"Origin": "http://evil.example"}, {"X-Forwarded-For": "192.0.2.7"},
    {"Sec-Fetch-Site": "cross-site"}], ids=lambda h: next(iter(h)))
def test_foreign_pages_and_proxies_change_nothing(watched, headers):
    for path in "/-/reload", "/api/v1/replay":
        assert watched.post(path, headers=headers).status_code == 403


def test_other_machines_change_nothing(watched, driftwatch, tmp_path, ends, name):
    """In a network of its own, through an address that is not a loopback one."""
    driftwatch.stop()
    process = ends(tools.Process(
        ["unshare", "--net", "sh", "-c",
         "ip link set lo up && ip address add 192.0.2.1/32 dev lo && exec \"$@\"", "sh",
         driftwatch.program, "run", f"--config.file={driftwatch.config_file}",
         f"--storage.path={driftwatch.state}", "--web.listen-address=0.0.0.0:9820"], tmp_path / "net.log"))

    def curl(*arguments):
        return subprocess.run(
            ["nsenter", "-t", str(process.pid), "-n", "curl", "-s", "-w", " %{http_code}", *arguments],
            capture_output=True, text=True, timeout=10).stdout
    # At an address that this network alone has: before it is there, the port is this machine's.
    tools.poll(lambda: curl("http://192.0.2.1:9820/-/ready").endswith(" 200"), "the daemon")
    assert curl("http://192.0.2.1:9820/metrics").endswith(" 200"), "reading is for everybody"
    assert curl("-X", "POST", "http://192.0.2.1:9820/-/reload").endswith(" 403")
    refused = curl("-X", "POST", "http://192.0.2.1:9820/api/v1/replay")
    assert refused.endswith(" 403") and '"errorType":"forbidden"' in refused
    assert curl("-X", "POST", "http://127.0.0.1:9820/-/reload").endswith(" 200")


def test_slow_clients_delay_nobody(watched, name):
    port = int(watched.url.rsplit(":", 1)[1])
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    for s in slow:
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost:")
    assert watched.get("/metrics").ok
    assert watched.replay(name)["verdict"] == "pass"
    for s in slow:
        s.close()


def test_garbage_is_refused(watched):
    port = int(watched.url.rsplit(":", 1)[1])
    for garbage in b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\x00" * 4096, b"GET / HTTP/9.9\r\n\r\n", \
            b"GET /?" + b"a" * 200000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", \
            b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n":
        with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
            try:
                s.sendall(garbage)
                s.shutdown(socket.SHUT_WR)
                answer = s.recv(4096)
            except OSError:
                answer = b""
            assert not answer.startswith(b"HTTP/1.1 200")
    assert watched.get("/-/healthy").ok


@pytest.fixture
def second(watched):
    """second(storage) runs another daemon at the same address until it gives up: what it says."""
    def run(storage):
        done = subprocess.run(
            [watched.program, "run", f"--config.file={watched.config_file}", f"--storage.path={storage}",
             f"--web.listen-address={watched.url.removeprefix('http://')}"],
            capture_output=True, text=True, timeout=10)
        assert done.returncode == 1
        return done.stderr
    return run


def test_a_taken_address_is_an_error_in_words(watched, second, tmp_path):
    assert watched.url.removeprefix("http://") in second(tmp_path / "other")


def test_a_second_daemon_leaves_the_state_of_the_first_alone(watched, second):
    assert f"{watched.state} is in use by another process" in second(watched.state)
