# SPDX-License-Identifier: Apache-2.0
"""A state file that a disk has damaged, or of which a loss of power left a part: whatever it says, the daemon starts,
measures and tells, and what it knows then is what was written or nothing. Of the damages, DRIFTWATCH_DAMAGES are made;
more find rarer places:

    DRIFTWATCH_DAMAGES=100 python3 -m pytest -q -s tests/system/test_damage.py
"""
import os
import random
import shutil
import signal
import subprocess
import time
from datetime import datetime

import pytest

import crowd
import tools

DAMAGES = int(os.environ.get("DRIFTWATCH_DAMAGES", "20"))
LABEL, MISSING = "c-0", "RetrievalExpectedResultMissing"
# Seconds that a replay of one query may take.
LONG = 2.0
WORDS = ("it is kept as", "is not restored", "not all of it could be restored")


@pytest.fixture
def quick(tmp_path, ends):
    return ends(crowd.Crowd(tmp_path))


@pytest.fixture
def watched(driftwatch, quick, receiver):
    """One collection that is replayed when it is asked to be."""
    driftwatch.server(quick.url)
    driftwatch.config["probes"] = {"interval": "0s"}
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}],
        "rules": {MISSING: {"for": "0s"}}}
    crowd.watch(driftwatch, 1, queries=20, interval="1h")
    driftwatch.start()
    driftwatch.replay(LABEL, times=3)
    return driftwatch


def command(driftwatch, word):
    return subprocess.run([driftwatch.program, "state", word, f"--storage.path={driftwatch.state}"],
                          capture_output=True, text=True, timeout=60, check=False)


def bad_rows(driftwatch):
    """What `state check` complains of."""
    checked = command(driftwatch, "check")
    assert checked.returncode == 0 or checked.stderr, checked
    return checked.stderr.splitlines()


def crash(driftwatch, to):
    """Ends it in whatever it does, and copies what it has written."""
    driftwatch.process.send(signal.SIGSTOP)
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(driftwatch.state, to)
    driftwatch.process.send(signal.SIGCONT)


def put_back(driftwatch, kept):
    shutil.rmtree(driftwatch.state)
    shutil.copytree(kept, driftwatch.state)


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


def begins(driftwatch):
    """What is known of it: when the alerts fired, and when the history of each query begins."""
    histories = [driftwatch.api("history", collection=LABEL, query=f"query-{i}")["runs"] for i in (0, 7, 19)]
    return [one["firedAt"] for one in driftwatch.alerts()], [runs[0]["first"] for runs in histories if runs]


def assert_well(driftwatch, known, born):
    """It measures in time and says that it can write; all it knows is from before the damage or of this life."""
    begun = time.monotonic()
    assert driftwatch.replay(LABEL)["verdict"] == "fail"
    assert time.monotonic() - begun < LONG
    assert driftwatch.metric("driftwatch_storage_failing") == 0
    alerts, histories = tools.poll(lambda: (found := begins(driftwatch))[0] and found, "what goes on to fire")
    for one in alerts:
        assert one in known[0] or seconds(one) >= int(born)
    for one in histories:
        assert one in known[1] or seconds(one) >= int(born)


def garble(path, chance):
    """Some bytes at one place are others; as often in the log as in the file, where there is one."""
    log = path.with_name("state.db-wal")
    victim = log if log.exists() and log.stat().st_size and chance.random() < 0.5 else path
    at, count = chance.randrange(victim.stat().st_size), chance.choice([1, 1, 4, 64, 512, 4096])
    with victim.open("r+b") as file:
        file.seek(at)
        file.write(chance.randbytes(min(count, victim.stat().st_size - at)))
    return f"{victim.name}+{at}, {count} bytes"


def test_a_state_that_is_damaged_anywhere_stops_nothing(watched, quick, receiver, tmp_path):
    seed = random.randrange(1 << 30)
    print(f"\nseed {seed}")
    # After a crash all is in the log, after an orderly end in the file.
    chance, kept = random.Random(seed), [tmp_path / "crashed", tmp_path / "stopped"]
    quick.hold(crowd.OTHER)
    watched.replay(LABEL, times=2)
    tools.poll(lambda: receiver.alerts("firing", alertname=MISSING), "the incident to be told")
    tools.never(lambda: False, "the seconds until all of it is written", 2)
    known = begins(watched)
    crash(watched, kept[0])
    assert watched.stop() == 0
    shutil.copytree(watched.state, kept[1])
    assert '"alert"' in command(watched, "dump").stdout
    said = dict.fromkeys(WORDS, 0)
    for number in range(DAMAGES):
        put_back(watched, kept[number % 2])
        what, born = garble(watched.state / "state.db", chance), time.time()
        watched.start()
        assert_well(watched, known, born)
        text = watched.process.text()
        for words in WORDS:
            said[words] += words in text
        assert ("it is kept as" in text) == (watched.state / "state.db.damaged").exists(), what
        assert watched.stop() == 0, what
        assert bad_rows(watched) == [], what
    print(f"{DAMAGES} damages: " + ", ".join(f'{count} times "{words}"' for words, count in said.items()))
    assert sum(said.values()) > 0


# Bytes of the log that the daemon waits for before it is ready: the transaction that makes the table.
FIRST = 5 * (4096 + 24)


def tear(path, chance):
    """The end of the log, or of the file without one, was not written, or something else was."""
    log = path.with_name("state.db-wal")
    victim = log if log.exists() and log.stat().st_size else path
    size = victim.stat().st_size
    at = chance.randrange(min(FIRST, size - 1), size)
    os.truncate(victim, at)
    if chance.random() < 0.5:
        with victim.open("ab") as file:
            file.write(chance.randbytes(min(size - at, 4096)))
    if chance.random() < 0.5:
        path.with_name("state.db-shm").unlink(missing_ok=True)
    return f"{victim.name} of {size} bytes, torn at {at}"


def test_what_a_loss_of_power_leaves_is_whole_transactions(watched, quick, receiver, tmp_path):
    """Copies of what was written by any moment of a storm of incidents, their logs torn anywhere."""
    seed = random.randrange(1 << 30)
    print(f"\nseed {seed}")
    chance, copies = random.Random(seed), [tmp_path / f"copy-{i}" for i in range(DAMAGES)]
    fired = set()
    for i, copy in enumerate(copies):
        quick.hold(crowd.RECORD if i % 3 else crowd.OTHER)
        assert watched.post("/api/v1/replay").status_code < 300
        tools.never(lambda: False, "patience", chance.random() * 0.2)
        crash(watched, copy)
        fired |= {one["firedAt"] for one in watched.api("alerts")["alerts"] if one["firedAt"]}
    histories = begins(watched)[1]
    watched.process.kill()
    quick.hold(crowd.OTHER)
    begun = []
    for copy in copies:
        put_back(watched, copy)
        what, born = tear(watched.state / "state.db", chance), time.time()
        checked = command(watched, "check")
        assert checked.returncode == 0 or not (watched.state / "state.db-wal").exists(), (what, checked.stderr)
        watched.start()
        alerts = {one["firedAt"] for one in watched.api("alerts")["alerts"] if one["firedAt"]}
        begun.append(bool(alerts))
        assert all(one in fired or seconds(one) >= int(born) for one in alerts), what
        assert_well(watched, (fired, histories), born)
        assert "is not restored" not in watched.process.text(), what
        assert watched.stop() == 0, what
    assert any(begun), "something was left"
