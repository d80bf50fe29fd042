# SPDX-License-Identifier: Apache-2.0
"""The pipeline kit as pipelines run it: each step of its workflows and jobs, on the demonstration's data, a real Chroma
and a real daemon; only GitHub and GitLab are scripted."""
import datetime
import http.server
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import urllib.parse

import pytest
import yaml

import runner
import tools

CURL = shutil.which("curl")
REPORTS = {"retrieval.json", "retrieval.xml", "retrieval.md", "retrieval.html"}
GATE_STEP, COMMENT_STEP, DEPLOY_STEP, INGEST_STEP = "Ask", "Comment", "sh deploy.sh", "sh ingest.sh"
PULL_REQUEST = {"pull_request": {"number": 7, "head": {"sha": "c0ffee", "repo": {"full_name": "team/search"}}}}
MARKER = "<!-- driftwatch: retrieval gate / gate -->"


class Forge(tools.Served):
    """The comments of GitHub's pull request 7 of team/search, and of GitLab's merge request 4 of project 5."""

    def __init__(self):
        forge = self
        self.comments, self.calls, self.refuse, self.token = [], [], None, "token-of-the-run"

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                forge.calls.append((self.command, self.path))
                token = self.headers.get("PRIVATE-TOKEN") or self.headers.get("Authorization", "")[7:]
                self.answer(*forge.answer(self.command, self.path, token, json.loads(body) if body else None))

            do_GET = do_POST = do_PATCH = do_PUT = handle_one

        self.serve(Handler)

    def answer(self, method, target, token, body):
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query))
        if token != self.token:
            return 401, {"message": "Bad credentials"}
        if self.refuse and method != "GET":
            return self.refuse
        if (method, url.path) == ("GET", "/user"):
            return 200, {"username": "search-bot"}
        many = re.fullmatch(r"/repos/team/search/issues/7/comments|/projects/5/merge_requests/4/notes", url.path)
        one = re.fullmatch(r"(?:/repos/team/search/issues/comments|/projects/5/merge_requests/4/notes)/(\d+)", url.path)
        if many and method == "GET":
            begin = (int(query["page"]) - 1) * int(query["per_page"])
            return 200, self.comments[begin:begin + int(query["per_page"])]
        if many and method == "POST":
            return 201, self.add(body["body"], "github-actions[bot]" if "repos" in url.path else "search-bot")
        if one and method == ("PATCH" if "repos" in url.path else "PUT"):
            comment = next(comment for comment in self.comments if comment["id"] == int(one[1]))
            comment["body"] = body["body"]
            return 200, comment
        return 404, {"message": f"{method} {target}"}

    def add(self, body, author):
        assert len(body.encode()) <= 65536 and body
        comment = {"id": 100 + len(self.comments), "body": body, "user": {"login": author},
                   "author": {"username": author}}
        self.comments.append(comment)
        return comment

    def writes(self):
        return [method for method, _ in self.calls if method != "GET"]


class Repository:
    """A checkout of a team that has the kit: ci/driftwatch, and retrieval/ with configuration and questions. The
    program, and a curl that writes down its arguments, come first in PATH."""

    def __init__(self, directory, build, source, chroma, forge=None):
        self.chroma, self.forge, self.damaged = chroma, forge, False
        self.records = json.loads((source / "config/demo/records.json").read_text())
        self.top, self.programs = directory / "checkout", directory / "programs"
        shutil.copytree(source / "config/ci", self.top / "ci/driftwatch")
        self.kit = self.top / "ci/driftwatch"
        self.retrieval = self.top / "retrieval"
        self.retrieval.mkdir()
        self.programs.mkdir()
        (self.programs / "driftwatch").symlink_to(pathlib.Path(build) / "driftwatch")
        # What the list of processes would show.
        (self.programs / "curl").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{directory}/argv\nexec {CURL} "$@"\n')
        (self.programs / "curl").chmod(0o755)
        self.argv = directory / "argv"
        self.temporary = directory / "temporary"
        self.temporary.mkdir()
        self.environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}", "STATE_DIRECTORY": str(directory / "state"),
            "TMPDIR": str(self.temporary), "DRIFTWATCH_PATIENCE": "1", "GITHUB_API_URL": forge.url if forge else "",
            **{key: os.environ[key] for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if key in os.environ}}
        (self.top / "deploy.sh").write_text("echo deployed\n")
        (self.top / "ingest.sh").write_text("echo ingested\n")
        for name in "queries.yaml", "vectors.json":
            shutil.copy(source / "config/demo" / name, self.retrieval)
        self.configure(chroma.url)

    def configure(self, url):
        (self.retrieval / "driftwatch.yaml").write_text(yaml.safe_dump({
            "servers": [{"name": "main", "url": url}],
            "collections": [{"name": "original_agents", "server": "main", "queries": "queries.yaml",
                             "vectors": "vectors.json", "interval": "1h"}]}))

    def approve(self):
        for words in ["propose", "--pause=100ms"], ["approve", "--by=Ada", "--reason=as built"]:
            subprocess.run([self.programs / "driftwatch", "baseline", *words, "--config.file=driftwatch.yaml",
                            "--storage.path=."], cwd=self.retrieval, check=True, capture_output=True, timeout=60)

    def change_queries(self, change):
        file = self.retrieval / "queries.yaml"
        queries = yaml.safe_load(file.read_text())["queries"]
        change(queries)
        file.write_text(json.dumps({"queries": queries}))

    def damage(self):
        self.damaged = True
        self.chroma.delete("original_agents", [
            key for key, row in zip(self.records["ids"], self.records["metadatas"])
            if row["filename"] == "frontend-architect.md"])

    def fill(self):
        self.chroma.upsert("original_agents", *(
            self.records[key] for key in ("ids", "embeddings", "metadatas", "documents")))

    def github(self, name, event_name="push", event=None, environment=None, **contexts):
        """Runs one of the kit's workflows: {job: runner.Job}."""
        hub = runner.GitHub(self.top, event_name, event, {**self.environment, **(environment or {})}, **contexts)
        done = hub.run(self.kit / f"github/{name}.yml")
        self.summary = hub.summary.read_text()
        return done

    def gate(self, event_name="push", event=None, **contexts):
        return self.github("gate", event_name, event, **contexts)["gate"]

    def reports(self):
        return {file.name: file.read_text() for file in (self.top / "driftwatch-reports").iterdir()}

    def report(self):
        return json.loads(self.reports()["retrieval.json"])


@pytest.fixture
def forge(ends):
    return ends(Forge())


@pytest.fixture(scope="module")
def approved(chroma, build, source, tmp_path_factory):
    """The directory of a baseline of the demonstration's collection."""
    chroma.create("original_agents")
    one = Repository(tmp_path_factory.mktemp("approved"), build, source, chroma)
    one.fill()
    one.approve()
    return one.retrieval / "baselines"


@pytest.fixture
def repository(approved, chroma, build, source, tmp_path, forge):
    one = Repository(tmp_path, build, source, chroma, forge)
    shutil.copytree(approved, one.retrieval / "baselines")
    yield one
    assert list(one.temporary.iterdir()) == [], "what a script needed for itself is left"
    if one.damaged:
        one.fill()


# -- The gate before a deployment


def test_what_passes_is_deployed(repository):
    done = repository.github("gate")
    assert {name: job.result for name, job in done.items()} == {"gate": "success", "deploy": "success"}
    assert done["deploy"].log == {DEPLOY_STEP: "deployed\n"}
    kept = done["gate"].kept["driftwatch-gate"]
    assert kept.keys() == REPORTS and json.loads(kept["retrieval.json"])["verdict"] == "pass"
    assert repository.summary == kept["retrieval.md"], "the step summary"
    assert repository.forge.calls == [], "there is no pull request to comment"


def test_what_got_worse_is_not(repository):
    repository.damage()
    done = repository.github("gate")
    assert {name: job.result for name, job in done.items()} == {"gate": "failure", "deploy": "skipped"}
    gate = done["gate"]
    assert gate.statuses == {GATE_STEP: 1}
    assert gate.kept["driftwatch-gate"].keys() == REPORTS, "above all when the gate failed"
    collection, = json.loads(gate.kept["driftwatch-gate"]["retrieval.json"])["collections"]
    assert (collection["verdict"], collection["cause"]) == ("fail", "REMOVED")
    annotations = [row for row in gate.log[GATE_STEP].splitlines() if row.startswith("::error ")]
    assert 1 < len(annotations) <= 10 and any("file=retrieval/queries.yaml,line=" in row for row in annotations)


def test_it_can_be_overridden_by_who_started_the_run(repository):
    repository.damage()
    done = repository.github("gate", "workflow_dispatch", inputs={"override": "the old one is `worse`; $(id)"})
    assert {name: job.result for name, job in done.items()} == {"gate": "success", "deploy": "success"}
    report = repository.report()
    assert (report["verdict"], report["exit_status"]) == ("fail", 0)
    assert report["override"] == {"reason": "the old one is `worse`; $(id)", "by": "ada"}
    for text in [*repository.reports().values(), done["gate"].log[GATE_STEP], repository.summary]:
        assert "ada" in text and "worse" in text and "uid=" not in text


def test_an_override_is_needed_for_neither_a_pass_nor_a_wrong_configuration(repository):
    done = repository.github("gate", "workflow_dispatch", inputs={"override": ""})
    assert done["deploy"].result == "success" and repository.report()["override"] is None
    (repository.retrieval / "driftwatch.yaml").write_text("servers: 7\n")
    done = repository.github("gate", "workflow_dispatch", inputs={"override": "let me"})
    assert (done["gate"].statuses, done["deploy"].result) == ({GATE_STEP: 2}, "skipped")
    assert done["gate"].kept["driftwatch-gate"] == {}, "what the run before wrote is not this one's"


def test_what_cannot_be_measured_is_not_deployed(repository):
    repository.configure(f"http://127.0.0.1:{tools.free_port()}")
    done = repository.github("gate")
    assert (done["gate"].statuses, done["deploy"].result) == ({GATE_STEP: 3}, "skipped")
    assert repository.report()["verdict"] == "unmeasured"


@pytest.mark.parametrize("how, status", [("missing", 2), ("cut", 2)])
def test_a_baseline_that_cannot_be_read_is_not_left_out(repository, how, status):
    file = repository.retrieval / "baselines/original_agents.json"
    data = file.read_bytes()
    file.unlink()
    if how == "cut":
        file.write_bytes(data[:-100])
    gate = repository.gate()
    assert (gate.result, gate.statuses) == ("failure", {GATE_STEP: status})
    assert str(file.relative_to(repository.top)) in gate.log[GATE_STEP]


def test_a_new_question_is_named_and_judged_by_its_expectation(repository):
    def add(queries):
        queries.append({**queries[0], "id": "react-hooks-again"})
    repository.change_queries(add)
    vectors = json.loads((repository.retrieval / "vectors.json").read_text())
    vectors["vectors"]["react-hooks-again"] = vectors["vectors"]["react-hooks"]
    (repository.retrieval / "vectors.json").write_text(json.dumps(vectors))
    gate = repository.gate()
    assert gate.result == "success", gate.log
    assert repository.report()["collections"][0]["lists"]["new"] == ["react-hooks-again"]
    assert "**new since the baseline**: react-hooks-again" in repository.summary
    repository.damage()
    assert repository.gate().statuses == {GATE_STEP: 1}
    outcomes = {query["id"]: query["outcome"] for query in repository.report()["collections"][0]["queries"]}
    assert outcomes["react-hooks-again"] == "fail"


def test_what_is_known_to_fail_blocks_from_the_day_after(repository):
    def known(until):
        def mark(queries):
            for query in queries:
                if query["id"] == "react-hooks":
                    query["expect"] = {"metadata": {"filename": "nosuch.md"}}
                    query["known_failing"] = {"reason": "its page is being written", "until": until}
        return mark
    today = datetime.datetime.now(datetime.timezone.utc).date()
    repository.change_queries(known((today + datetime.timedelta(days=2)).isoformat()))
    assert repository.gate().result == "success"
    assert "its page is being written" in repository.summary
    repository.change_queries(known((today - datetime.timedelta(days=1)).isoformat()))
    assert repository.gate().statuses == {GATE_STEP: 1}


# -- The comment


def test_one_comment_follows_a_pull_request(repository, forge):
    strangers = [forge.add("x", "somebody") for _ in range(150)] + [forge.add(f"{MARKER}\nmine", "somebody")]
    assert repository.gate("pull_request", PULL_REQUEST).result == "success"
    assert forge.writes() == ["POST"]
    comment = forge.comments[-1]
    assert comment["body"].startswith(f"{MARKER}\n# driftwatch: pass (44 queries: ")
    assert "[this run](https://github.example/team/search/actions/runs/17) of c0ffee" in comment["body"]
    forge.add("thanks", "somebody")
    repository.damage()
    done = repository.github("gate", "pull_request", PULL_REQUEST)
    assert {name: job.result for name, job in done.items()} == {"gate": "failure", "deploy": "skipped"}
    assert forge.writes() == ["POST", "PATCH"]
    assert "# driftwatch: fail (44 queries: " in comment["body"] and len(forge.comments) == 153
    before, after = re.search(r"^\| fail \| react-hooks \| \w+ \| ([\d.]+) \| ([\d.]+) \|", comment["body"],
                              re.MULTILINE).group(2, 1)
    assert float(before) < 0.5 < 1.5 < float(after)
    assert "**passes no more**: react-hooks, bundle-budget" in comment["body"]
    assert all(one["body"] in ("x", f"{MARKER}\nmine") for one in strangers)


def test_a_gate_without_a_report_is_commented_as_such(repository, forge):
    repository.damage()
    repository.gate("pull_request", PULL_REQUEST)
    (repository.retrieval / "driftwatch.yaml").write_text("servers: 7\n")
    assert repository.gate("pull_request", PULL_REQUEST).statuses[GATE_STEP] == 2
    comment, = forge.comments
    assert "the gate ended without a report" in comment["body"] and "react-hooks" not in comment["body"]


@pytest.mark.parametrize("answer, status, words", [
    ((403, {"message": "Resource not accessible by integration"}), 2, "Resource not accessible by integration"),
    ((502, {"message": "Server Error"}), 3, "Server Error")])
def test_a_comment_that_cannot_be_written_is_told_and_changes_no_verdict(repository, forge, answer, status, words):
    forge.refuse = answer
    gate = repository.gate("pull_request", PULL_REQUEST)
    assert (gate.result, gate.statuses) == ("success", {GATE_STEP: 0, COMMENT_STEP: status})
    assert words in gate.log[COMMENT_STEP] and "token-of-the-run" not in str(gate.log)
    assert forge.writes() == ["POST"], "it may have been made although the answer says otherwise"


def test_a_fork_does_not_reach_the_runner(repository, forge):
    stranger = {"pull_request": {"number": 8, "head": {"sha": "bad", "repo": {"full_name": "eve/search"}}}}
    done = repository.github("gate", "pull_request", stranger)
    assert {name: job.result for name, job in done.items()} == {"gate": "skipped", "deploy": "skipped"}
    assert forge.calls == []


def comment_of(repository, markdown, **environment):
    """What comment.sh posts for a report."""
    reports = repository.top / "driftwatch-reports"
    reports.mkdir(exist_ok=True)
    (reports / "retrieval.md").write_text(markdown)
    event = repository.top.parent / "event.json"
    event.write_text(json.dumps(PULL_REQUEST))
    subprocess.run(
        ["sh", repository.kit / "comment.sh"], cwd=repository.top, check=True, timeout=60, env={
            **repository.environment, "GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "team/search", "GITHUB_WORKFLOW": "w", "GITHUB_JOB": "--> @all j",
            "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "17", "GITHUB_TOKEN": "token-of-the-run",
            **environment})
    return repository.forge.comments[-1]["body"]


def test_a_long_report_keeps_what_did_not_pass(repository):
    passing = "\n| pass | ä |" * 6000
    table = f"<details><summary>6000 queries pass</summary>\n{passing}\n\n</details>"
    body = comment_of(repository, f"# driftwatch: fail (1)\n\n## one\n{table}\n\n## two\n| fail | it |\n")
    assert len(body) < 1000 and "6000 queries pass." in body and "| fail | it |" in body and "details" not in body
    rows = [f"| fail | {'ä' * 90} {number} |" for number in range(2000)]
    body = comment_of(repository, "\n".join(["# driftwatch: fail (2000)", *rows]))
    kept = sum(row in body for row in rows)
    assert 60000 < len(body.encode()) <= 65536 and all(row in body for row in rows[:kept])
    assert f"\n{2000 - kept} lines are left out.\n" in body and body.endswith("of c0ffee.")
    short = "# driftwatch: pass (1)\n\n<details><summary>1 query passes</summary>\n| pass | it |\n</details>\n"
    assert short in comment_of(repository, short)


def test_a_comment_calls_nobody(repository):
    """Names and numbers that records and servers put into a report; escaped is not enough for GitHub and GitLab."""
    body = comment_of(
        repository, "# driftwatch: fail\n\n/close\n | &#64;here agents.md&#35;1 \\!5 \\~bug &#38;3 \\$7\n")
    assert body.startswith("<!-- driftwatch: w / ___ _all j -->\n")
    assert "\n&#47;close\n" in body
    for sign, word in ("&#64;", "here"), ("&#35;", "1"), ("\\!", "5"), ("\\~", "bug"), ("&#38;", "3"), ("\\$", "7"):
        assert f"{sign}&#8203;{word}" in body


# -- The gate after an ingest


TOKENS = {"ingest": ["replay"], "reader": ["read"]}


@pytest.fixture
def watched(repository, driftwatch):
    """The daemon, locked, which compares with the baseline of the repository."""
    for name in TOKENS:
        (driftwatch.directory / f"{name}.token").write_text(f"secret-of-the-{name}-and-of-nobody-else\n")
    (driftwatch.directory / "web.yaml").write_text(yaml.safe_dump({"bearer_tokens": [
        {"name": name, "token_file": f"{name}.token", "scopes": scopes} for name, scopes in TOKENS.items()]}))
    shutil.copy(repository.retrieval / "driftwatch.yaml", driftwatch.config_file)
    for name in "queries.yaml", "vectors.json":
        shutil.copy(repository.retrieval / name, driftwatch.directory)
    shutil.copytree(repository.retrieval / "baselines", driftwatch.state / "baselines")
    driftwatch.start(f"--web.config.file={driftwatch.directory}/web.yaml", wait=False)
    driftwatch.url = f"http://127.0.0.1:{tools.poll(driftwatch.listening_port, 'the daemon')}"
    reader = {"Authorization": f"Bearer {(driftwatch.directory / 'reader.token').read_text().strip()}"}
    tools.poll(lambda: driftwatch.get("/-/ready", headers=reader).ok, "the daemon to be ready")
    return driftwatch


def ingested(repository, watched, token="ingest", **inputs):
    """The kit's workflow; its Job."""
    secret = (watched.directory / f"{token}.token").read_text().strip() if token else ""
    job = repository.github("ingest", "workflow_dispatch", inputs=inputs, vars={"DRIFTWATCH_URL": watched.url},
                            secrets={"DRIFTWATCH_REPLAY_TOKEN": secret})["ingest"]
    assert job.log[INGEST_STEP] == "ingested\n"
    if secret:
        assert secret not in "".join(job.log.values()) and secret not in repository.argv.read_text()
        assert secret not in "".join(repository.reports().values())
    return job


def test_an_ingest_that_passes(repository, watched):
    job = ingested(repository, watched)
    assert (job.result, job.statuses[GATE_STEP]) == ("success", 0)
    assert job.log[GATE_STEP].startswith("verdict: pass\ncollection original_agents: pass\n")
    kept = job.kept["driftwatch-ingest"]
    assert json.loads(kept["retrieval.json"])["collections"][0]["collection"] == "original_agents"
    assert repository.summary == kept["retrieval.md"]
    assert repository.summary.startswith("# driftwatch: pass after an ingest\n\n    verdict: pass\n")


def test_an_ingest_that_made_it_worse(repository, watched):
    repository.damage()
    job = ingested(repository, watched)
    assert (job.result, job.statuses[GATE_STEP]) == ("failure", 1)
    assert "Probable cause: REMOVED" in job.log[GATE_STEP] and "  fail react-hooks: " in job.log[GATE_STEP]
    job = ingested(repository, watched, override="the pages come back tonight")
    assert (job.result, job.statuses[GATE_STEP]) == ("success", 0)
    report = repository.report()
    assert (report["verdict"], report["exit_status"]) == ("fail", 0)
    assert report["override"] == {"reason": "the pages come back tonight", "by": "ada"}
    for text in job.log[GATE_STEP], repository.summary, repository.reports()["retrieval.md"]:
        assert "let through by ada: the pages come back tonight" in text and "fail" in text


@pytest.mark.parametrize("token, status, words", [
    (None, 2, "DRIFTWATCH_TOKEN is missing"), ("reader", 2, "needs the scope replay")])
def test_a_token_that_may_not(repository, watched, token, status, words):
    job = ingested(repository, watched, token, override="let me")
    assert (job.result, job.statuses[GATE_STEP]) == ("failure", status) and words in job.log[GATE_STEP]
    assert job.kept["driftwatch-ingest"] == {}


def hook(repository, *arguments, **environment):
    """ingest.sh as any job calls it."""
    return subprocess.run(
        ["sh", repository.kit / "ingest.sh", *arguments], cwd=repository.top, text=True, capture_output=True,
        timeout=60, check=False, env={**repository.environment, **environment})


def test_the_hook_by_itself(repository, watched):
    secret = {"DRIFTWATCH_URL": f"{watched.url}/", "DRIFTWATCH_TOKEN_FILE": str(watched.directory / "ingest.token")}
    done = hook(repository, **secret)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("verdict: pass\n"), done
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o644
               for file in (repository.top / "driftwatch-reports").iterdir())
    done = hook(repository, "no such/café", **secret)
    assert (done.returncode, done.stdout) == (2, "") and 'Is "no such/café" the label' in done.stderr
    assert not (repository.top / "driftwatch-reports/retrieval.json").exists()
    done = hook(repository, "a", "b", **secret)
    assert done.returncode == 2 and "more than one" in done.stderr
    done = hook(repository, DRIFTWATCH_OVERRIDE="because", **secret)
    assert done.returncode == 2 and "DRIFTWATCH_OVERRIDE_BY" in done.stderr
    done = hook(repository, **{**secret, "DRIFTWATCH_TOKEN_FILE": "/nonexistent"})
    assert done.returncode == 2 and "there is no secret in /nonexistent" in done.stderr
    assert hook(repository, **secret, DRIFTWATCH_TOKEN="another").returncode == 0, "the file wins"
    done = hook(repository, DRIFTWATCH_URL=watched.url, DRIFTWATCH_TOKEN="x\r\nX-Evil: 1")
    assert done.returncode == 2 and "control characters" in done.stderr


def test_a_chroma_that_hangs_is_unmeasured(repository, watched):
    repository.chroma.freeze()
    try:
        done = hook(repository, DRIFTWATCH_URL=watched.url, DRIFTWATCH_TIMEOUT="2",
                    DRIFTWATCH_TOKEN_FILE=str(watched.directory / "ingest.token"))
    finally:
        repository.chroma.thaw()
    assert done.returncode == 3
    assert re.match(r"verdict: unmeasured: \S+ did not answer within 2 s", done.stdout), done.stdout
    assert repository.report()["collections"] == []


class Replies(tools.Served):
    """A daemon, or what stands before it, that answers with each (status, body) in its turn, the last one stays."""

    def __init__(self, *replies):
        served, self.calls = list(replies), 0
        counting = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                counting.calls += 1
                status, body = served.pop(0) if len(served) > 1 else served[0]
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
                self.wfile.write(body.encode())

        self.serve(Handler)


def failed(sentence):
    return json.dumps({"status": "error", "errorType": "x", "error": sentence})


PASS = json.dumps({"status": "success", "data": {"verdict": "pass", "exit_status": 0, "collections": []}})
HOSTILE = json.dumps({"status": "success", "data": {
    "verdict": "fail", "exit_status": 1, "override": None, "collections": [{
        "collection": "x\n::error::x", "verdict": "fail", "error": "\x1b[31m##[error]x", "note": None, "incident": None,
        "queries": [{"id": "\n::error::y", "outcome": "fail", "reason": "`<b>@all", "known_failing": None}] * 30}]}})


@pytest.mark.parametrize("replies, status, calls, words", [
    ([(503, failed("driftwatch is stopping")), (200, PASS)], 0, 2, "verdict: pass"),
    ([(429, failed("too often"))], 3, None, "status 429"),
    ([(503, failed("too many wait"))], 3, None, "too many wait"),
    ([(409, failed("not now"))], 3, 1, "not now"),
    ([(502, "<html>bad\x1b[0m gateway</html>")], 3, None, "bad [0m gateway"),
    ([(421, failed("no such host"))], 2, 1, "web.hosts"),
    ([(400, failed("what?"))], 2, 1, "what?"),
    ([(302, "")], 2, 1, "status 302"),
    ([(202, '{"status":"success","data":{"replays":1}}')], 2, 1, "status 202"),
    ([(200, "{}")], 3, 1, "is no verdict"),
    ([(200, "<html>")], 3, 1, "is no verdict: <html>"),
    ([(200, PASS.replace('"exit_status": 0', '"exit_status": "0"'))], 3, 1, "is no verdict"),
    ([(200, PASS.replace("[]", "[7]"))], 3, 1, "is no verdict"),
    ([(200, HOSTILE)], 1, 1, "and 10 more"),
])
def test_each_answer_has_its_status_and_its_sentence(repository, ends, replies, status, calls, words):
    server = ends(Replies(*replies))
    done = hook(repository, "original_agents", DRIFTWATCH_URL=server.url)
    assert done.returncode == status, done
    assert words in done.stdout + done.stderr
    assert server.calls == calls if calls else server.calls > 1
    assert not re.search(r"^\s*::|##\[|\x1b", done.stdout + done.stderr, re.MULTILINE)
    if status == 3:
        report = repository.report()
        assert (report["verdict"], report["exit_status"]) == ("unmeasured", 3) and words in report["error"]


@pytest.mark.parametrize("url, status", [
    ("http://127.0.0.1:{port}", 3), ("http://nosuch.invalid", 3), ("ftp://127.0.0.1", 2), ("http://[", 2)])
def test_nobody_who_answers(repository, url, status):
    done = hook(repository, DRIFTWATCH_URL=url.format(port=tools.free_port()))
    assert done.returncode == status and "cannot be asked: curl: " in done.stdout + done.stderr, done


def test_what_nobody_measured_can_be_overridden(repository):
    done = hook(repository, DRIFTWATCH_URL=f"http://127.0.0.1:{tools.free_port()}", DRIFTWATCH_OVERRIDE="now",
                DRIFTWATCH_OVERRIDE_BY="Ada")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("verdict: unmeasured: ") and "\nlet through by Ada: now\n" in done.stdout
    report = repository.report()
    assert (report["verdict"], report["exit_status"]) == ("unmeasured", 0)
    assert report["override"] == {"reason": "now", "by": "Ada"}


# -- At night


def test_the_nightly_report(repository):
    job = repository.github("nightly", "schedule")["nightly"]
    kept = job.kept["driftwatch-nightly"]
    assert (job.result, kept.keys()) == ("success", REPORTS | {"report.html"}), job.log
    assert json.loads(kept["retrieval.json"])["collections"][0]["audit"]["recall"] > 0.9
    assert "by Ada. Reason: as built" in kept["report.html"], "the repository's baseline"
    repository.damage()
    job = repository.github("nightly", "schedule", environment={"DRIFTWATCH_AUDIT": "no"})["nightly"]
    assert (job.result, job.statuses[GATE_STEP]) == ("failure", 1)
    assert json.loads(job.kept["driftwatch-nightly"]["retrieval.json"])["collections"][0]["audit"] is None
    repository.configure(f"http://127.0.0.1:{tools.free_port()}")
    assert repository.github("nightly", "schedule")["nightly"].statuses[GATE_STEP] == 3
    (repository.retrieval / "driftwatch.yaml").write_text("servers: 7\n")
    job = repository.github("nightly", "schedule")["nightly"]
    assert (job.statuses[GATE_STEP], job.kept["driftwatch-nightly"]) == (2, {})


# -- GitLab and Jenkins


def test_gitlab(repository, forge, watched):
    forge.token = "token-of-the-project"
    lab = runner.GitLab(repository.top, repository.kit / "gitlab.yml", repository.environment, {
        "CI_API_V4_URL": forge.url, "CI_MERGE_REQUEST_IID": "4", "DRIFTWATCH_COMMENT_TOKEN": forge.token,
        "DRIFTWATCH_URL": watched.url, "DRIFTWATCH_TOKEN_FILE": str(watched.directory / "ingest.token")})
    for verdict, status in ("pass", 0), ("fail", 1):
        done = lab.run("retrieval gate")
        assert done.returncode == status, done
        assert (repository.top / lab.job("retrieval gate")["artifacts"]["reports"]["junit"]).exists()
        assert lab.run("retrieval comment").returncode == 0
        comment, = forge.comments
        assert comment["body"].startswith(f"<!-- driftwatch: retrieval comment -->\n# driftwatch: {verdict} ")
        done = lab.run("retrieval ingest")
        assert (done.returncode, done.stdout.splitlines()[:2]) == (status, ["ingested", f"verdict: {verdict}"]), done
        done = lab.run("retrieval nightly")
        assert done.returncode == status and "report.html" in repository.reports(), done
        if verdict == "pass":
            repository.damage()
    assert forge.writes() == ["POST", "PUT"] and forge.token not in repository.argv.read_text()
    lab.variables["DRIFTWATCH_OVERRIDE"] = "known"
    for name in "retrieval gate", "retrieval ingest":
        assert lab.run(name).returncode == 0
        assert repository.report()["override"] == {"reason": "known", "by": "ada"}


def test_jenkins(repository, watched):
    """Its steps; the rest of the file is Groovy, of which only the brackets are looked at."""
    text = (repository.kit / "Jenkinsfile").read_text()
    code = re.sub(r"'[^']*'|\"[^\"]*\"|//.*", "", text)
    depth = 0
    for sign in re.findall(r"[{}()\[\]]", code):
        depth += 1 if sign in "{([" else -1
        assert depth >= 0
    assert depth == 0
    steps = dict(re.findall(r"^ *(?://)? +sh '((?:.*?(ci/driftwatch/\w+|deploy)\.sh).*)'", text, re.MULTILINE))
    assert sorted(steps.values()) == ["ci/driftwatch/gate", "ci/driftwatch/ingest", "ci/driftwatch/nightly", "deploy"]
    repository.damage()
    for step, script in steps.items():
        done = subprocess.run(
            ["sh", "-xe", "-c", step.replace("https://monitor-1.example.org:9820", watched.url)], cwd=repository.top,
            text=True, capture_output=True, timeout=60, check=False, env={
                **repository.environment, "DRIFTWATCH_TOKEN_FILE": str(watched.directory / "ingest.token")})
        assert done.returncode == (0 if script == "deploy" else 1), done
        assert "secret-of-the" not in done.stdout + done.stderr
    assert "junit testResults: 'driftwatch-reports/retrieval.xml'" in text


# -- This project's own


def test_the_projects_own_workflow(source, tmp_path):
    """Each step with recorders in place of what installs, tests and builds: it calls what is there, for each part of
    the tests."""
    top = tmp_path / "checkout"
    called = tmp_path / "called"
    scripts = {".ci/run", "config/package/build.sh"}
    for name in [*(f"../programs/{program}" for program in ("apt-get", "git")), *scripts]:
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'#!/bin/sh\necho "{pathlib.PurePath(name).name} $*" >>{called}\n')
        file.chmod(0o755)
    workflow = yaml.safe_load((source / ".github/workflows/ci.yml").read_text())
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    rows = [{"part": part, "compiler": compiler} for part in matrix["part"] for compiler in matrix["compiler"]]
    for row in [*rows, *matrix["include"]]:
        shutil.rmtree(top / "packages", ignore_errors=True)
        hub = runner.GitHub(top, environment={"PATH": f"{tmp_path}/programs:/usr/bin:/bin"}, matrix=row)
        done = hub.run(source / ".github/workflows/ci.yml")
        assert {name: job.result for name, job in done.items()} == {"test": "success", "package": "success"}, row
        assert f" git {row['compiler']}\n" in called.read_text()
    ran = re.findall(r"^run (.*)$", called.read_text(), re.MULTILINE)
    listed = subprocess.run(["sh", source / "tests/run.sh", "--list"], capture_output=True, text=True, check=True,
                            timeout=60).stdout.split()
    on_request = {"real", "bench"}
    assert set(ran) == set(listed) - on_request and ran.count("unit") == 2
    assert "build.sh packages\n" in called.read_text()
    assert [name for name in sorted(scripts) if not (source / name).exists()] == []
