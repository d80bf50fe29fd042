# SPDX-License-Identifier: Apache-2.0
"""The first day: what is written wrong is refused or warned of with what to write instead, and bands fit."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

import numpy
import pytest
import yaml

import tools

USAGE, UNMEASURED = 2, 3


@pytest.fixture
def open_directory():
    """A directory that every user can enter, as /etc/driftwatch; pytest's own are private."""
    path = pathlib.Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def configured(build, directory, **server):
    program = tools.Driftwatch(build, directory)
    program.server("http://127.0.0.1:9", **server)
    program.watch("faq", [{"id": "a", "text": "?"}], {"a": [1.0, 0.0]})
    program.write()
    return program


def not_of_sets(stderr):
    """Its lines, without the warnings of sets that are small on purpose."""
    return [line for line in stderr.splitlines() if ".queries.yaml: " not in line]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read what other users cannot")
def test_validate_warns_of_a_secret_that_only_root_can_read(build, open_directory):
    (open_directory / "secrets").mkdir()
    secret = open_directory / "secrets" / "token"
    secret.write_text("s3cret\n")
    program = configured(build, open_directory, auth={"scheme": "token", "secret_file": "secrets/token"})

    def warnings():
        done = program.run("validate")
        assert done.returncode == 0 and "is valid" in done.stdout
        return not_of_sets(done.stderr)
    assert warnings() == []
    secret.chmod(0o600)
    line, = warnings()
    assert "servers[0].auth.secret_file: only root can read" in line and str(secret) in line
    assert "DynamicUser=" in line and "credential:" in line
    secret.chmod(0o644)
    secret.parent.chmod(0o700)
    line, = warnings()
    assert f"only root can enter {secret.parent}" in line
    secret.parent.chmod(0o755)
    (open_directory / "faq.vectors.json").chmod(0o600)
    line, = warnings()
    assert "collections[0].vectors: only root can read" in line and "credential:" not in line
    open_directory.chmod(0o700)
    assert warnings() == [], "nobody runs a unit from a directory like root's home"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read what other users cannot")
def test_validate_offers_a_credential_where_a_channel_takes_one(build, open_directory):
    program = configured(build, open_directory)
    (open_directory / "key").write_text("key\n")
    (open_directory / "url").write_text("https://hooks.example.org/x\n")
    program.config["alerting"] = {"receivers": [{
        "name": "r", "pagerduty_configs": [{"routing_key_file": "key"}],
        "telegram_configs": [{"bot_token_file": "key", "chat_id": 1}], "slack_configs": [{"api_url_file": "url"}]}]}
    program.write()
    for name in "key", "url":
        (open_directory / name).chmod(0o600)
    lines = not_of_sets(program.run("validate").stderr)
    assert len(lines) == 3
    for key, offered in ("routing_key_file", True), ("bot_token_file", True), ("api_url_file", False):
        line, = (line for line in lines if f"_configs[0].{key}: only root can read" in line)
        assert ("credential:" in line) == offered, line


@pytest.mark.parametrize("command", ["run", "status"])
def test_a_port_alone_is_a_usage_error(driftwatch, command):
    flags = [f"--config.file={driftwatch.config_file}"] if command == "run" else []
    done = subprocess.run([driftwatch.program, command, "--web.listen-address=9834", *flags],
                          text=True, capture_output=True, timeout=30)
    assert (done.returncode, done.stdout) == (USAGE, "")
    line, = done.stderr.splitlines()
    assert "--web.listen-address" in line and "write :9834" in line


@pytest.fixture
def near(chroma, driftwatch, name):
    """near(space, ...): twenty queries whose best records lie at 0.2 to 0.77 squared L2 from them."""
    def make(space, scale=1, **keys):
        distances = [0.2 + 0.03 * i for i in range(20)]
        queries, records = tools.axes(distances)
        chroma.create(name, space)
        chroma.upsert(name, [f"r{i}" for i in range(20)], scale * numpy.array(records))
        driftwatch.server(chroma.url)
        driftwatch.watch(name, [
            {"id": f"q{i}", "text": f"Question {i}?", "expect": {"ids": [f"r{i}"]}} for i in range(20)],
            {f"q{i}": scale * row for i, row in enumerate(queries)}, interval="1h", **keys)
        driftwatch.write()
        return driftwatch
    return make


def bands_of(driftwatch, name):
    found = {band["name"]: band for band in driftwatch.api("collections")["collections"][0]["bands"]}
    return {key: (band["below"], band["queries"]) for key, band in found.items()}


@pytest.mark.parametrize("space, borders, counts", [
    ("l2", [0.8, 1.0, 1.2, None], [20, 0, 0, 0]), ("cosine", [0.4, 0.5, 0.6, None], [20, 0, 0, 0]),
    ("ip", [0.4, 0.5, 0.6, None], [20, 0, 0, 0])])
def test_bands_by_space(near, driftwatch, name, space, borders, counts):
    near(space).start()
    driftwatch.replay(name, times=5)
    bands = bands_of(driftwatch, name)
    assert [below for below, _ in bands.values()] == borders
    assert [queries for _, queries in bands.values()] == counts
    assert driftwatch.metric("driftwatch_band_upper_bound", collection=name, band="good") == borders[1]


def test_validate_asks_the_servers(near, driftwatch, chroma, name):
    near("cosine")
    done = driftwatch.run("validate", "--online")
    assert (done.returncode, not_of_sets(done.stderr)) == (0, [])
    assert "space cosine, dimension 40, 20 records" in done.stdout
    assert "20 excellent" in done.stdout and "nearly all are excellent" in done.stdout
    proposed, = [line for line in done.stdout.splitlines() if "bands: [" in line]
    borders = [band.get("below") for band in yaml.safe_load(proposed)["bands"]]
    assert borders[0] == pytest.approx(0.18, abs=0.02) and borders[1] == pytest.approx(0.32, abs=0.02)
    assert borders[2] > 0.385 and borders[3] is None

    # What is proposed can be configured, and spreads the answers.
    driftwatch.config["collections"][0]["bands"] = yaml.safe_load(proposed)["bands"]
    driftwatch.write()
    done = driftwatch.run("validate", "--online")
    assert done.returncode == 0 and "nearly all" not in done.stdout and "bands: [" not in done.stdout
    counts = re.search(r"best answers by band: (\d+) excellent, (\d+) good, (\d+) okay\n", done.stdout)
    assert sum(map(int, counts.groups())) == 20 and min(map(int, counts.groups())) >= 3

    driftwatch.write_vectors(name, {f"q{i}": [1.0, 0.0] for i in range(20)})
    done = driftwatch.run("validate", "--online")
    assert done.returncode == UNMEASURED and "40" in done.stderr
    chroma.drop(name)
    done = driftwatch.run("validate", "--online")
    assert done.returncode == UNMEASURED and name in done.stderr


def test_vectors_of_another_length_are_named(near, driftwatch):
    near("l2", scale=10)
    said = driftwatch.run("validate", "--online").stdout
    assert "20 poor" in said
    assert re.search(r"not of length 1: q0 \(10\), q1 \(10\), \S+ \(10\) and 17 more", said)
    assert "bands: [" in said


def test_bands_that_are_approved_with_the_baseline(near, driftwatch, name):
    near("cosine", bands="auto")
    said = driftwatch.run("baseline", "propose", "--pause=10ms").stdout
    assert "20 excellent" in said and "bands: auto: in force when it is approved: [" in said
    driftwatch.start()
    driftwatch.replay(name)
    assert [below for below, _ in bands_of(driftwatch, name).values()] == [0.4, 0.5, 0.6, None]
    assert driftwatch.run("baseline", "approve", "--by=Ada", "--reason=good").returncode == 0
    proposed = yaml.safe_load(said.split("approved: ")[1].splitlines()[0])
    tools.poll(lambda: bands_of(driftwatch, name)["okay"][0] == proposed[2]["below"], "the approved borders")
    driftwatch.replay(name, times=5)
    bands = bands_of(driftwatch, name)
    assert [below for below, _ in bands.values()] == [band.get("below") for band in proposed]
    assert min(queries for _, queries in list(bands.values())[:3]) >= 3
    shown = driftwatch.run("baseline", "show", "--format=text").stdout
    assert "okay" in shown, "by the bands that were approved"


def test_reading_long_files_is_told_to_the_service_manager(driftwatch, tmp_path):
    """A machine on which that takes longer than systemd waits is not one on which it hangs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        driftwatch.server("http://127.0.0.1:9")
        driftwatch.watch("faq", [{"id": f"q{i}", "text": "?"} for i in range(2000)],
                         {f"q{i}": [0.1] * 100 for i in range(2000)})
        driftwatch.start(environment={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "40000"},
                         wait=False)
        heard = []
        while not heard or "READY=1" not in heard[-1]:
            heard.append(manager.recv(4096).decode())
    assert "EXTEND_TIMEOUT_USEC=30000000" in heard[:-1]
    assert heard[:-1].count("WATCHDOG=1") > 1, "the loop goes on meanwhile"


def test_closed_standard_streams_are_no_sockets(driftwatch):
    """What closes them hands their numbers to the next that is opened: a message would be written into a socket."""
    driftwatch.server("http://127.0.0.1:9")
    driftwatch.watch("faq", [{"id": "a", "text": "?"}], {"a": [1.0, 0.0]})
    driftwatch.write()
    port = tools.free_port()
    process = tools.Process(
        ["/bin/sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', driftwatch.program, "run",
         f"--config.file={driftwatch.config_file}", f"--storage.path={driftwatch.directory}",
         f"--web.listen-address=127.0.0.1:{port}"], driftwatch.directory / "closed.log")
    try:
        driftwatch.url = f"http://127.0.0.1:{port}"
        tools.poll(lambda: driftwatch.get("/-/ready").ok, "it to be ready")
        opened = [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in range(3)]
    finally:
        process.stop()
    assert opened == ["/dev/null"] * 3


def test_an_answer_that_nobody_gets_is_an_error(driftwatch):
    driftwatch.server("http://127.0.0.1:9")
    driftwatch.watch("faq", [{"id": "a", "text": "?"}], {"a": [1.0, 0.0]})
    driftwatch.write()
    command = [driftwatch.program, "check", f"--config.file={driftwatch.config_file}",
               f"--storage.path={driftwatch.directory}"]
    assert subprocess.run(command, capture_output=True, timeout=30).returncode == UNMEASURED
    closed = subprocess.run(["/bin/sh", "-c", 'exec "$0" "$@" >&-', *command], capture_output=True, text=True,
                            timeout=30)
    assert (closed.returncode, closed.stderr) == (UNMEASURED, "driftwatch: cannot check: Bad file descriptor\n")
