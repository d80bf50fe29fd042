# SPDX-License-Identifier: Apache-2.0
"""The deployment gate as a pipeline runs it: the example workflow's own steps, on the demonstration's data."""
import json
import os
import pathlib
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
    chroma.upsert("original_agents", records["ids"], records["embeddings"], records["metadatas"])
    program = tools.Driftwatch(build, tmp_path / "demo")
    program.config["servers"] = [{"name": "main", "url": chroma.url}]
    program.config["collections"] = [{
        "name": "original_agents", "server": "main", "queries": str(directory / "queries.yaml"),
        "vectors": str(directory / "vectors.json")}]
    program.write()
    yield program
    chroma.drop("original_agents")


def damage(chroma, source):
    records = json.loads((source / "config/demo/records.json").read_text())
    chroma.delete("original_agents", [
        key for key, row in zip(records["ids"], records["metadatas"]) if row["filename"] == "frontend-architect.md"])


def pipeline(program, source, **environment):
    """Runs the gate's `run:` steps as GitHub's runner does: bash -e."""
    workflow = yaml.safe_load((source / "docs/examples/github-actions.yml").read_text())
    assert workflow["jobs"]["deploy"]["needs"] == "gate"
    script = "\n".join(step["run"] for step in workflow["jobs"]["gate"]["steps"] if "run" in step)
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script], cwd=program.directory, text=True,
        capture_output=True, timeout=60,
        env={**os.environ, "PATH": f"{program.program.parent}:{os.environ['PATH']}",
             "DRIFTWATCH_CONFIG": str(program.config_file), "GITHUB_ACTIONS": "true", **environment})


def validate(file):
    done = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("damaged", [False, True])
def test_the_example_workflow(demo, chroma, source, damaged):
    if damaged:
        damage(chroma, source)
    summary = demo.directory / "summary.md"
    summary.write_text("before\n")
    done = pipeline(demo, source, GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == int(damaged), done.stdout + done.stderr
    reports = demo.directory / "reports"
    verdict = "fail" if damaged else "pass"
    assert json.loads((reports / "retrieval.json").read_text())["verdict"] == verdict
    validate(reports / "retrieval.xml")
    assert ("<failure" in (reports / "retrieval.xml").read_text()) == damaged
    markdown = (reports / "retrieval.md").read_text()
    assert markdown.startswith(f"# driftwatch: {verdict}\n")
    assert summary.read_text() == "before\n" + markdown
    assert all(file.stat().st_mode & 0o777 == 0o644 for file in reports.iterdir())
    annotations = [row for row in done.stdout.splitlines() if row.startswith("::")]
    assert (1 < len(annotations) <= 10) if damaged else annotations == []


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


def test_usage(demo):
    done = demo.run("check", "--output=report.pdf")
    assert (done.returncode, done.stdout) == (2, "") and "report.pdf" in done.stderr
    done = demo.run("check", "--baseline")
    assert (done.returncode, done.stdout) == (2, "") and "driftwatch baseline propose" in done.stderr


def test_a_report_that_cannot_be_written(demo):
    done = demo.run("check", "--output=nosuch/report.json")
    assert done.returncode == 2 and "nosuch/report.json" in done.stderr
    assert "verdict: pass" in done.stdout
