# SPDX-License-Identifier: Apache-2.0
"""The deployment gate on the demonstration's data; test_pipeline.py has the workflows around it."""
import json
import os
import pathlib
import re
import subprocess

import pytest
import yaml

import tools

SCHEMA = pathlib.Path(__file__).parent / "junit.xsd"


@pytest.fixture
def demo(chroma, build, source, tmp_path):
    """The program watching the demonstration's collection, freshly filled."""
    directory = source / "config" / "demo"
    records = json.loads((directory / "records.json").read_text())
    chroma.create("original_agents")
    chroma.upsert("original_agents", records["ids"], records["embeddings"], records["metadatas"],
                  records["documents"])
    program = tools.Driftwatch(build, tmp_path / "demo")
    program.config["servers"] = [{"name": "main", "url": chroma.url}]
    program.config["collections"] = [{
        "name": "original_agents", "server": "main", "queries": str(directory / "queries.yaml"),
        "vectors": str(directory / "vectors.json")}]
    program.write()
    yield program
    assert program.stop() == 0
    chroma.drop("original_agents")


def damage(chroma, source):
    records = json.loads((source / "config/demo/records.json").read_text())
    chroma.delete("original_agents", [
        key for key, row in zip(records["ids"], records["metadatas"]) if row["filename"] == "frontend-architect.md"])


def pipeline(program, source, **environment):
    return subprocess.run(
        ["sh", source / "config/ci/gate.sh", f"--config.file={program.config_file}"], cwd=program.directory, text=True,
        capture_output=True, timeout=60,
        env={**os.environ, "PATH": f"{program.program.parent}:{os.environ['PATH']}",
             "STATE_DIRECTORY": str(program.state), "GITHUB_ACTIONS": "true", **environment})


def validate(file):
    done = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("damaged", [False, True])
def test_on_github(demo, chroma, source, damaged):
    if damaged:
        damage(chroma, source)
    summary = demo.directory / "summary.md"
    summary.write_text("before\n")
    done = pipeline(demo, source, GITHUB_STEP_SUMMARY=str(summary), GITHUB_WORKSPACE=str(source))
    assert done.returncode == int(damaged), done.stdout + done.stderr
    reports = demo.directory / "driftwatch-reports"
    verdict = "fail" if damaged else "pass"
    assert json.loads((reports / "retrieval.json").read_text())["verdict"] == verdict
    validate(reports / "retrieval.xml")
    assert ("<failure" in (reports / "retrieval.xml").read_text()) == damaged
    markdown = (reports / "retrieval.md").read_text()
    assert markdown.startswith(f"# driftwatch: {verdict} (44 queries: ") and markdown.count("\n# ") == 0
    assert ("\n| fail |" in markdown) == damaged and "<details><summary>" in markdown
    assert summary.read_text() == "before\n" + markdown
    assert all(file.stat().st_mode & 0o777 == 0o644 for file in reports.iterdir())
    annotations = [row for row in done.stdout.splitlines() if row.startswith("::")]
    assert (1 < len(annotations) <= 10) if damaged else annotations == []
    lines = (source / "config/demo/queries.yaml").read_text().splitlines()
    for row in annotations[1:-1]:
        place = re.match(r"::error file=config/demo/queries\.yaml,line=(\d+),title=original_agents / ([^:]+)::", row)
        assert f"id: {place[2]}" in lines[int(place[1]) - 1], row


def test_what_was_found_is_shown(demo, chroma, source):
    """Of a query that fails: its first answers with their first words, and those of the baseline."""
    for words in ["propose", "--pause=100ms"], ["approve", "--by=Ada", "--reason=as built"]:
        assert demo.run("baseline", *words).returncode == 0
    assert "1. " not in demo.run("check").stdout, "nothing is shown of what passes"
    damage(chroma, source)
    done = demo.run("check", "--output=gate.json")
    assert (done.returncode, done.stderr) == (1, "")
    below = done.stdout.split("\n  fail ")[1].splitlines()[1:8]
    assert below[0] == "      expected record: not among the first 100"
    assert re.fullmatch(r" {6}was 1\. frontend-architect\.md#\d \(filename: frontend-architect\.md\) .*", below[1])
    assert re.fullmatch(r" {6}now 1\. \S+\.md#\d \(filename: \S+\.md\) \w+.*", below[4]), below
    queries = json.loads((demo.directory / "gate.json").read_text())["collections"][0]["queries"]
    for query in queries:
        assert (query["answers"] is None) == (query["outcome"] == "pass")
    worst = next(query for query in queries if query["outcome"] == "fail")
    assert [one["id"] for one in worst["answers"]] == worst["ids"][:3] and worst["answers"][0]["words"]


def test_unmeasured_junit_is_valid(demo):
    demo.config["servers"][0]["url"] = f"http://127.0.0.1:{tools.free_port()}"
    demo.write()
    done = demo.run("check", "--format=junit")
    assert done.returncode == 3
    file = demo.directory / "out.xml"
    file.write_text(done.stdout)
    validate(file)
    assert "<error" in done.stdout and "<failure" not in done.stdout


def test_annotations_leave_json_alone(demo, chroma, source):
    damage(chroma, source)
    done = subprocess.run(
        [demo.program, "check", f"--config.file={demo.config_file}", "--format=json"], text=True, capture_output=True,
        env={**os.environ, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": ""}, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (1, "fail")
    assert done.stderr.startswith("::error ")


@pytest.mark.parametrize("flags, word", [
    (["--output=report.pdf"], "report.pdf"), (["--override=the old one is worse"], "--by"),
    (["--by=Ada"], "--override"), (["--override=", "--by=Ada"], "--override"),
    (["--override=x", "--by="], "--by"), (["--min-pass=1.1"], "--min-pass")])
def test_usage(demo, flags, word):
    done = demo.run("check", *flags)
    assert (done.returncode, done.stdout) == (2, "") and word in done.stderr


@pytest.mark.parametrize("file", ["::error::x", " ::error::x", "##[error]x", "a\n::error::x"])
def test_the_runner_obeys_no_complaint(build, tmp_path, file):
    """Which begins with the name of the file that it is about."""
    (tmp_path / file).write_text("unknown: 1")
    done = subprocess.run([pathlib.Path(build) / "driftwatch", "validate", f"--config.file={file}"], text=True,
                          capture_output=True, env={**os.environ, "GITHUB_ACTIONS": "true"}, cwd=tmp_path, timeout=60,
                          check=False)
    assert done.returncode == 2 and "x:1:1: unknown: " in done.stderr
    assert not re.search(r"^\s*::|##\[", done.stderr, re.MULTILINE), done.stderr


FORMATS = ["text", "json", "junit", "markdown", "github"]


def test_a_baseline_that_is_demanded_and_missing_leaves_it_unmeasured(demo):
    for name in FORMATS:
        done = demo.run("check", "--baseline", f"--format={name}")
        assert (done.returncode, done.stderr) == (3, "")
        assert "driftwatch baseline propose" in done.stdout and "unmeasured" in done.stdout, name
    assert demo.run("check").returncode == 0


def test_a_baseline_that_cannot_be_read_is_not_ignored(demo):
    assert demo.run("baseline", "propose", "--pause=100ms").returncode == 0
    assert demo.run("baseline", "approve", "--by=Ada", "--reason=as built").returncode == 0
    file = demo.state / "baselines/original_agents.json"
    file.write_bytes(file.read_bytes()[:-100])
    for name in FORMATS:
        done = demo.run("check", f"--format={name}")
        assert done.returncode == 3
        assert "cannot be read, so that nothing is compared" in done.stdout and "unmeasured" in done.stdout, name
        assert "baseline rollback 1 --collection" in done.stdout.replace("\\_", "_"), name
    assert demo.run("check", "--no-baseline").returncode == 0


def test_an_override_lets_through_and_says_who_did(demo, chroma, source):
    damage(chroma, source)
    for name in FORMATS:
        done = demo.run("check", f"--format={name}", "--override=the old index is worse", "--by=Ada Lovelace")
        assert done.returncode == 0
        assert done.stderr == ("driftwatch: the verdict is fail, and Ada Lovelace lets it through: "
                               "the old index is worse\n")
        assert "Ada Lovelace" in done.stdout and "the old index is worse" in done.stdout and "fail" in done.stdout
    file = demo.directory / "out.xml"
    file.write_text(demo.run("check", "--format=junit", "--override=x", "--by=Ada").stdout)
    validate(file)
    done = demo.run("check", "--format=json", "--override=x", "--by=Ada")
    report = json.loads(done.stdout)
    assert (report["verdict"], report["exit_status"]) == ("fail", 0)
    assert report["override"] == {"reason": "x", "by": "Ada"}


def test_a_share_may_be_enough(demo, chroma, source):
    damage(chroma, source)
    _, report = demo.check()
    queries = report["collections"][0]["queries"]
    share = sum(query["outcome"] == "pass" for query in queries) / len(queries)
    assert 0.5 < share < 1
    assert demo.check(f"--min-pass={share - 0.01:.3f}")[0] == 0
    assert demo.check(f"--min-pass={share + 0.01:.3f}")[0] == 1


def known_failing(demo, source, ids, until):
    """Marks these queries as known to fail until that day."""
    queries = yaml.safe_load((source / "config/demo/queries.yaml").read_text())["queries"]
    for query in queries:
        if query["id"] in ids:
            query["known_failing"] = {"reason": "the page moved", "until": until}
    demo.write_queries("known", queries)
    demo.config["collections"][0]["queries"] = "known.queries.yaml"
    demo.write()


def test_what_is_known_to_fail_stops_nothing_until_its_day(demo, chroma, source):
    damage(chroma, source)
    _, report = demo.check()
    ids = [query["id"] for query in report["collections"][0]["queries"] if query["outcome"] == "fail"]
    known_failing(demo, source, ids, "2099-12-31")
    status, report = demo.check()
    collection, = report["collections"]
    assert (status, report["verdict"], collection["verdict"]) == (0, "pass", "pass")
    assert collection["lists"]["known_failing"] == ids
    assert {query["outcome"] for query in collection["queries"] if query["id"] in ids} == {"fail"}
    for name in FORMATS:
        assert "the page moved" in demo.run("check", f"--format={name}").stdout
    file = demo.directory / "out.xml"
    file.write_text(demo.run("check", "--format=junit").stdout)
    validate(file)
    assert f'failures="0" errors="0" skipped="{len(ids)}"' in file.read_text()
    known_failing(demo, source, ids, "2020-12-31")
    status, report = demo.check()
    assert (status, report["collections"][0]["lists"]["known_failing"]) == (1, [])


def test_a_set_that_is_known_to_fail_is_never_green(demo, source):
    queries = yaml.safe_load((source / "config/demo/queries.yaml").read_text())["queries"]
    known_failing(demo, source, [query["id"] for query in queries], "2099-12-31")
    status, report = demo.check()
    assert (status, report["verdict"]) == (3, "unjudged")
    for name in set(FORMATS) - {"json"}:
        assert "every query is known to fail" in demo.run("check", f"--format={name}").stdout
    assert 'errors="1"' in demo.run("check", "--format=junit").stdout
    demo.start()
    assert demo.replay("original_agents")["verdict"] == "unjudged"
    assert demo.metric("driftwatch_verdict", collection="original_agents", verdict="unjudged") == 1
    assert "every query is known to fail" in demo.page()
    done = subprocess.run([demo.program, "status", f"--web.listen-address={demo.url.removeprefix('http://')}"],
                          text=True, capture_output=True, timeout=30)
    assert (done.returncode, "every query is known to fail" in done.stdout) == (3, True), done


def test_what_passes_again_is_told(demo, source):
    known_failing(demo, source, ["react-hooks"], "2099-12-31")
    status, report = demo.check()
    assert (status, report["collections"][0]["lists"]["passing_again"]) == (0, ["react-hooks"])
    for name in FORMATS:
        assert "react-hooks" in demo.run("check", f"--format={name}").stdout
    demo.start()
    demo.replay("original_agents")
    assert "passes, although it is known to fail until 2099-12-31: the page moved" in demo.page()


def test_a_report_that_cannot_be_written(demo):
    done = demo.run("check", "--output=nosuch/report.json")
    assert done.returncode == 2 and "nosuch/report.json" in done.stderr
    assert "verdict: pass" in done.stdout
