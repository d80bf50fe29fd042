# SPDX-License-Identifier: Apache-2.0
"""Every command of every document is run, and prints what the document says. How: document.py."""
import os
import shutil
import subprocess
import sys

import pytest

import document
import fences
import releases

# What readers have (document.Place), and the documents that they follow there, one after the other. Who writes into
# Chroma is alone.
FOLLOWED = [
    ("demonstration", ["docs/troubleshooting.md"]),
    ("demonstration", ["docs/migration.md"]),
    ("demonstration", ["docs/edge-cases.md"]),
    ("empty", ["docs/canonical-sets.md", "docs/capacity.md", "docs/import.md", "docs/faq.md"]),
    ("handbook", ["docs/getting-started.md"]),
    ("handbook,alertmanager", ["README.md"]),
    ("watched", ["docs/api.md", "docs/baselines.md", "docs/configuration.md", "docs/coverage.md", "docs/report.md"]),
    ("incident", ["docs/alerts.md"]),
]
# Documents whose commands another test follows, because something has to happen before each of them.
ELSEWHERE = {"docs/runbook.md": "test_runbook.py", "docs/new-agent.md": "test_new_agent.py"}


@pytest.mark.parametrize("places, names", FOLLOWED, ids=[names[-1] for _, names in FOLLOWED])
def test_they_do_what_they_say(places, names, build, tmp_path, release):
    if os.geteuid() != 0:
        pytest.skip("a network of one's own needs root")
    for program in "unshare", "ip", "jq", "curl", "prometheus-alertmanager":
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    release(releases.OLDER)
    done = subprocess.run(
        [sys.executable, document.__file__, tmp_path / "reader", places, *names], text=True, capture_output=True,
        timeout=300, env={**os.environ, "PATH": f"{build}:{os.environ['PATH']}"})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-8000:]


def test_every_document_is_followed(documents):
    pages = {name for name, text in documents.items() if any(block.runs for block in fences.blocks(text))}
    followed = {name for _, names in FOLLOWED for name in names}
    assert pages == followed | set(ELSEWHERE), "a document that nobody follows, or a row without one"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_another_test_follows_it(source, name):
    assert f"{name} is followed" in (source / "tests/system" / ELSEWHERE[name]).read_text()


FOLLOW = """
<!-- file: word -->
```text
once
```

```sh
again() { printf '%s\\n' "$1" "$(cat word)"; }
```

```console
$ again 17ms \\
        more
3ms
once
$ echo one && echo two && echo three
one
…
$ echo late
{last}
```
"""


@pytest.mark.parametrize("last, wrong", [("late", ""), ("early", "page:19: $ echo late"), ("", "page:19: $ echo late")])
def test_what_is_printed_is_compared(last, wrong, tmp_path):
    page = FOLLOW.replace("{last}\n", f"{last}\n" if last else "")
    found = document.follow("page", page, tmp_path, {**os.environ, "PWD": str(tmp_path)})
    assert found.startswith(wrong) and bool(found) == bool(wrong), found


@pytest.mark.parametrize("block, wrong", [
    ("sh\nfalse | true\ntrue\n", ""), ("sh\nfalse\ntrue\n", "page:1: exit status 1"),
    ("sh\nexit 0\n", "page:1: exit status 0"), ("console\n$ false\n", ""),
    ("console\n$ nonsense-command\n", "page:2: $ nonsense-command")])
def test_a_command_that_fails_is_noticed(block, wrong, tmp_path):
    found = document.follow("page", f"```{block}```\n", tmp_path, {**os.environ, "PWD": str(tmp_path)})
    assert found.startswith(wrong) and bool(found) == bool(wrong), found
