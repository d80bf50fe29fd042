# SPDX-License-Identifier: Apache-2.0
"""What test_systemd.py does inside the box: `python3 scenario.py NAME` runs the function of that name."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import requests

import tools

UNIT = "driftwatch.service"
CONFIG = pathlib.Path("/etc/driftwatch/driftwatch.yaml")
DROP_IN = pathlib.Path(f"/etc/systemd/system/{UNIT}.d/test.conf")
URL = "http://127.0.0.1:9820"


def systemctl(*arguments, check=True):
    done = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, (arguments, done.stdout, done.stderr, journal())
    return done


def show(name):
    return systemctl("show", "--value", "-p", name, UNIT).stdout.strip()


def journal(*arguments):
    return subprocess.run(["journalctl", "--no-pager", "-u", UNIT, *arguments], capture_output=True, text=True).stdout


def events(message_id):
    """Fields of the journal entries with this id."""
    return [json.loads(line) for line in journal("-o", "json", f"MESSAGE_ID={message_id}").splitlines()]


def count(line):
    """How often it is in the journal; what was sent is waited for."""
    subprocess.run(["journalctl", "--sync"], check=True)
    return journal("-o", "cat").count(line)


def drop_in(text):
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text(text)
    systemctl("daemon-reload")


def api(path):
    return requests.get(f"{URL}/api/v1/{path}", timeout=5).json()["data"]


def start_chroma():
    # Its tracebacks tell of connections that driftwatch closed when it was stopped.
    subprocess.Popen([sys.executable, "/box/fake_chroma.py"], stderr=subprocess.DEVNULL)
    tools.poll(lambda: requests.get("http://127.0.0.1:8000/x/count", timeout=1).ok, "the fake Chroma")


def starting():
    """`systemctl start` returns when the daemon is ready, which it is without any Chroma."""
    systemctl("start", UNIT)
    assert requests.get(f"{URL}/-/ready", timeout=1).status_code == 200
    assert show("ActiveState") == "active"
    assert re.search(r"\w", show("StatusText"))
    pid = show("MainPID")
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    assert re.search(r"^Uid:\s+[1-9]\d+", status, re.MULTILINE), "it does not run as root"
    assert re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
    assert pathlib.Path("/var/lib/driftwatch").exists()
    metrics = requests.get(f"{URL}/metrics", timeout=5).text
    assert re.search(r"^process_open_fds [1-9]", metrics, re.MULTILINE), "/proc/self can be read"


def reloading():
    start_chroma()
    systemctl("start", UNIT)
    good = CONFIG.read_text()
    for i in range(5):
        CONFIG.write_text(good.replace("label: faq", f"label: faq{i}"))
        systemctl("reload", UNIT)
        labels = [c["collection"] for c in api("collections")["collections"]]
        assert labels == [f"faq{i}"], "systemctl waits until the new configuration is in use"

    CONFIG.write_text(good.replace("interval:", "intervall:"))
    done = systemctl("reload", UNIT, check=False)
    assert done.returncode != 0
    assert "driftwatch.yaml:" in journal() and "intervall" in journal()
    assert [c["collection"] for c in api("collections")["collections"]] == ["faq4"]
    metrics = requests.get(f"{URL}/metrics", timeout=5).text
    assert "driftwatch_config_last_reload_successful 0\n" in metrics
    assert show("ActiveState") == "active" and show("NRestarts") == "0"

    CONFIG.write_text(good)
    systemctl("reload", UNIT)
    assert len(events("9919997c3e9b446ea17906f45ebd7a8f")) == 6
    assert events("3c09acb321094895a6d95cf5a136e772")


def watchdog():
    """A main process that no longer runs its loop is replaced."""
    drop_in("[Service]\nWatchdogSec=1\nRestartSec=100ms\n")
    systemctl("start", UNIT)
    tools.never(lambda: show("NRestarts") != "0", "a healthy one was restarted", 2.5)
    pid = int(show("MainPID"))
    os.kill(pid, signal.SIGSTOP)
    tools.poll(lambda: show("NRestarts") == "1" and show("ActiveState") == "active", "the restart", 20)
    assert int(show("MainPID")) not in (0, pid)
    assert requests.get(f"{URL}/-/ready", timeout=1).ok
    assert "watchdog" in journal().lower()


def crash():
    start_chroma()
    drop_in("[Service]\nRestartSec=100ms\n")
    systemctl("start", UNIT)
    os.kill(int(show("MainPID")), signal.SIGKILL)
    tools.poll(lambda: show("NRestarts") == "1" and show("ActiveState") == "active", "the restart", 20)
    assert requests.get(f"{URL}/-/ready", timeout=1).ok


def history():
    return api("history?collection=faq&query=a")["runs"]


def memory():
    """What takes more than its limit is ended and started again, and knows what it knew. Where the box has no memory
    controller - a container cannot give one away -, the limits are what the unit says, and nothing acts."""
    assert (show("MemoryHigh"), show("MemoryMax"), show("OOMPolicy")) == (str(2 << 30), str(3 << 30), "continue")
    drop_in("[Service]\nMemoryHigh=infinity\nMemoryMax=48M\nMemorySwapMax=0\nRestartSec=1\n")
    start_chroma()
    systemctl("start", UNIT)
    group = show("ControlGroup")
    limits = [limit for limit in (pathlib.Path(f"/sys/fs/cgroup{group}/memory.max"),
                                  pathlib.Path(f"/sys/fs/cgroup/memory{group}/memory.limit_in_bytes"))
              if limit.exists()]
    print("memory controller:", limits or "none")
    if not limits:
        return
    assert limits[0].read_text().strip() == str(48 << 20)
    first = tools.poll(lambda: (runs := history()) and runs[0]["samples"] > 5 and runs[0]["first"], "some replays")
    small, pid = CONFIG.with_name("vectors.json").read_text(), int(show("MainPID"))
    # 60,000 vectors of 384 numbers are 92 MB.
    row = json.dumps([0.125] * 384)
    CONFIG.with_name("queries.json").write_text(json.dumps({"queries": [
        {"id": f"q{i}", "text": f"question {i}"} for i in range(60000)]}))
    CONFIG.with_name("vectors.json").write_text(
        '{"model": "test", "dimension": 384, "vectors": {' + ",".join(f'"q{i}": {row}' for i in range(60000)) + "}}")
    os.kill(pid, signal.SIGHUP)
    tools.poll(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the end", 60)
    CONFIG.with_name("queries.json").write_text('{"queries": [{"id": "a", "text": "A?", "expect": {"ids": ["a"]}}]}')
    CONFIG.with_name("vectors.json").write_text(small)
    tools.poll(lambda: int(show("NRestarts")) > 0 and show("ActiveState") == "active", "the restart", 60)
    assert "code=killed, status=9/KILL" in journal(), "the kernel ended it"
    assert history()[0]["first"] == first


def stopping():
    """At once, though a name server never answers the question that is under way."""
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 53))
    pathlib.Path("/etc/resolv.conf").unlink(missing_ok=True)
    pathlib.Path("/etc/resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n")
    pathlib.Path("/etc/nsswitch.conf").write_text("hosts: files dns\n")
    CONFIG.write_text(CONFIG.read_text().replace("127.0.0.1:8000", "chroma.example:8000"))
    systemctl("start", UNIT)
    silent.settimeout(10)
    assert b"chroma" in silent.recv(512), "the name is being resolved"
    begin = time.monotonic()
    systemctl("stop", UNIT)
    took = time.monotonic() - begin
    assert took < 1, f"it took {took:.2f} s"
    assert show("Result") == "success" and show("ExecMainStatus") == "0"


def sockets():
    """systemd holds the socket: requests during restarts wait, none is refused."""
    start_chroma()
    drop_in("[Unit]\nStartLimitIntervalSec=0\n")
    systemctl("start", "driftwatch.socket")
    assert show("ActiveState") == "inactive"
    assert requests.get(f"{URL}/-/ready", timeout=10).ok, "the first request starts the service"
    assert "socket of the service manager" in journal()
    answers, done = [], threading.Event()

    def ask():
        while not done.is_set():
            try:
                answers.append(requests.get(f"{URL}/metrics", timeout=10).status_code)
            except requests.RequestException as error:
                answers.append(repr(error))
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    for _ in range(5):
        systemctl("restart", UNIT)
    done.set()
    asking.join()
    assert len(answers) >= 5
    assert set(answers) == {200}, set(answers)


def journals():
    """Fields, ids and the catalog: the server is away, then it is there."""
    subprocess.run(["journalctl", "--update-catalog"], check=True)
    systemctl("start", UNIT)
    entry = tools.poll(lambda: events("7fbcc4c7d8934ac4985aeb3f4f7da962"), "the entry about the failed replay")[0]
    assert entry["DRIFTWATCH_COLLECTION"] == "faq"
    assert entry["PRIORITY"] in ("3", "4")
    assert "127.0.0.1:8000" in entry["MESSAGE"]
    assert entry["_SYSTEMD_UNIT"] == UNIT and entry["SYSLOG_IDENTIFIER"] == "driftwatch"
    start_chroma()
    recovered = tools.poll(lambda: events("1ac13458238f470b8357a0fbfe4d296b"), "the entry about the recovery", 40)[0]
    assert recovered["DRIFTWATCH_COLLECTION"] == "faq"
    assert len(events("7fbcc4c7d8934ac4985aeb3f4f7da962")) == 1, "logged on the change, not on repetition"
    explained = journal("--catalog", "MESSAGE_ID=7fbcc4c7d8934ac4985aeb3f4f7da962")
    assert "canonical queries of faq could not be replayed" in explained


def credentials():
    """A token that only root may read reaches the daemon as a credential, and Chroma as a header."""
    start_chroma()
    secret = pathlib.Path("/etc/driftwatch/secrets/chroma-token")
    secret.parent.mkdir(mode=0o700)
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    CONFIG.write_text(CONFIG.read_text().replace(
        "url: http://127.0.0.1:8000", "url: http://127.0.0.1:8000\n  auth: {scheme: token, credential: chroma-token}"))
    drop_in(f"[Service]\nLoadCredential=chroma-token:{secret}\n")
    systemctl("start", UNIT)
    tools.poll(lambda: pathlib.Path("/box/token").read_text() == "s3cret", "the token")
    systemctl("reload", UNIT)
    unseen = "not at a reload: if one of these has changed since then, restart driftwatch: chroma-token\n"
    newer = f"credential chroma-token: {secret} has changed since the unit's copy of it was made"
    assert count(unseen) == 1, "a closed directory shows nothing"

    secret.parent.chmod(0o711)
    systemctl("reload", UNIT)
    assert (count(unseen), count(newer)) == (1, 0), "nothing has"
    next_secret = secret.with_name("next")
    next_secret.write_text("s3cret-2\n")
    next_secret.chmod(0o600)
    next_secret.rename(secret)
    systemctl("reload", UNIT)
    assert count(newer) == 1
    assert pathlib.Path("/box/token").read_text() == "s3cret"
    systemctl("restart", UNIT)
    tools.poll(lambda: pathlib.Path("/box/token").read_text() == "s3cret-2", "the new token")
    systemctl("reload", UNIT)
    assert (count(newer), count(unseen)) == (1, 1)
    assert "s3cret" not in journal()


def broken():
    """A configuration error is final: status 2, no restart, the reason in the journal."""
    CONFIG.write_text("servers: 5\n")
    assert systemctl("start", UNIT, check=False).returncode != 0
    assert show("ExecMainStatus") == "2" and show("NRestarts") == "0" and show("ActiveState") == "failed"
    assert "driftwatch.yaml:1:" in journal()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print(f"{sys.argv[1]}: ok")
