# SPDX-License-Identifier: Apache-2.0
"""What pipelines' files may say: the kit's, and this project's own workflow. test_pipeline.py of the system tests runs
them."""
import re
import subprocess

import pytest
import yaml

YAMLLINT = ("{extends: default, rules: {line-length: {max: 120}, document-start: disable, "
            "truthy: {check-keys: false}, comments: {min-spaces-from-content: 1}}}")
WORKFLOW = {"name", "on", "permissions", "concurrency", "jobs"}
EVENTS = {"push", "pull_request", "workflow_dispatch", "schedule"}
JOB = {"name", "if", "needs", "runs-on", "container", "timeout-minutes", "permissions", "strategy", "env", "steps"}
STEP = {"name", "if", "uses", "with", "run", "env", "shell", "continue-on-error", "working-directory"}
# Each action by its commit, everywhere the same: a tag can be moved.
PINNED = re.compile(r"actions/[a-z-]+@[0-9a-f]{40}")
MAY_WRITE = {("config/ci/github/gate.yml", "gate"): {"contents": "read", "pull-requests": "write"}}


def workflow_of(text):
    """YAML 1.1 takes the key `on` for a boolean."""
    workflow = yaml.safe_load(text)
    return {("on" if key is True else key): value for key, value in workflow.items()}


def wrong_step(step, composite):
    """Why a step is not as it should be; None when it is."""
    if step.keys() - STEP:
        return f"unknown: {sorted(step.keys() - STEP)}"
    if ("run" in step) == ("uses" in step):
        return "either run or uses"
    if "uses" in step and not PINNED.fullmatch(step["uses"]) and step["uses"] != "./ci/driftwatch":
        return f"not pinned by a commit: {step['uses']}"
    if "checkout" in step.get("uses", "") and step.get("with", {}).get("persist-credentials") is not False:
        return "the checkout keeps the token"
    if "${{" in step.get("run", ""):
        return "an expression becomes a part of the script: anybody's text would be run"
    if composite and "run" in step and "shell" not in step:
        return "a composite action has to name its shell"
    return None


def wrong_workflow(name, text):
    """Everything that is not as it should be."""
    workflow = workflow_of(text)
    found = [f"unknown: {key}" for key in workflow.keys() - WORKFLOW]
    found += [f"unknown event: {key}" for key in workflow["on"].keys() - EVENTS]
    found += [] if workflow.get("permissions") == {"contents": "read"} else ["permissions: not contents: read"]
    for row in workflow["on"].get("schedule", []):
        found += [] if len(row["cron"].split()) == 5 else [f"cron: {row['cron']}"]
    for job_name, job in workflow["jobs"].items():
        found += [f"{job_name}: unknown: {key}" for key in job.keys() - JOB]
        found += [f"{job_name}: no {key}" for key in ("runs-on", "timeout-minutes", "steps") if key not in job]
        if job.get("needs", job_name) not in workflow["jobs"]:
            found.append(f"{job_name}: needs {job['needs']}")
        if job.get("permissions", {"contents": "read"}) != MAY_WRITE.get((name, job_name), {"contents": "read"}):
            found.append(f"{job_name}: permissions {job['permissions']}")
        found += [f"{job_name}: {wrong}" for step in job.get("steps", []) if (wrong := wrong_step(step, False))]
    return found


@pytest.fixture(scope="module")
def workflows(texts):
    found = {name: text for name, text in texts.items()
             if re.fullmatch(r"(\.github/workflows|config/ci/github)/\w+\.yml", name)}
    assert len(found) == 4
    return found


def test_yaml_is_content(source):
    done = subprocess.run(["yamllint", "--strict", "-d", YAMLLINT, ".github", "config/ci"], cwd=source,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_workflows(workflows):
    assert {name: wrong for name, text in workflows.items() if (wrong := wrong_workflow(name, text))} == {}


def test_the_action(texts):
    action = yaml.safe_load(texts["config/ci/action.yml"])
    assert action.keys() == {"name", "description", "inputs", "runs"} and action["runs"]["using"] == "composite"
    assert [wrong for step in action["runs"]["steps"] if (wrong := wrong_step(step, True))] == []
    used = set(re.findall(r"inputs\.([\w-]+)", texts["config/ci/action.yml"]))
    assert used == action["inputs"].keys()


def test_an_action_has_one_commit(texts, workflows):
    pins = {}
    for text in [*workflows.values(), texts["config/ci/action.yml"]]:
        for action, commit, version in re.findall(r"uses: (actions/[a-z-]+)@(\w+) # (v[\d.]+)$", text, re.MULTILINE):
            pins.setdefault(action, set()).add((commit, version))
    assert len(pins) == 2 and all(len(commits) == 1 for commits in pins.values()), pins


@pytest.mark.parametrize("change, complaint", [
    (("@11bd71901bbe5b1630ceea73d27597364c9af683", "@v4"), "not pinned"),
    (("persist-credentials: false", "persist-credentials: true"), "keeps the token"),
    (("run: sh deploy.sh", "run: echo ${{ github.head_ref }}"), "anybody's text"),
    (("permissions:\n  contents: read", "permissions: write-all"), "permissions"),
    (("    timeout-minutes: 20\n", ""), "no timeout-minutes"),
    (("pull_request:\n", "pull_request_target:\n"), "unknown event"),
    (("pull-requests: write", "issues: write"), "permissions"),
    (("needs: gate", "needs: gates"), "needs gates"),
])
def test_what_is_wrong_is_noticed(workflows, change, complaint):
    name = "config/ci/github/gate.yml"
    text = workflows[name]
    assert change[0] in text
    wrong = wrong_workflow(name, text.replace(*change))
    assert any(complaint in one for one in wrong), wrong


def test_shell_is_content(source, files, texts, workflows):
    """The kit's scripts, and what stands in YAML."""
    kit = [name for name in files if name.startswith("config/ci/") and name.endswith(".sh")]
    steps = [step for text in workflows.values() for job in workflow_of(text)["jobs"].values() for step in job["steps"]]
    steps += yaml.safe_load(texts["config/ci/action.yml"])["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    scripts += ["\n".join(job["script"]) for job in yaml.safe_load(texts["config/ci/gitlab.yml"]).values()
                if "script" in job]
    assert len(kit) == 5 and len(scripts) > 10
    for arguments, script in [(["-x", *kit], None), *((["-s", "sh", "-"], script) for script in scripts)]:
        done = subprocess.run(["shellcheck", *arguments], input=script, cwd=source, capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, done.stdout


def test_settings_are_documented(texts):
    """Each variable that a script reads stands in its head and in the document, and no other does."""
    names = re.compile(r"\b(?:DRIFTWATCH|GITHUB|CURL)_[A-Z_]+\b")
    read = set()
    for script in "gate", "ingest", "nightly", "comment":
        text = texts[f"config/ci/{script}.sh"]
        head, body = text.split("set -eu\n")
        told = set(re.findall(r"^# ((?:DRIFTWATCH|GITHUB|CURL)_[A-Z_]+)", head, re.MULTILINE))
        used = {name for name in names.findall(body) if not name.startswith("GITHUB_") or name == "GITHUB_TOKEN"}
        assert {name.removesuffix("_FILE") for name in used} <= told, script
        read |= told
    table = set(re.findall(r"^\| `([A-Z_]+)`", texts["docs/pipeline.md"], re.MULTILINE))
    assert table == read
