# SPDX-License-Identifier: Apache-2.0
"""Runs pipelines' files as their runners do, as far as those of this project go: GitHub's workflows and composite
actions, and the jobs of GitLab CI. What these do not use is refused, not ignored."""
import json
import pathlib
import re
import subprocess

import yaml

TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][\w.-]*)|(==|!=|&&|\|\||[!()]))")
STATUS = re.compile(r"\b(success|failure|always|cancelled)\(")
# `shell:`, without it, and how the runner calls it.
SHELLS = {"sh": ["sh", "-e"], None: ["bash", "-e"]}


class Expression:
    """`${{ ... }}`: strings, contexts, status functions, comparison and logic."""

    def __init__(self, text, contexts, failed):
        self.contexts, self.failed = contexts, failed
        self.tokens, at = [], 0
        text = text.strip()
        while at < len(text):
            found = TOKEN.match(text, at)
            assert found, f"{text!r} is beyond this runner at {text[at:]!r}"
            self.tokens.append(found.group(0).strip())
            at = found.end()

    def take(self, *wanted):
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else None

    def value(self):
        found = self.disjunction()
        assert not self.tokens, f"left over: {self.tokens}"
        return found

    def disjunction(self):
        found = self.conjunction()
        while self.take("||"):
            other = self.conjunction()
            found = found or other
        return found

    def conjunction(self):
        found = self.comparison()
        while self.take("&&"):
            other = self.comparison()
            found = found and other
        return found

    def comparison(self):
        found = self.operand()
        while sign := self.take("==", "!="):
            found = (found == self.operand()) == (sign == "==")
        return found

    def operand(self):
        if self.take("!"):
            return not self.operand()
        if self.take("("):
            found = self.disjunction()
            assert self.take(")")
            return found
        token = self.tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if self.take("("):
            assert self.take(")")
            return {"success": not self.failed, "failure": self.failed, "always": True, "cancelled": False}[token]
        found = self.contexts
        for name in token.split("."):
            found = found.get(name, "") if isinstance(found, dict) else ""
        return found


def expand(value, contexts, failed=False):
    """A value of the YAML file as text, its expressions evaluated."""
    def evaluate(match):
        found = Expression(match[1], contexts, failed).value()
        return str(found).lower() if isinstance(found, bool) else str(found)
    return re.sub(r"\$\{\{(.*?)\}\}", evaluate, str(value))


def holds(condition, contexts, failed):
    """Of `if:`: without a status function it is a condition of success."""
    if condition is None:
        return not failed
    found = re.fullmatch(r"\$\{\{(.*)\}\}", condition)
    assert found, f"{condition}: not written as an expression"
    value = Expression(found[1], contexts, failed).value()
    return bool(value) and (bool(STATUS.search(condition)) or not failed)


class Job:
    """What came of it: `result`, the `log` of its steps by name or number, `kept` files by the name of the artefact."""

    def __init__(self):
        self.result, self.log, self.statuses, self.kept, self.used = "success", {}, {}, {}, []


class GitHub:
    """A runner with a checkout as its workspace, and what GitHub would say of an event."""

    def __init__(self, workspace, event_name="push", event=None, environment=None, **contexts):
        self.workspace = pathlib.Path(workspace)
        self.environment = environment or {}
        self.summary = self.workspace.parent / "summary.md"
        self.summary.write_text("")
        payload = self.workspace.parent / "event.json"
        payload.write_text(json.dumps(event or {}))
        self.contexts = {
            "github": {"event_name": event_name, "event": event or {}, "repository": "team/search", "ref": "refs/x",
                       "triggering_actor": "ada", "token": "token-of-the-run"},
            "inputs": {}, "vars": {}, "secrets": {}, **contexts}
        self.variables = {
            "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(workspace), "GITHUB_RUN_ID": "17",
            "GITHUB_REPOSITORY": "team/search", "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_EVENT_PATH": str(payload)}

    def run(self, file):
        """Each job of the workflow in its order: {name: Job}."""
        workflow = yaml.safe_load(pathlib.Path(file).read_text())
        done = {}
        for name, job in workflow["jobs"].items():
            done[name] = one = Job()
            needed = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            failed = any(done[other].result != "success" for other in needed)
            if not holds(job.get("if"), self.contexts, failed):
                one.result = "skipped"
                continue
            self.variables.update(GITHUB_WORKFLOW=workflow["name"], GITHUB_JOB=name)
            if not self.steps(job["steps"], one, self.contexts, job.get("env", {}), {}):
                one.result = "failure"
        return done

    def steps(self, steps, job, contexts, env, extra):
        """Whether all went well."""
        failed = False
        for step in steps:
            if not holds(step.get("if"), contexts, failed):
                continue
            well = self.step(step, job, contexts, {**env, **step.get("env", {})}, extra)
            failed |= not well and not step.get("continue-on-error", False)
        return not failed

    def step(self, step, job, contexts, env, extra):
        if "run" in step:
            variables = {key: expand(value, contexts) for key, value in env.items()}
            return self.shell(step, job, {**variables, **extra})
        arguments = {key: expand(value, contexts) for key, value in step.get("with", {}).items()}
        if step["uses"].startswith("./"):
            directory = self.workspace / step["uses"]
            action = yaml.safe_load((directory / "action.yml").read_text())
            known = action["inputs"]
            assert arguments.keys() <= known.keys(), arguments
            assert all(name in arguments for name, one in known.items() if one.get("required"))
            inputs = {name: arguments.get(name, expand(one.get("default", ""), contexts))
                      for name, one in known.items()}
            assert action["runs"]["using"] == "composite"
            assert all("shell" in one for one in action["runs"]["steps"] if "run" in one)
            return self.steps(action["runs"]["steps"], job, {**contexts, "inputs": inputs}, env,
                              {"GITHUB_ACTION_PATH": str(directory)})
        job.used.append(step["uses"])
        if step["uses"].startswith("actions/upload-artifact@"):
            path = self.workspace / arguments["path"]
            job.kept[arguments["name"]] = {file.name: file.read_text() for file in path.glob("*")}
        else:
            assert step["uses"].startswith("actions/checkout@"), step
        return True

    def shell(self, step, job, variables):
        name = step.get("name", step["run"].strip())
        script = self.workspace.parent / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            [*SHELLS[step.get("shell")], script], cwd=self.workspace / step.get("working-directory", "."),
            env={**self.environment, **self.variables, **variables}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=120, check=False)
        job.log[name], job.statuses[name] = done.stdout, done.returncode
        return done.returncode == 0


def merged(base, over):
    """As GitLab's `extends` merges: mappings deeply, all else replaced."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {**base, **{key: merged(base[key], value) if key in base else value for key, value in over.items()}}


class GitLab:
    """A runner of single jobs of a .gitlab-ci.yml; which of them run is GitLab's to decide."""

    def __init__(self, workspace, file, environment, variables=None):
        self.workspace, self.environment = pathlib.Path(workspace), environment
        self.jobs = yaml.safe_load(pathlib.Path(file).read_text())
        self.variables = {"CI": "true", "GITLAB_CI": "true", "GITLAB_USER_LOGIN": "ada", "CI_PROJECT_ID": "5",
                          "CI_JOB_URL": "https://gitlab.example/jobs/9", "CI_COMMIT_SHA": "abc", **(variables or {})}

    def job(self, name):
        job = self.jobs[name]
        return merged(self.jobs[job["extends"]], job) if "extends" in job else job

    def run(self, name):
        job = self.job(name)
        return subprocess.run(
            ["sh", "-e", "-c", "\n".join(job["script"])], cwd=self.workspace, text=True, capture_output=True,
            timeout=120, check=False, env={**self.environment, **job.get("variables", {}), **self.variables,
                                           "CI_JOB_NAME": name})
