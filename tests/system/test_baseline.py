# SPDX-License-Identifier: Apache-2.0
"""`driftwatch baseline` against a real Chroma: record, compare, approve, show; and what it refuses."""
import ctypes
import json
import shutil
import os
import re
import stat
import subprocess
import threading

import numpy
import pytest
import requests

import releases
import tools
import worlds

pytestmark = pytest.mark.releases(*releases.ALL)

DIMENSION = 24
OK, REFUSED, USAGE, UNMEASURED = 0, 1, 2, 3
AGENTS = [f"agent-{i}" for i in range(60)]


class World:
    """A collection of sixty agents and six queries, each nearest to one of the first six of them."""

    def __init__(self, chroma, driftwatch, name):
        self.chroma, self.driftwatch, self.name = chroma, driftwatch, name
        chroma.create(name)
        chroma.upsert(name, AGENTS, tools.unit_vectors(60, DIMENSION, seed=1), [{"n": i} for i in range(60)])
        records = chroma.vectors(name)
        self.questions = {f"q{i}": tools.at_distance(records[f"agent-{i}"], 0.4, seed=i) for i in range(6)}
        self.queries = [{"id": key, "text": f"Who is {key}?", "expect": {"ids": [f"agent-{key[1:]}"], "within": 3}}
                        for key in self.questions]
        driftwatch.server(chroma.url)
        driftwatch.watch(name, self.queries[:5], self.questions, timeout="2s")
        driftwatch.write()
        self.storage = driftwatch.state
        self.storage.mkdir()

    def run(self, *words):
        if words[:1] == ("propose",) and not any(word.startswith("--pause") for word in words):
            words += ("--pause=100ms",)
        return self.driftwatch.run("baseline", *words)

    def ok(self, *words):
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (OK, ""), done
        return done.stdout

    def approve(self, *flags, reason="reviewed"):
        return self.ok("approve", "--by", "Ada", "--reason", reason, *flags)

    def approved(self):
        """A first baseline that somebody approved."""
        self.ok("propose")
        self.approve()
        return self

    def json(self, word):
        return json.loads(self.ok(word, "--format=json"))

    def file(self, ending):
        return self.storage / "baselines" / f"{self.name}.{ending}"

    def files(self):
        return sorted(one.name.removeprefix(f"{self.name}.") for one in (self.storage / "baselines").iterdir())

    def bytes(self):
        return {one.name: one.read_bytes() for one in (self.storage / "baselines").iterdir()}


@pytest.fixture
def world(chroma, driftwatch, name):
    return World(chroma, driftwatch, name)


def test_propose_approve_show(world):
    said = world.ok("propose")
    assert "candidate 1: 5 queries, 3 replays, answers equal, 60 records" in said
    assert "WARNING" not in said
    assert "next: driftwatch baseline approve" in said
    assert world.files() == ["candidate.json"]
    alone = world.run("show")
    assert alone.returncode == USAGE and "there is no approved baseline" in alone.stderr
    assert world.json("diff")["diff"] is None, "without a baseline the candidate is shown alone"
    assert "baseline 1 is approved by Ada: reviewed" in world.approve()
    assert world.files() == ["1.json", "json"]
    assert world.file("1.json").read_bytes() == world.file("json").read_bytes()
    text = world.ok("show")
    assert "by Ada: reviewed" in text and all(f"q{i}" in text for i in range(5))
    shown = world.json("show")
    assert [query["id"] for query in shown["queries_recorded"]] == [f"q{i}" for i in range(5)]
    for query in shown["queries_recorded"]:
        assert query["distance"] == pytest.approx(0.4, abs=1e-5)
        assert (query["noise"], query["expected_rank"], query["outcome"]) == (0, 1, "pass")


def test_the_owner_of_the_directory_can_read_it(world):
    if os.geteuid() != 0:
        pytest.skip("only root writes for another user")
    os.chown(world.storage, 1234, 1235)
    world.approved()
    for path in [world.storage / "baselines", *(world.storage / "baselines").iterdir()]:
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (1234, 1235), path
        assert stat.S_IMODE(status.st_mode) & 0o007 == 0, path


@pytest.mark.parametrize("flags", [
    [], ["--by", "Ada"], ["--reason", "because"], ["--by", "", "--reason", "because"], ["--by", "Ada", "--reason", ""]])
def test_approval_needs_a_person_and_a_reason(world, flags):
    world.ok("propose")
    done = world.run("approve", *flags)
    assert done.returncode == USAGE
    assert "--by NAME and --reason TEXT" in done.stderr
    assert world.files() == ["candidate.json"]


def test_a_deleted_agent(world):
    world.approved()
    first = world.file("1.json").read_bytes()
    world.chroma.delete(world.name, ["agent-2"])
    said = world.ok("propose")
    assert re.search(r"WARNING: 1 query does not find its expected record.*\n    q2\n", said), said
    assert "REMOVED" in said and "next: driftwatch baseline diff" in said
    report = world.json("diff")
    assert report["cause"]["cause"] == "REMOVED"
    assert (report["diff"]["pass_to_fail"], report["diff"]["fail_to_pass"]) == (1, 0)
    assert report["diff"]["moved_up"] >= 1 and report["diff"]["moved_down"] == 0
    worst = report["diff"]["queries"][0]
    assert (worst["id"], worst["moved"], worst["before"], worst["after"]) == ("q2", "up", "pass", "fail")
    assert worst["shift"] > 0.1
    shifts = [max(query["shift"], query["mean_shift"]) for query in report["diff"]["queries"]]
    assert shifts == sorted(shifts, reverse=True)
    text = world.ok("diff")
    assert "pass to fail: 1" in text and re.search(r"Probable cause: REMOVED \(\d+ quer", text)
    assert 'Records gone: "agent-2".' in said and 'Records gone: "agent-2".' in text
    assert "| q2 |" in world.ok("diff", "--format=markdown")
    world.approve(reason="agent-2 was retired")
    assert world.files() == ["1.json", "2.json", "json"]
    assert world.file("1.json").read_bytes() == first, "old versions are kept as they are"
    assert "baseline 2:" in world.ok("show")


def test_what_the_index_does_by_itself_is_measured_again(world):
    """After a restart and an upsert of all records as they are; the answers stay what they were."""
    none = world.run("propose", "--floor")
    assert none.returncode == USAGE and "there is no approved baseline" in none.stderr
    said = world.ok("propose")
    before = json.loads(world.file("candidate.json").read_text())["baseline"]
    assert before["floor"] == {"measured": 1, "recall": 1, "places": 50, "moved": 0, "unreachable": 0}
    assert "index by itself, at worst: recall 1.000 of 50 places" in said
    world.chroma.shut_down()
    world.chroma.start()
    assert "in 2 measurements" in world.ok("propose", "--floor")
    records = world.chroma.vectors(world.name)
    rows = numpy.array([records[key] for key in AGENTS])
    world.chroma.upsert(world.name, AGENTS, rows, [{"n": i} for i in range(60)])
    assert "in 3 measurements" in world.ok("propose", "--floor")
    after = json.loads(world.file("candidate.json").read_text())["baseline"]
    assert after["floor"]["measured"] == 3
    assert {**after, "floor": None} == {**before, "floor": None}, "no answers are recorded"
    world.approve()
    assert "in 3 measurements; recall below" in world.ok("show")
    assert world.json("show")["floor"]["measured"] == 3


def test_what_is_approved_is_measured_again_under_the_next_number(world):
    world.approved()
    first = world.file("1.json").read_bytes()
    assert "candidate 2: its index by itself" in world.ok("propose", "--floor")
    assert "index by itself, at worst" in world.ok("diff")
    world.approve(reason="the same, and its floor")
    assert world.files() == ["1.json", "2.json", "json"] and world.file("1.json").read_bytes() == first
    assert world.json("show")["floor"]["measured"] == 2


@pytest.mark.parametrize("change", ["delete", "add", "edit"])
def test_another_content_tells_nothing_of_the_index(world, change):
    world.approved()
    if change == "delete":
        world.chroma.delete(world.name, ["agent-2"])
    else:
        key = "agent-2" if change == "edit" else "agent-new"
        world.chroma.upsert(world.name, [key], tools.unit_vectors(1, DIMENSION, seed=9), [{"n": 2}])
    before = world.bytes()
    done = world.run("propose", "--floor")
    assert done.returncode == REFUSED and "nothing is kept" in done.stderr, done
    assert world.bytes() == before


@pytest.mark.parametrize("flag", ["--fresh", "--new-only"])
def test_a_floor_goes_with_no_answers(world, flag):
    done = world.approved().run("propose", "--floor", flag)
    assert done.returncode == USAGE and "records no answers" in done.stderr


def test_another_distance_is_refused_unless_forced(world):
    world.approved()
    records = world.chroma.vectors(world.name)
    world.chroma.drop(world.name)
    world.chroma.create(world.name, "cosine")
    world.chroma.upsert(world.name, list(records), list(records.values()))
    assert "METRIC" in world.ok("propose")
    before = world.bytes()
    done = world.run("approve", "--by", "Ada", "--reason", "why")
    assert done.returncode == REFUSED
    assert "METRIC" in done.stderr and "--force" in done.stderr
    assert world.bytes() == before
    world.approve("--force")
    assert "by Ada by force: reviewed" in world.ok("show")
    assert json.loads(world.file("json").read_text())["baseline"]["forced"] is True


@pytest.mark.parametrize("flags", [[], ["--new-only"]])
def test_a_lost_index_is_refused_unless_forced(own_chroma, driftwatch, flags):
    scene = worlds.Scene(own_chroma, driftwatch, worlds.World(1))
    scene.fill()
    scene.approve()
    worlds.lose_index(scene)
    assert "INDEX_LOSS" in scene.baseline("propose", "--pause=100ms", *flags)
    words = "approve", "--by=Ada", "--reason=why"
    done = driftwatch.run("baseline", *words)
    assert done.returncode == REFUSED
    assert "INDEX_LOSS" in done.stderr and "--force" in done.stderr
    assert json.loads(scene.baseline("show", "--format=json"))["number"] == 1
    scene.baseline(*words, "--force")
    shown = json.loads(scene.baseline("show", "--format=json"))
    assert (shown["number"], shown["forced"]) == (2, True)


def test_a_running_daemon_takes_an_approval_up(world):
    """The first one, and the next; a damaged one is no reason to stop comparing."""
    world.driftwatch.start()
    url = f"{world.driftwatch.url}/api/v1/baseline?collection={world.name}"
    assert requests.get(url, timeout=10).status_code == 404
    for number in 1, 2:
        world.ok("propose")
        world.approve(reason=f"the {number}.")
        tools.poll(lambda: requests.get(url, timeout=10).json()["data"]["baseline"]["number"] == number, "the baseline")
        assert f"comparing with baseline {number}, approved by Ada: the {number}." in world.driftwatch.process.text()
    data = world.file("json").read_bytes()
    damaged = world.file("tmp")
    damaged.write_bytes(data[:-20])
    damaged.rename(world.file("json"))
    tools.poll(lambda: "is compared with baseline 2, which was read before" in world.driftwatch.process.text(),
               "the refusal")
    assert requests.get(url, timeout=10).json()["data"]["baseline"]["number"] == 2
    said = world.driftwatch.replay()["collections"][0]
    assert (said["verdict"], [one["kind"] for one in said["findings"]]) == ("unmeasured", ["baseline-unreadable"])
    assert "baseline 2 is compared with only until a restart" in said["findings"][0]["sentence"]


def test_a_damaged_baseline_is_told_at_every_door(world):
    """From the start of a daemon on, and until an older version is in force again."""
    world.approved()
    data = world.file("json").read_bytes()
    world.file("json").write_bytes(data[:-20])
    at = world.driftwatch
    at.config["alerting"] = {"rules": {"RetrievalReplayFailing": {"for": "0s"}}}
    at.write()
    at.start()
    sentence = f"The approved baseline of collection {world.name} cannot be read, so that nothing is compared with it"
    way_out = f"driftwatch baseline rollback 1 --collection {world.name} goes back to baseline 1, which can be read"
    report = at.replay()
    finding = report["collections"][0]["findings"][0]
    assert (report["verdict"], report["exit_status"], finding["kind"]) == ("unmeasured", 3, "baseline-unreadable")
    assert finding["sentence"].startswith(sentence) and way_out in finding["sentence"]
    assert at.metric("driftwatch_verdict", collection=world.name, verdict="unmeasured") == 1
    assert [one["labels"]["alertname"] for one in at.alerts()] == ["RetrievalReplayFailing"]
    assert way_out in at.alerts()[0]["annotations"]["description"]
    page = at.page()
    assert "unmeasured" in re.search("<title>(.*?)</title>", page)[1] and way_out in page
    assert way_out in at.get(f"/api/v1/report?collection={world.name}&format=markdown").text.replace("\\", "")
    response = at.get(f"/api/v1/baseline?collection={world.name}")
    assert response.status_code == 500 and way_out in response.json()["error"]
    done = subprocess.run([at.program, "status", f"--web.listen-address={at.url.removeprefix('http://')}"],
                          text=True, capture_output=True, timeout=10)
    assert done.returncode == UNMEASURED and "unmeasured" in done.stdout and sentence in done.stdout
    assert at.process.text().count(f"{world.name} is compared with nothing") == 1
    assert at.run("check").returncode == UNMEASURED

    world.ok("rollback", "1", "--by=Bob", "--reason=damaged", f"--collection={world.name}")
    tools.poll(lambda: at.metric("driftwatch_verdict", collection=world.name, verdict="pass") == 1, "the repair")
    assert not at.alerts()


def without_rights():
    """In a child: even root is held to what a file's mode says."""
    libc = ctypes.CDLL(None)
    for capability in 1, 2:  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.parametrize("closed", ["the file", "the directory"])
def test_a_baseline_that_may_not_be_read_is_not_ignored(world, closed):
    world.approved()
    assert world.driftwatch.run("check").returncode == 0
    what = world.file("json") if closed == "the file" else world.storage / "baselines"
    mode = what.stat().st_mode
    what.chmod(0)
    for form in "text", "json", "junit", "markdown", "github":
        done = world.driftwatch.run("check", f"--format={form}", preexec_fn=without_rights)
        assert (done.returncode, done.stderr) == (UNMEASURED, ""), done
        assert "Permission denied" in done.stdout and "unmeasured" in done.stdout
    what.chmod(mode)
    assert world.driftwatch.run("check", preexec_fn=without_rights).returncode == 0


def test_an_approval_is_noticed_at_the_next_replay_where_the_directory_is_another(world):
    """The daemon watches the one that was there when it started."""
    world.driftwatch.start()
    directory = world.storage / "baselines"
    directory.rename(world.storage / "before")
    world.approved()
    tools.never(lambda: "comparing with baseline 1" in world.driftwatch.process.text(), "a notice", 0.5)
    world.driftwatch.replay(world.name)
    tools.poll(lambda: "comparing with baseline 1" in world.driftwatch.process.text(), "the notice")
    assert world.driftwatch.replay(world.name)["verdict"] == "pass"


@pytest.fixture
def written_to(world):
    """A record is added every 50 ms."""
    ended = threading.Event()

    def ingest():
        number = 0
        while not ended.wait(0.05):
            number += 1
            world.chroma.upsert(world.name, [f"new-{number}"], tools.unit_vectors(1, DIMENSION, seed=number + 9),
                                [{"n": number}])
    thread = threading.Thread(target=ingest)
    thread.start()
    yield world
    ended.set()
    thread.join()


def test_an_ingest_that_does_not_end(written_to):
    done = written_to.run("propose", "--pause=1s", "--timeout=5s")
    assert done.returncode == UNMEASURED and not done.stdout
    assert "did not stand still" in done.stderr and "it changed last: records " in done.stderr, done.stderr
    assert not (written_to.storage / "baselines").exists()


def test_medians_of_a_collection_that_is_written_to_all_the_time(written_to):
    done = written_to.run("propose", "--pause=300ms", "--timeout=6s")
    assert done.returncode == 0, done.stderr
    assert "of a collection that is being written to" in done.stdout
    assert "did not stand still; the last change was: records " in done.stdout
    written_to.approve()
    assert written_to.json("show")["samples"] >= 8


def test_only_what_is_new(world):
    world.approved()
    world.chroma.delete(world.name, ["agent-2"])
    world.driftwatch.write_queries(world.name, world.queries)
    world.ok("propose", "--new-only")
    difference = world.json("diff")["diff"]
    assert (difference["added"], difference["removed"], difference["moved_up"]) == (1, 0, 0)
    world.approve()
    recorded = {query["id"]: query for query in world.json("show")["queries_recorded"]}
    assert list(recorded) == [f"q{i}" for i in range(6)]
    assert recorded["q2"]["distance"] == pytest.approx(0.4, abs=1e-5), "as it was approved, not as it is now"
    assert recorded["q5"]["distance"] == pytest.approx(0.4, abs=1e-5)


def test_what_is_newly_expected_is_told_apart_from_what_broke(world):
    """What is written into the query set is no change of retrieval."""
    for query in world.queries:
        del query["expect"]
    world.driftwatch.write_queries(world.name, world.queries[:5])
    world.approved()
    status, report = world.driftwatch.check()
    assert (status, report["verdict"]) == (OK, "pass"), "the baseline is the expectation"
    world.queries[0]["expect"] = {"ids": ["agent-0"], "within": 1}
    world.queries[1]["expect"] = {"ids": ["agent-59"]}
    world.queries[2]["expect"] = {"distance": {"max": 0.1}}
    world.queries[5]["expect"] = {"ids": ["agent-59"], "within": 1}
    world.driftwatch.write_queries(world.name, world.queries)
    world.chroma.delete(world.name, ["agent-3"])
    status, report = world.driftwatch.check()
    collection, = report["collections"]
    assert (status, report["verdict"]) == (REFUSED, "fail")
    assert collection["lists"] == {
        "pass_to_fail": ["q3"], "fail_to_pass": [], "newly_expected": ["q1", "q2"], "new": ["q5"], "known_failing": [],
        "passing_again": []}


def test_another_text_is_another_query(world):
    world.approved()
    changed = [dict(query, text="Who else?") if query["id"] == "q1" else query for query in world.queries[:5]]
    world.driftwatch.write_queries(world.name, changed)
    assert "WARNING: 1 query has another text than was approved and no vector of it" in world.ok("propose")
    difference = world.json("diff")["diff"]
    assert (difference["compared"], difference["added"], difference["removed"]) == (5, 0, 0)
    world.questions["q1"] = tools.at_distance(world.questions["q1"], 0.01)
    world.driftwatch.write_vectors(world.name, world.questions)
    world.ok("propose")
    difference = world.json("diff")["diff"]
    assert (difference["compared"], difference["added"], difference["removed"]) == (4, 1, 1)
    assert (difference["added_ids"], difference["removed_ids"]) == (["q1"], ["q1"])
    assert "new: q1\n" in world.ok("diff") and "gone: q1\n" in world.ok("diff")


def test_a_lost_file_does_not_cost_an_older_version(world):
    """Who removes LABEL.json starts anew, but the history of approvals stays."""
    world.approved()
    first = world.file("1.json").read_bytes()
    world.file("json").unlink()
    world.approved()
    assert world.files() == ["1.json", "2.json", "json"]
    assert world.file("1.json").read_bytes() == first


def test_an_interrupted_approval_is_repeated(world):
    """The version was written, LABEL.json was not; then both were, and the candidate stayed."""
    world.ok("propose")
    candidate = world.file("candidate.json").read_bytes()
    world.approve()
    world.file("json").unlink()
    world.file("candidate.json").write_bytes(candidate)
    world.approve()
    assert "baseline 2:" in world.ok("show")
    world.file("candidate.json").write_bytes(candidate)
    world.approve()
    assert world.files() == ["1.json", "2.json", "3.json", "json"]


@pytest.mark.parametrize("damage, sentence", [
    (lambda data: data[:len(data) // 2], ""),
    (lambda data: data.replace(b'"results": 10', b'"results": 11'), "does not match its sha256"),
    (lambda data: data.replace(b'"format": 2', b'"format": 3'), "reads formats 1 to 2"),
    (lambda data: b"", ""),
    (lambda data: b"[]", "is not a baseline"),
], ids=["cut", "edited", "newer", "empty", "other"])
def test_damaged_files_are_left_alone(world, damage, sentence):
    world.approved()
    world.ok("propose")
    data = world.file("json").read_bytes()
    assert damage(data) != data
    world.file("json").write_bytes(damage(data))
    before = world.bytes()
    for words in ["propose"], ["diff"], ["show"], ["approve", "--by", "Ada", "--reason", "why"]:
        done = world.run(*words)
        assert done.returncode == USAGE, words
        assert f"{world.name}.json" in done.stderr and sentence in done.stderr, done.stderr
        assert world.bytes() == before, words


def test_a_file_of_another_collection(world, chroma, driftwatch):
    world.approved()
    other = f"{world.name}_other"
    world.file("json").rename(world.storage / "baselines" / f"{other}.json")
    chroma.create(other)
    driftwatch.watch(other, world.queries, world.questions)
    driftwatch.write()
    done = world.run("show", "--collection", other)
    assert done.returncode == USAGE
    assert f'is a baseline of collection "{world.name}", not of "{other}"' in done.stderr


def test_a_copied_candidate_is_no_approval(world):
    world.ok("propose")
    world.file("json").write_bytes(world.file("candidate.json").read_bytes())
    done = world.run("show")
    assert done.returncode == USAGE and "was never approved" in done.stderr


def test_unreachable_servers_are_not_measured(own_chroma, driftwatch, name):
    world = World(own_chroma, driftwatch, name)
    own_chroma.stop()
    done = world.run("propose")
    assert done.returncode == UNMEASURED and own_chroma.url in done.stderr
    assert not (world.storage / "baselines").exists()


@pytest.mark.parametrize("words", [[], ["judge"], ["diff", "--format=xml"], ["show", "--format=markdown"]])
def test_usage(world, words):
    done = world.run(*words)
    assert done.returncode == USAGE and done.stderr and not done.stdout


def test_new_vectors_are_pinned_when_they_are_asked_for(world):
    world.approved()
    vectors = {key: tools.at_distance(row, 0.1, seed=9) for key, row in world.questions.items()}
    world.driftwatch.write_vectors(world.name, vectors)
    world.ok("propose")
    assert world.json("diff")["diff"]["moved_up"] == 0, "approved vectors win"
    world.ok("propose", "--fresh")
    moved = world.json("diff")["diff"]
    assert moved["moved_up"] + moved["moved_down"] == 5


def versions(world):
    """By number; the candidate has none of its own yet."""
    return {one["number"] if one["approved"] else None: one for one in world.json("list")["versions"]}


def test_versions_are_listed_and_one_is_in_force_again(world):
    assert "none yet" in world.ok("list")
    world.approved()
    world.ok("propose")
    world.approve(reason="the\nsecond")
    world.ok("propose")
    assert [(one["number"], one["state"]) for one in versions(world).values()] == [
        (1, "earlier"), (2, "in force"), (3, "candidate")], "which would become the third"
    table = world.ok("list").splitlines()
    assert [row.split()[0] for row in table[2:]] == ["1", "2", "-"]
    assert "in force" in table[3] and table[3].endswith("Ada: the second")

    first, kept = world.file("1.json").read_bytes(), world.file("candidate.json").read_bytes()
    said = world.ok("rollback", "1", "--by=Bob", "--reason=too early", f"--collection={world.name}")
    assert "baseline 3 is baseline 1 again, approved by Bob: too early" in said
    listed = versions(world)
    assert listed[3]["state"] == "in force" and (listed[3]["restores"], listed[1]["restores"]) == (1, None)
    assert listed[3]["approved_by"] == "Bob" and listed[1]["approved_by"] == "Ada"
    assert world.file("1.json").read_bytes() == first, "history stays"
    assert world.file("candidate.json").read_bytes() == kept
    shown = world.json("show")
    assert (shown["number"], shown["queries"]) == (3, 5)


@pytest.mark.parametrize("words, said", [
    (["7"], "has no baseline 7"), ([], "needs the number of a version"), (["-1"], "not a flag"),
    (["one"], "needs the number of a version"), (["1", "2"], "one argument too many")])
def test_what_cannot_be_rolled_back(world, words, said):
    world.approved()
    before = world.bytes()
    done = world.run("rollback", *words, "--by=Bob", "--reason=why", f"--collection={world.name}")
    assert (done.returncode, done.stdout) == (USAGE, "") and said in done.stderr
    assert world.bytes() == before


def test_a_rollback_needs_a_person_and_a_collection(world):
    world.approved()
    assert "--by NAME" in world.run("rollback", "1", f"--collection={world.name}").stderr
    done = world.run("rollback", "1", "--by=Bob", "--reason=why")
    assert done.returncode == USAGE and "--collection" in done.stderr


def test_the_gate_takes_the_baseline_of_the_repository(world, tmp_path):
    world.approved()
    mine = tmp_path / "approved.json"
    mine.write_bytes(world.file("json").read_bytes())
    shutil.rmtree(world.storage)
    flags = "check", "--baseline", "--format=json"
    assert world.driftwatch.run(*flags).returncode == UNMEASURED, "there is none in the storage"
    done = world.driftwatch.run(*flags, f"--baseline.file={mine}")
    assert done.returncode == OK, done.stderr
    query = json.loads(done.stdout)["collections"][0]["queries"][0]
    assert query["baseline_distance"] == pytest.approx(0.4, abs=1e-5)

    mine.write_text(mine.read_text().replace("Ada", "Eve"))
    done = world.driftwatch.run(*flags, f"--baseline.file={mine}")
    assert done.returncode == USAGE and f"{mine}: was damaged or edited" in done.stderr
    mine.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n")
    done = world.driftwatch.run(*flags, f"--baseline.file={mine}")
    assert done.returncode == USAGE and f"{mine} is a Git LFS pointer" in done.stderr
    done = world.driftwatch.run(*flags, f"--baseline.file={mine}.none")
    assert done.returncode == USAGE and "No such file" in done.stderr


def test_a_baseline_file_of_another_collection_is_no_baseline(world, tmp_path):
    world.approved()
    mine = tmp_path / "approved.json"
    mine.write_bytes(world.file("json").read_bytes())
    world.driftwatch.config["collections"][0]["label"] = "renamed"
    world.driftwatch.write()
    done = world.driftwatch.run("check", f"--baseline.file={mine}")
    assert done.returncode == USAGE
    assert f'{mine}: is a baseline of collection "{world.name}", which is not checked' in done.stderr


def document(world, **documents):
    """Gives records documents and metadata."""
    world.chroma.call("POST", f"/{world.chroma.id(world.name)}/update", {
        "ids": list(documents), "documents": list(documents.values()),
        "metadatas": [{"file": f"{key}.md"} for key in documents]})


def test_what_is_approved_is_seen(world):
    """The first words of what was found, its expected metadata, and where a lost record stands."""
    document(world, **{"agent-0": "Zero answers\n\nquestions about \u202eholidays." + " And more." * 20})
    world.queries[0]["expect"] = {"metadata": {"file": "agent-0.md"}}
    world.queries[1]["expect"] = {"metadata": {"n": 59}}
    world.queries[2]["expect"] = {"ids": ["nobody"]}
    world.driftwatch.write_queries(world.name, world.queries[:5])
    said = world.ok("propose")
    assert re.search(r"^  pass q0\n    1\. agent-0 \(file: agent-0\.md\) Zero answers questions about holidays\. And ",
                     said, re.MULTILINE), said
    line = next(row for row in said.splitlines() if row.startswith("    1. agent-0 "))
    assert line.endswith("…") and len(line.split(".md) ")[1].encode()) <= 80
    rank = int(re.search(r"fail q1: its expected record is rank (\d+)\n", said).group(1))
    records = world.chroma.vectors(world.name)
    near = sorted(records, key=lambda key: numpy.sum((records[key] - world.questions["q1"]) ** 2))
    assert rank == near.index("agent-59") + 1 > 10
    assert "fail q2: its expected record is not among the first 60\n" in said

    # From here on the files say it, without a server.
    world.approve("--force")
    world.driftwatch.config["servers"][0]["url"] = "http://127.0.0.1:9"
    world.driftwatch.write()
    shown = world.json("show")["queries_recorded"]
    assert shown[0]["answers"][0]["words"].startswith("Zero answers questions about holidays.")
    assert shown[0]["answers"][0]["metadata"] == "file: agent-0.md"
    assert [(one["deep_rank"], one["searched"]) for one in shown[:3]] == [(None, None), (rank, 60), (None, 60)]
    assert f"expected record: rank {rank}\n" in world.ok("show")


def test_a_server_without_documents_leaves_a_candidate(world):
    said = world.ok("propose")
    assert "    1. agent-0\n" in said, "only the id, where there is no document"
