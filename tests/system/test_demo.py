# SPDX-License-Identifier: Apache-2.0
"""The demonstration does what README.md and its own words promise."""
import os
import re
import signal
import socket
import struct
import subprocess

import pytest
import requests

import pictures
import tools

MISSING, DRIFT = "RetrievalExpectedResultMissing", "RetrievalSetDrift"


@pytest.fixture
def ports():
    return {"CHROMA_PORT": str(tools.free_port()), "DRIFTWATCH_PORT": str(tools.free_port())}


@pytest.fixture
def demo(build, source, tmp_path, ports, ends):
    """demo(flag, ...) starts it with the program under test and free ports."""
    def start(*flags):
        return ends(tools.Process(
            ["sh", source / "config/demo/run.sh", *flags], tmp_path / "demo.log",
            env={**os.environ, **ports, "DRIFTWATCH": str(build / "driftwatch"), "TMPDIR": str(tmp_path)}))
    return start


def test_once(demo, ports, tmp_path):
    process = demo("--once")
    assert process.child.wait(120) == 0, process.text()
    assert re.search(r"all \d\d+ canonical queries pass", process.text())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["demo.log"], "it leaves nothing behind"
    for port in ports.values():
        with socket.socket() as s:
            assert s.connect_ex(("127.0.0.1", int(port))) != 0, f"somebody still listens on port {port}"


def test_break_and_mend(demo, source, ports, tmp_path):
    """Disturb an agent, see the alert and why; restore, see it go; the same with a deleted one, of which the documents'
    pictures are made; Ctrl-C."""
    process = demo()
    tools.poll(lambda: "Ctrl-C" in process.text(), "the demonstration to explain itself", 120)

    def chroma(*arguments):
        subprocess.run(["sh", source / "config/demo/chroma.sh", *arguments], check=True,
                       env={**os.environ, **ports}, capture_output=True)

    def firing(name):
        """Queries of which this alert fires, None for the collection, and the causes that it gives."""
        url = f"http://127.0.0.1:{ports['DRIFTWATCH_PORT']}/api/v1/alerts"
        alerts = [alert for alert in requests.get(url, timeout=5).json()["data"]["alerts"]
                  if alert["state"] == "firing" and alert["labels"]["alertname"] == name]
        return [alert["labels"].get("query") for alert in alerts], {alert["annotations"]["cause"] for alert in alerts}

    for command, alert, query, cause in (
            (["disturb-agent", "backend-architect"], DRIFT, None, "EDIT"),
            (["delete-agent", "frontend-architect"], MISSING, "react-hooks", "REMOVED")):
        assert firing(alert) == ([], set())
        chroma(*command)
        tools.poll(lambda: query in firing(alert)[0], alert, 40)
        assert firing(alert)[1] == {cause}
        if alert == MISSING:
            pictures.take(f"http://127.0.0.1:{ports['DRIFTWATCH_PORT']}", tmp_path / "pictures")
            for name, (_document, _words, height) in pictures.PICTURES.items():
                header = (tmp_path / f"pictures/{name}.png").read_bytes()[:24]
                assert header[:4] == b"\x89PNG" and struct.unpack(">II", header[16:]) == (pictures.WIDTH, height)
        chroma("restore")
        tools.poll(lambda: not firing(alert)[0], "the alert to resolve", 40)
    process.send(signal.SIGINT)
    assert process.child.wait(20) == 0
