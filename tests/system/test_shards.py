# SPDX-License-Identifier: Apache-2.0
"""Several daemons divide the collections of one configuration, or watch the same: each collection is watched, and each
incident told once."""
import re
import subprocess
import textwrap
import time

import pytest
import requests

import crowd
import tools
from conftest import need

COUNT = 40


@pytest.fixture
def quick(tmp_path, ends):
    return ends(crowd.Crowd(tmp_path))


@pytest.fixture
def daemon(build, tmp_path, ends):
    """daemon(name) is one more program, not started yet."""
    return lambda name: ends(tools.Driftwatch(build, tmp_path / name))


@pytest.fixture
def divided(daemon, quick):
    """divided(name) watches COUNT collections of one server, or its part of them."""
    def make(name):
        program = daemon(name)
        program.server(quick.url)
        program.config["replay"] = {"interval": "1m"}
        crowd.watch(program, COUNT)
        return program
    return make


def labels(program):
    return {one["collection"] for one in program.api("collections")["collections"]}


def status(program):
    """What `driftwatch status` prints."""
    return subprocess.run(
        [program.program, "status", f"--web.listen-address={program.url.removeprefix('http://')}"],
        capture_output=True, text=True, check=False).stdout


def documented(source):
    """The function that docs/scale.md shows."""
    code = re.search(r"```python\n(.*?)```", (source / "docs/scale.md").read_text(), re.DOTALL).group(1)
    names = {}
    exec(textwrap.dedent(code), names)  # pylint: disable=exec-used
    return names["shard_of"]


def test_each_is_watched_by_one(divided, source):
    programs = [divided(f"shard-{i}").start(f"--replay.shard={i}/3") for i in range(3)]
    everything = {f"c-{i}" for i in range(COUNT)}
    shard_of = documented(source)
    for i, program in enumerate(programs):
        own = {label for label in everything if shard_of(label, 3) == i}
        assert labels(program) == own
        assert program.api("status")["shard"] == {"index": i, "of": 3, "elsewhere": COUNT - len(own)}
        assert program.metric("driftwatch_shard_info", index=str(i), of="3") == 1
        assert program.metric("driftwatch_collections_elsewhere") == COUNT - len(own)
        assert f"Shard {i} of 3: {COUNT - len(own)} collections are" in program.page()
        assert f"shard {i} of 3: {COUNT - len(own)} collections are" in status(program)


def test_commands_see_all_and_say_how_they_fall(divided, source):
    program = divided("all")
    program.config["replay"]["shard"] = {"index": 1, "of": 3}
    program.write()
    _, found = program.check()
    assert len(found["collections"]) == COUNT
    said = program.run("validate").stdout.splitlines()
    shard_of = documented(source)
    counts = [sum(shard_of(f"c-{i}", 3) == k for i in range(COUNT)) for k in range(3)]
    assert f"{COUNT} collections" in said[0]
    assert [re.match(r"shard (\d) of 3(?:, this one)?: (\d+) ", line).groups() for line in said[1:]] == [
        (str(i), str(counts[i])) for i in range(3)]
    assert "shard 1 of 3, this one: " in said[2]
    assert "shard 3 of 4, this one: " in program.run("validate", "--replay.shard=3/4").stdout
    assert program.run("validate", "--replay.shard=4/4").returncode == 2


def test_a_reload_moves_what_another_shard_has(divided):
    program = divided("moving")
    program.config["replay"]["shard"] = {"index": 0, "of": 3}
    program.start()
    before = labels(program)
    program.config["replay"]["shard"] = {"index": 0, "of": 4}
    program.write()
    assert program.reload().status_code == 200
    assert labels(program) < before
    program.config["replay"]["shard"] = {"index": 0, "of": 1}
    program.write()
    assert program.reload().status_code == 200
    assert labels(program) == {f"c-{i}" for i in range(COUNT)}
    assert program.metric("driftwatch_collections_elsewhere") == 0
    # The flag wins, as long as the daemon lives.
    other = divided("flag").start("--replay.shard=0/3")
    other.config["replay"]["shard"] = {"index": 1, "of": 3}
    other.write()
    assert other.reload().status_code == 200
    assert labels(other) == before


# A pair: the holder of the lease tells the receivers.

def pair_of(divided, receiver, lease, ttl="1s"):
    """Two daemons with one lease, of which the first query can be made to miss."""
    programs = []
    for name in "one", "two":
        program = divided(name)
        program.config["replay"] = {"interval": "300ms"}
        program.config["collections"] = program.config["collections"][:2]
        program.config["alerting"] = {
            **tools.AT_ONCE, "lease": {"file": str(lease), "ttl": ttl},
            "rules": {"RetrievalExpectedResultMissing": {"for": "0s"}},
            "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}]}
        programs.append(program)
    return programs


def break_query(*programs, broken=True):
    """What query-0 expects is not there, or is again."""
    for program in programs:
        program.write_queries("c-0", [
            {"id": "query-0", "text": "query-0", "expect": {"ids": ["gone" if broken else crowd.RECORD]}}])
        assert program.reload().status_code == 200


def holder(*programs):
    """The one that holds the lease; None while nobody does."""
    held = [one for one in programs if one.process.running() and one.metric("driftwatch_lease_held") == 1]
    assert len(held) < 2
    return held[0] if held else None


def started(programs):
    """The one that holds the lease, and the other."""
    for program in programs:
        program.start()
    first = tools.poll(lambda: holder(*programs), "a holder")
    second, = (one for one in programs if one is not first)
    return first, second


def firing(*programs):
    return all(len(program.alerts()) == 2 for program in programs)


def test_the_holder_tells_and_the_other_goes_on(divided, receiver, tmp_path):
    programs = pair_of(divided, receiver, tmp_path / "lease")
    first, second = started(programs)
    assert "Receivers are told by this daemon, " in first.page()
    assert "receivers are told by this daemon" not in status(second)
    assert second.api("status")["lease"]["holder"] == first.api("status")["lease"]["holder"]
    break_query(*programs)
    tools.poll(lambda: firing(*programs), "both to see it")
    tools.poll(lambda: len(receiver.requests) == 2, "a notification for each collection")
    # The ledger says it; the one that tells dies without a word, and nobody is told again.
    told = len(first.api("alerts")["alerts"])
    tools.poll(lambda: (tmp_path / "lease").read_text().count("told") == told, "the ledger")
    first.process.kill()
    tools.poll(lambda: holder(second), "the other to take over", 5)
    tools.never(lambda: len(receiver.requests) > 2, "told twice", 1)
    # Its end is told by the one that is left.
    break_query(second, broken=False)
    tools.poll(lambda: len(receiver.alerts("resolved")) == 2, "the end")
    assert len(receiver.requests) == 4


def test_what_the_dead_one_did_not_tell_is_told(divided, receiver, tmp_path):
    programs = pair_of(divided, receiver, tmp_path / "lease")
    first, second = started(programs)
    first.process.kill()
    break_query(second)
    tools.poll(lambda: firing(second), "the other to see it")
    tools.poll(lambda: len(receiver.requests) == 2, "what nobody told", 5)
    assert {alert["status"] for alert in receiver.alerts()} == {"firing"}


def test_who_ends_gives_it_up_and_storage_may_hang(divided, receiver, tmp_path):
    lease = tmp_path / "lease"
    programs = pair_of(divided, receiver, lease, "4s")
    first, second = started(programs)
    assert first.stop() == 0
    # Given up, it is taken in two thirds of ttl at most; it would be three thirds and more otherwise.
    tools.poll(lambda: holder(second), "the other to take over", 3.8)
    lease.unlink()
    lease.mkdir()
    before = second.metric("driftwatch_replays_total", collection="c-1")
    tools.poll(lambda: second.metric("driftwatch_lease_held") == 0, "the lease to be lost", 8)
    assert second.metric("driftwatch_replays_total", collection="c-1") > before
    assert "the lease cannot be looked at: Is a directory" in status(second)
    lease.rmdir()
    tools.poll(lambda: holder(second), "the lease again", 8)


# All of it: three shards, one of them a pair, behind two Alertmanagers that are one cluster.

class House:
    """Two collections a shard on one Chroma, and what watches them."""

    def __init__(self, chroma, shard_of):
        self.chroma, self.programs = chroma, {}
        self.behind = self.direct = self.lease = None
        names = [f"docs-{i}" for i in range(30)]
        self.names = [[name for name in names if shard_of(name, 3) == shard][:2] for shard in range(3)]
        self.queries, self.records = tools.axes([0.5] * 4)
        for name in sum(self.names, []):
            chroma.create(name)
            self.repair(name)

    def configure(self, program, alertmanagers, receiver, lease=None):
        program.server(self.chroma.url)
        program.config["replay"] = {"interval": "500ms"}
        program.config["probes"] = {"interval": "0s"}
        for name in sum(self.names, []):
            program.watch(name, [{"id": f"q{i}", "text": f"q{i}", "expect": {"ids": [f"r{i}"]}} for i in range(4)],
                          {f"q{i}": query for i, query in enumerate(self.queries)})
        program.config["alerting"] = {
            **tools.AT_ONCE, "alertmanagers": [{"url": one.url} for one in alertmanagers],
            "receivers": [{"name": "direct", "webhook_configs": [{"url": receiver.url}]}],
            "rules": {"RetrievalExpectedResultMissing": {"for": "0s"}},
            **({"lease": {"file": str(lease), "ttl": "3s"}} if lease else {})}

    def repair(self, name):
        self.chroma.upsert(name, [f"r{i}" for i in range(4)], self.records)
        return time.monotonic()

    def damage(self, name):
        """What q0 expects is gone: one incident."""
        self.chroma.delete(name, ["r0"])
        return time.monotonic()


def told(receiver, collection, status="firing"):
    """Notifications of the incident."""
    return [one for one in list(receiver.requests) if one["body"]["status"] == status
            and any(alert["labels"]["collection"] == collection for alert in one["body"]["alerts"])]


@pytest.fixture
def cluster(tmp_path, ends):
    """cluster(webhook) is two Alertmanagers that are one."""
    need("prometheus-alertmanager")

    def start(webhook):
        addresses = [f"127.0.0.1:{tools.free_port()}" for _ in range(2)]
        both = [ends(tools.Alertmanager(tmp_path / f"am{i}", webhook, group_by=["incident"], cluster=address,
                                        peers=addresses[:i])) for i, address in enumerate(addresses)]
        tools.poll(lambda: all(len(requests.get(f"{one.url}/api/v2/status", timeout=5).json()["cluster"]["peers"]) == 2
                               for one in both), "the cluster")
        return both
    return start


def missing(prometheus, source):
    """The collections that nobody watches, by the expression of docs/scale.md."""
    text = (source / "docs/scale.md").read_text()
    (_, value), = prometheus.query(re.search(r"```\w*\n(max\(count by \(instance\).*?)```", text, re.DOTALL).group(1))
    return value


@pytest.fixture
def house(chroma, daemon, cluster, ends, tmp_path, source):
    """The house, its four programs by name, and who is told behind the Alertmanagers and directly."""
    found = House(chroma, documented(source))
    found.lease = tmp_path / "lease"
    found.behind, found.direct = ends(tools.Receiver()), ends(tools.Receiver())
    alertmanagers = cluster(found.behind.url)
    for name, shard in ("0a", 0), ("0b", 0), ("1", 1), ("2", 2):
        program = daemon(name)
        found.configure(program, alertmanagers, found.direct, found.lease if shard == 0 else None)
        found.programs[name] = program.start(f"--replay.shard={shard}/3")
    return found


def test_a_house_of_daemons(house, prometheus, source):
    programs, behind, direct = house.programs, house.behind, house.direct
    addresses = [one.url.removeprefix("http://") for one in programs.values()]
    first = tools.poll(lambda: holder(programs["0a"], programs["0b"]), "a holder")
    second, = (one for one in (programs["0a"], programs["0b"]) if one is not first)
    observer = prometheus(programs["0a"], targets=addresses)
    tools.poll(lambda: {labels["collection"]: value for labels, value in observer.query(
        "count by (collection) (driftwatch_up == 1)")} == {
            name: 2 if shard == 0 else 1 for shard, names in enumerate(house.names) for name in names},
               "each collection watched once, by the pair twice")
    assert missing(observer, source) == 0

    # One incident a shard: one notification behind the cluster, and one directly.
    begun = {names[0]: house.damage(names[0]) for names in house.names}
    for name, since in begun.items():
        tools.poll(lambda name=name: told(behind, name) and told(direct, name), f"the incident of {name}")
        print(f"\ntold of {name} after {time.monotonic() - since:.1f} s", end="")
    assert {tuple(sorted(one["labels"])) for one in behind.alerts()} == {
        ("alertname", "collection", "incident", "query", "severity")}

    # Its end, which the two of the pair do not see in the same moment.
    since = house.repair(house.names[0][0])
    tools.poll(lambda: told(behind, house.names[0][0], "resolved") and told(direct, house.names[0][0], "resolved"),
               "the end of an incident")
    print(f"\ntold of an end after {time.monotonic() - since:.1f} s", end="")
    tools.poll(lambda: "told" not in house.lease.read_text(), "the ledger")  # or the end would be told again

    # The holder dies: the other tells the Alertmanagers at once, receivers when it has the lease.
    first.process.kill()
    died = house.damage(house.names[0][1])
    tools.poll(lambda: told(behind, house.names[0][1]), "what the other tells behind the Alertmanagers")
    print(f"\nthe holder died: told behind Alertmanagers after {time.monotonic() - died:.1f} s", end="")
    tools.poll(lambda: told(direct, house.names[0][1]), "what it tells directly")
    print(f", directly after {time.monotonic() - died:.1f} s (ttl 3 s)", end="")

    # A shard dies: nobody tells, and Prometheus sees it.
    programs["1"].process.kill()
    died = house.damage(house.names[1][1])
    tools.poll(lambda: missing(observer, source) == 2, "two collections that nobody watches")
    print(f"\na shard died: seen by Prometheus after {time.monotonic() - died:.1f} s", end="")
    assert not told(behind, house.names[1][1]) and not told(direct, house.names[1][1])
    again = time.monotonic()
    programs["1"].start("--replay.shard=1/3")
    tools.poll(lambda: told(behind, house.names[1][1]) and told(direct, house.names[1][1]), "what was missed")
    print(f", and what it missed told {time.monotonic() - again:.1f} s after its restart")
    tools.never(lambda: len(told(direct, house.names[1][0])) > 1, "what went on before, told once more", 2)
    for name in sum(house.names, []):
        wanted = 1 if name in begun or name in (house.names[0][1], house.names[1][1]) else 0
        assert len(told(behind, name)) == min(wanted, 1), name
        assert len(told(direct, name)) == wanted, name
    for receiver in behind, direct:
        assert [len(told(receiver, name, "resolved")) for name in sum(house.names, [])] == [1, 0, 0, 0, 0, 0]


def test_the_example_is_a_prometheus_s(source, tmp_path):
    """As it is installed: its rules are where the package puts them."""
    need("promtool")
    text = (source / "docs/examples/prometheus.yml").read_text()
    rules = "/usr/share/driftwatch/driftwatch.rules.yaml"
    assert rules in text
    (tmp_path / "prometheus.yml").write_text(text.replace(rules, str(source / "dashboards/driftwatch.rules.yaml")))
    done = subprocess.run(["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
