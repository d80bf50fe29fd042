# SPDX-License-Identifier: Apache-2.0
"""The door and its lock: who may read, replay and write, by every way in; TLS, users and tokens; a certificate that is
renewed; commands that have to say who they are."""
import concurrent.futures
import os
import re
import signal
import socket
import ssl
import subprocess
import threading

import pytest
import requests
import yaml

import authority
import tools

# The bcrypt hashes of "secret": of the least cost, so that a wrong password is cheap to test, and of the usual one.
SECRET = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
COSTLY = "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u"
TOKENS = {scope: f"token-that-may-{scope}-only" for scope in ("read", "replay", "write")}
ASKED = [("GET", "/api/v1/status"), ("POST", "/api/v1/replay"), ("POST", "/-/reload")]
OPEN, READ, NOTHING, UNKNOWN = (200, 202, 200), (200, 403, 403), (421, 403, 403), (401, 401, 401)
NO_CONNECTION = (0, 0, 0)


@pytest.fixture
def watcher(driftwatch):
    """Watches what is not there: who may ask does not depend on it."""
    driftwatch.server(f"http://127.0.0.1:{tools.free_port()}")
    driftwatch.watch("docs", [{"id": "q", "text": "?", "expect": {"ids": ["r"]}}], {"q": [1, 0]}, interval="1h")
    driftwatch.config["web"] = {"hosts": ["listed.example"]}
    driftwatch.write()
    return driftwatch


def lock(program, **keys):
    """Writes web.yaml: anna, who may do everything, and a token for each scope, unless `keys` say otherwise."""
    for scope, token in TOKENS.items():
        (program.directory / f"{scope}.token").write_text(f"{token}\n")
    locked = {"basic_auth_users": {"anna": SECRET},
              "bearer_tokens": [{"name": scope, "token_file": f"{scope}.token", "scopes": [scope]}
                                for scope in TOKENS], **keys}
    file = program.directory / "web.yaml"
    file.write_text(yaml.safe_dump({key: value for key, value in locked.items() if value}))
    return f"--web.config.file={file}"


class Yard:
    """The program in a network of its own, with a loopback address and one that others would come by; and curl."""

    def __init__(self, program, tmp_path, ends, *flags):
        self.socket = tmp_path / "web.sock"
        self.program, self.connections = program, 0
        program.state.mkdir(exist_ok=True)
        self.process = ends(tools.Process(
            ["unshare", "--net", "sh", "-c",
             "ip link set lo up && ip address add 192.0.2.1/32 dev lo && exec \"$@\"", "sh", program.program, "run",
             f"--config.file={program.config_file}", f"--storage.path={program.state}",
             "--web.listen-address=0.0.0.0:9820", f"--web.listen-address=unix:{self.socket}",
             "--web.external-url=https://watch.example:8443/dw", *flags], tmp_path / "yard.log"))
        tools.poll(lambda: "listening on unix:" in self.process.text(), "the daemon")

    def status(self, method, path, to="127.0.0.1", scheme="http", headers=(), options=()):
        """0: there was no answer. Each question comes from an address of its own, so that what one did wrong is not
        held against the next."""
        self.connections += 1
        way = ["--unix-socket", self.socket] if to == "unix" else \
            ["--interface", f"127.0.{1 + self.connections // 250}.{1 + self.connections % 250}"] \
            if to == "127.0.0.1" else []
        host = "localhost" if to == "unix" else f"{to}:9820"
        done = subprocess.run(
            ["nsenter", "-t", str(self.process.pid), "-n", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
             "-X", method, *way, *options, *(part for one in headers for part in ("-H", one)),
             f"{scheme}://{host}{path}"], capture_output=True, text=True, timeout=60)
        return int(done.stdout)

    def seen(self, **way):
        """What is answered to reading, replaying and writing."""
        def settled(method, path):
            # A wrong password that took long on a busy machine makes the next one wait.
            return tools.poll(lambda: {"is": status} if (status := self.status(method, path, **way)) != 429 else None,
                              "an answer")["is"]
        return tuple(settled(*asked) for asked in ASKED)


def differences(yard, table):
    """{row: (expected, seen)} of those that differ."""
    found = {}
    for name, (way, expected) in table.items():
        seen = yard.seen(**way)
        if seen != expected:
            found[name] = expected, seen
    return found


PROXY = ["Forwarded: for=192.0.2.7", "Via: 1.1 proxy", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Host: a.example",
         "X-Forwarded-Proto: https", "X-Real-IP: 192.0.2.7", "CF-Connecting-IP: 192.0.2.7", "True-Client-IP: 192.0.2.7"]


def test_without_users(watcher, tmp_path, ends):
    yard = Yard(watcher, tmp_path, ends)
    table = {
        "loopback": ({}, OPEN),
        "localhost": ({"headers": ["Host: localhost:9820"]}, OPEN),
        "a page of its own": ({"headers": ["Origin: http://127.0.0.1:9820", "Sec-Fetch-Site: same-origin"]}, OPEN),
        "typed by a person": ({"headers": ["Accept-Language: de", "Sec-Fetch-Site: none"]}, OPEN),
        "a foreign name": ({"headers": ["Host: evil.example:9820"]}, NOTHING),
        "a foreign address": ({"headers": ["Host: 198.51.100.1"]}, NOTHING),
        "the external URL's name": ({"headers": ["Host: watch.example"]}, READ),
        "a listed name": ({"headers": ["Host: listed.example:9820"]}, READ),
        "the machine's own name": ({"headers": [f"Host: {socket.gethostname()}:9820"]}, READ),
        "a foreign origin": ({"headers": ["Origin: http://evil.example"]}, READ),
        "an opaque origin": ({"headers": ["Origin: null"]}, READ),
        "a foreign site": ({"headers": ["Sec-Fetch-Site: cross-site"]}, READ),
        **{header: ({"headers": [header]}, READ) for header in PROXY},
        "another machine": ({"to": "192.0.2.1"}, READ),
        "another machine, by a name": ({"to": "192.0.2.1", "headers": ["Host: monitor.example:9820"]}, READ),
        "its browser, by a name": (
            {"to": "192.0.2.1", "headers": ["Host: evil.example:9820", "Accept-Language: de"]}, NOTHING),
        "its browser, by address": ({"to": "192.0.2.1", "headers": ["Accept-Language: de"]}, READ),
        "a Unix socket": ({"to": "unix"}, OPEN),
        "a Unix socket, by a name": ({"to": "unix", "headers": ["Host: evil.example"]}, READ),
        "a Unix socket behind a proxy": ({"to": "unix", "headers": ["X-Forwarded-For: 192.0.2.7"]}, READ),
        "TLS that is not spoken": ({"scheme": "https", "options": ["-k"]}, NO_CONNECTION),
        "a user that nobody asked for": ({"options": ["-u", "anna:secret"]}, OPEN),
    }
    assert differences(yard, table) == {}


def locked_rows(**way):
    """By whoever comes that way."""
    def row(*options, headers=()):
        return {**way, "headers": list(headers), "options": [*way.get("options", ()), *options]}
    anna = "-u", "anna:secret"
    return {
        "nobody": (row(), UNKNOWN),
        "a user": (row(*anna), OPEN),
        "a wrong password": (row("-u", "anna:wrong"), UNKNOWN),
        "an unknown user": (row("-u", "ben:secret"), UNKNOWN),
        "a token to read": (row(headers=[f"Authorization: Bearer {TOKENS['read']}"]), (200, 403, 403)),
        "a token to replay": (row(headers=[f"Authorization: Bearer {TOKENS['replay']}"]), (403, 202, 403)),
        "a token to write": (row(headers=[f"Authorization: Bearer {TOKENS['write']}"]), (403, 403, 200)),
        "a wrong token": (row(headers=["Authorization: Bearer token-that-nobody-has"]), UNKNOWN),
        "a user by a foreign name": (row(*anna, headers=["Host: evil.example"]), OPEN),
        "a user behind a proxy": (row(*anna, headers=PROXY), OPEN),
        "a user's browser that a foreign page uses": (row(*anna, headers=["Origin: http://evil.example"]), READ),
        "a user's browser on another site": (row(*anna, headers=["Sec-Fetch-Site: same-site"]), READ),
        "a user's browser on the external URL": (
            row(*anna, headers=["Host: 127.0.0.1", "Origin: https://watch.example:8443"]), OPEN),
    }


def test_with_users(watcher, tmp_path, ends):
    yard = Yard(watcher, tmp_path, ends, lock(watcher))
    for way in {}, {"to": "192.0.2.1"}, {"to": "unix"}:
        rows = locked_rows(**way)
        if way.get("to") == "192.0.2.1":
            rows = {name: rows[name] for name in ("nobody", "a user", "a token to read")}
        assert differences(yard, rows) == {}, way
    assert yard.status("GET", "/nosuch") == 401, "a stranger is not told what there is"
    assert yard.status("GET", "/-/healthy") == 401


def test_with_tls(watcher, tmp_path, ends):
    ca = authority.Authority(tmp_path / "ca")
    certificate, key = ca.issue("server", "DNS:localhost,IP:127.0.0.1,IP:192.0.2.1")
    yard = Yard(watcher, tmp_path, ends, lock(
        watcher, tls_server_config={"cert_file": str(certificate), "key_file": str(key), "min_version": "TLS13"}))
    trust = {"scheme": "https", "options": ["--cacert", str(ca.certificate)]}
    assert differences(yard, {
        **locked_rows(**trust),
        "not trusted": ({"scheme": "https"}, NO_CONNECTION),
        "an old version": ({"scheme": "https", "options": [*trust["options"], "--tls-max", "1.2"]}, NO_CONNECTION),
        "not encrypted": ({}, NO_CONNECTION),
    }) == {}


@pytest.mark.parametrize("kind, none, stranger, other, member", [
    ("RequestClientCert", 200, 200, 200, 200),
    ("RequireAnyClientCert", 0, 200, 200, 200),
    ("VerifyClientCertIfGiven", 200, 0, 200, 200),
    ("RequireAndVerifyClientCert", 0, 0, 200, 200),
    ("RequireAndVerifyClientCert and name", 0, 0, 0, 200)])
def test_client_certificates(watcher, tmp_path, ends, kind, none, stranger, other, member):
    ca, foreign = authority.Authority(tmp_path / "ca"), authority.Authority(tmp_path / "foreign")
    certificate, key = ca.issue("server", "IP:127.0.0.1")
    tls = {"cert_file": str(certificate), "key_file": str(key), "client_auth_type": kind.split()[0],
           "client_ca_file": str(ca.certificate)}
    if kind.endswith("name"):
        tls["client_allowed_sans"] = ["prometheus.example", "192.0.2.77"]
    watcher.start(lock(watcher, tls_server_config=tls, basic_auth_users=None, bearer_tokens=None), wait=False)
    port = tools.poll(watcher.listening_port, "the daemon to listen")
    shown = {"none": None, "stranger": foreign.issue("stranger", "DNS:prometheus.example", "clientAuth"),
             "other": ca.issue("other", "DNS:other.example", "clientAuth"),
             "member": ca.issue("member", "DNS:x.example,IP:192.0.2.77", "clientAuth"),
             "server": ca.issue("impostor", "DNS:prometheus.example", "serverAuth")}

    def status(pair, method="GET", path="/metrics"):
        try:
            return requests.request(method, f"https://127.0.0.1:{port}{path}", verify=ca.certificate, timeout=30,
                                    cert=tuple(map(str, pair)) if pair else None).status_code
        except requests.ConnectionError:
            return 0
    assert {who: status(pair) for who, pair in shown.items()} == {
        "none": none, "stranger": stranger, "other": other, "member": member,
        "server": 0 if "Verify" in kind else 200}
    assert status(shown["member"], "POST", "/-/reload") == 200, "still this machine"


def test_prometheus_scrapes_over_mutual_tls_as_a_user(watcher, tmp_path, prometheus):
    ca = authority.Authority(tmp_path / "ca")
    certificate, key = ca.issue("server", "IP:127.0.0.1")
    mine, my_key = ca.issue("prometheus", "DNS:prometheus.example", "clientAuth")
    watcher.start(lock(watcher, tls_server_config={
        "cert_file": str(certificate), "key_file": str(key), "client_auth_type": "RequireAndVerifyClientCert",
        "client_ca_file": str(ca.certificate), "client_allowed_sans": ["prometheus.example"]}), wait=False)
    port = tools.poll(watcher.listening_port, "the daemon to listen")
    (tmp_path / "password").write_text("secret")
    scraper = prometheus(None, targets=[f"127.0.0.1:{port}"], scrape={
        "scheme": "https", "basic_auth": {"username": "anna", "password_file": str(tmp_path / "password")},
        "tls_config": {"ca_file": str(ca.certificate), "cert_file": str(mine), "key_file": str(my_key)}})
    assert scraper.query("driftwatch_build_info")
    assert [value for _, value in scraper.query('min_over_time(up{job="driftwatch"}[1m])')] == [1]


def presented(port, ca):
    """The serial number of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=ca.certificate)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain, \
            context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
        return f"serial={secured.getpeercert()['serialNumber']}"


def test_a_certificate_is_renewed_without_a_dropped_scrape(watcher, tmp_path):
    """Found by itself, and at SIGHUP; a broken one changes nothing; connections that are open go on."""
    ca = authority.Authority(tmp_path / "ca")
    certificate, key = ca.issue("server", "IP:127.0.0.1")
    flag = lock(watcher, tls_server_config={"cert_file": str(certificate), "key_file": str(key)},
                basic_auth_users=None, bearer_tokens=None)
    watcher.start(flag, wait=False)
    port = tools.poll(watcher.listening_port, "the daemon to listen")
    url, ends, failures, scrapes = f"https://127.0.0.1:{port}", threading.Event(), [], [0, 0]

    def scrape(number, session):
        while not ends.is_set():
            try:
                answer = (session or requests).get(f"{url}/metrics", verify=ca.certificate, timeout=30)
                if answer.status_code != 200:
                    failures.append(answer.status_code)
            except requests.RequestException as error:
                failures.append(error)
            scrapes[number] += 1
    kept = requests.Session()
    threads = [threading.Thread(target=scrape, args=one) for one in ((0, None), (1, kept))]
    for thread in threads:
        thread.start()
    try:
        for hangup in False, True:
            ca.issue("server", "IP:127.0.0.1")
            if hangup:
                watcher.process.send(signal.SIGHUP)
            tools.poll(lambda: presented(port, ca) == authority.serial(certificate), "the new certificate", 30)
        good = certificate.read_text()
        certificate.write_text("broken\n")
        tools.poll(lambda: "was refused: going on with what is in use" in watcher.process.text(), "the complaint", 30)
        assert requests.post(f"{url}/-/reload", verify=ca.certificate, timeout=30).status_code == 500
        certificate.write_text(good)
        assert requests.post(f"{url}/-/reload", verify=ca.certificate, timeout=30).status_code == 200
    finally:
        ends.set()
        for thread in threads:
            thread.join()
        kept.close()
    assert failures == [] and min(scrapes) > 10, scrapes


def test_a_web_configuration_that_cannot_be_used(watcher):
    """Refused at the start and by validate, with its place; at a reload everything stays."""
    flag = lock(watcher, basic_auth_users={"anna": "secret"})
    for done in watcher.run("validate", flag), watcher.run("run", f"--storage.path={watcher.state}", flag):
        assert done.returncode == 2
        assert re.search(r"web\.yaml:2:9: basic_auth_users: anna: is not a bcrypt hash", done.stderr), done.stderr
        assert "secret" not in done.stderr
    assert watcher.run("validate", lock(watcher)).returncode == 0
    assert watcher.run("validate", "--web.config.file=").returncode == 0, "as an unset variable of the unit gives it"
    flag = lock(watcher)
    watcher.start(flag, wait=False)
    port = tools.poll(watcher.listening_port, "the daemon to listen")
    watcher.url = f"http://127.0.0.1:{port}"
    assert watcher.post("/-/reload", auth=("anna", "secret")).ok
    lock(watcher, surprise=1)
    refused = watcher.post("/-/reload", auth=("anna", "secret"))
    assert refused.status_code == 500 and "surprise" in refused.text
    lock(watcher, basic_auth_users={"ben": SECRET})
    assert watcher.post("/-/reload", auth=("anna", "secret")).ok
    assert watcher.get("/metrics", auth=("anna", "secret")).status_code == 401, "whoever was removed is out at once"
    # After a wrong one nothing is compared for a moment.
    tools.poll(lambda: watcher.get("/metrics", auth=("ben", "secret")).ok, "the new user to be let in")


def test_what_answers_say_of_who_is_needed(watcher):
    watcher.start(lock(watcher, http_server_config={"headers": {"X-Frame-Options": "deny",
                                                                "Content-Security-Policy": "default-src 'self'"}},
                       rate_limit={"interval": "1h", "burst": 6}), wait=False)
    watcher.url = f"http://127.0.0.1:{tools.poll(watcher.listening_port, 'the daemon to listen')}"
    stranger, known = watcher.get("/api/v1/status"), watcher.get("/metrics", auth=("anna", "secret"))
    assert stranger.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert stranger.json()["errorType"] == "unauthorized"
    for answer in stranger, known, watcher.get("/", auth=("anna", "secret")):
        assert answer.headers["X-Frame-Options"] == "deny"
        assert answer.headers["Content-Security-Policy"] == "default-src 'self'"
    for _ in range(3):
        watcher.get("/metrics", auth=("anna", "secret"))
    limited = watcher.get("/metrics", auth=("anna", "secret"))
    assert limited.status_code == 429 and int(limited.headers["Retry-After"]) > 3000


def test_failed_logins_are_slowed_down_and_scrapes_are_not(watcher):
    """A password of the usual cost, guessed at from many addresses: who was right before goes on at once."""
    watcher.start(lock(watcher, basic_auth_users={"anna": COSTLY}), wait=False)
    port = tools.poll(watcher.listening_port, "the daemon to listen")
    watcher.url = f"http://127.0.0.1:{port}"
    assert watcher.get("/metrics", auth=("anna", "secret")).ok

    def guess(number):
        return subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", f"127.0.2.{number % 3 + 1}", "-u",
             f"anna:guess{number}", f"{watcher.url}/metrics"], capture_output=True, text=True, timeout=60).stdout
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        guesses = [pool.submit(guess, number) for number in range(40)]
        scrapes = [watcher.get("/metrics", auth=("anna", "secret")).status_code for _ in range(20)]
        seen = [one.result() for one in guesses]
    assert set(scrapes) == {200}
    assert set(seen) <= {"401", "429"} and seen.count("401") <= 3 * 5, seen
    assert watcher.process.running()


def test_commands_say_who_they_are(watcher, tmp_path):
    ca = authority.Authority(tmp_path / "ca")
    certificate, key = ca.issue("server", "IP:127.0.0.1,DNS:localhost")
    mine, my_key = ca.issue("desk", "DNS:desk.example", "clientAuth")
    path = tmp_path / "web.sock"
    watcher.start(f"--web.listen-address=unix:{path}", lock(watcher, tls_server_config={
        "cert_file": str(certificate), "key_file": str(key), "client_auth_type": "RequireAndVerifyClientCert",
        "client_ca_file": str(ca.certificate)}), wait=False)
    port = tools.poll(watcher.listening_port, "the daemon to listen")
    tls = {"ca_file": "ca/ca.pem", "cert_file": "ca/desk.pem", "key_file": "ca/desk.key"}
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "token").write_text(TOKENS["read"] + "\n")
    file = tmp_path / "http.yaml"

    def run(*words, address=f"127.0.0.1:{port}", **keys):
        file.write_text(yaml.safe_dump(keys))
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return subprocess.run(
            [watcher.program, *words, f"--web.listen-address={address}", f"--http.config.file={file}"],
            capture_output=True, text=True, timeout=60, env=environment)
    anna = {"basic_auth": {"username": "anna", "password_file": "password"}}
    add = "silence", "add", "collection=docs", "--for=1h", "--by=anna", "--comment=x"
    for address in f"127.0.0.1:{port}", f"https://127.0.0.1:{port}/", f"unix:{path}":
        assert "docs" in run("status", address=address, tls_config=tls, **anna).stdout, address
    done = run(*add, tls_config=tls, **anna)
    assert done.returncode == 0 and len(done.stdout.strip()) == 36, done.stderr
    token = {"authorization": {"credentials_file": "token"}}
    assert "docs" in run("status", tls_config=tls, **token).stdout
    refused = run(*add, tls_config=tls, **token)
    assert refused.returncode == 3 and 'lacks the scope "write"' in refused.stderr
    for keys, says in (({"tls_config": {**tls, "ca_file": "ca/desk.pem"}, **anna}, "certificate"),
                       ({"tls_config": {"ca_file": "ca/ca.pem"}, **anna}, "running there"),
                       (anna, "and without TLS"), ({"tls_config": tls}, "--http.config.file says who asks")):
        done = run("status", **keys)
        assert done.returncode == 3 and says in done.stderr, (keys, done.stderr)
    for keys, says in (({"basic_auth": {"username": "anna"}}, "http.yaml:2:3: basic_auth: give password"),
                       ({"tls_config": {"ca": "x"}}, "http.yaml:2:3: tls_config.ca: ")):
        done = run("status", **keys)
        assert done.returncode == 2 and says in done.stderr, done.stderr
