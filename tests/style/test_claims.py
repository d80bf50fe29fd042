# SPDX-License-Identifier: Apache-2.0
"""Documents claim nothing that is not there: flags of commands, routes, alerts, exit statuses, tests. And each block
says whether its commands are run."""
import re
import subprocess

import pytest

import fences

# Of other programs that documents name: the flag alone, without its program before it.
FOREIGN = {"--check", "--force", "--model-seed"}
# Of other servers: their routes begin as ours do.
FOREIGN_ROUTES = {"/api/v1/write"}
# What docs/extending.md adds as its example.
FOREIGN_FILES = {"tests/unit/test_gotify.c"}
SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)


def code(text):
    """What stands in blocks, a command to a line, and in spans of a document."""
    found = [line for block in fences.blocks(text) for line in block.text.replace("\\\n", " ").split("\n")]
    return found + [span for _, span in SPAN.findall(fences.FENCE.sub("", text))]


def test_what_is_installed_to_build(source, documents):
    """The README names the packages that the demonstration installs when it builds."""
    install, = re.findall(r"apt-get install --no-install-recommends (.*)", documents["README.md"])
    demo = (source / "config/demo/run.sh").read_text()
    needed = re.search(r"^missing_packages\(\).*?DRIFTWATCH:-.*?\n(.*?)^\}", demo, re.MULTILINE | re.DOTALL)[1]
    assert sorted(install.split()) == sorted(re.findall(r"(?:command|header)_or (\S+)", needed))


@pytest.fixture(scope="module")
def flags(build):
    """{command: its flags}, as the program helps."""
    def asked(*argv):
        return subprocess.run([build / "driftwatch", *argv, "--help"], check=True, capture_output=True,
                              text=True).stdout
    commands = re.findall(r"^  ([a-z][a-z-]+)\b", asked(), re.MULTILINE)
    assert {"run", "check", "baseline", "status"} <= set(commands)
    return {command: set(re.findall(r"--[a-z][a-z.-]*[a-z]", asked(command))) | {"--version"} for command in commands}


def unknown_flags(flags, text):
    """Commands and flags that the program does not have."""
    wrong = []
    every = set().union(*flags.values())
    for piece in code(text):
        for command, rest in re.findall(r"(?<![\w/.-])driftwatch ([a-z][a-z-]+)\b([^|;&#`)]*)", piece):
            used = set(re.findall(r"(?<![\w-])--[a-z][a-z.-]*[a-z]", rest))
            if command in flags:
                wrong += [f"driftwatch {command} {flag}" for flag in sorted(used - flags[command])]
            elif used:
                wrong.append(f"driftwatch {command}")
        if piece.startswith("--"):
            wrong += sorted(set(re.findall(r"^--[a-z][a-z.-]*[a-z]", piece)) - every - FOREIGN)
    return wrong


def test_flags(flags, documents):
    wrong = {name: unknown_flags(flags, text) for name, text in documents.items()}
    assert {name: found for name, found in wrong.items() if found} == {}


def test_a_wrong_flag_is_noticed(flags):
    text = ("`driftwatch check --baseline` `driftwatch check --fresh | jq --raw` `--nonsense` `--format`\n"
            "```sh\ndriftwatch status \\\n  --fail-on=x\ndriftwatch stauts --json\n```\n")
    assert unknown_flags(flags, text) == [
        "driftwatch status --fail-on", "driftwatch stauts", "driftwatch check --fresh", "--nonsense"]


@pytest.fixture(scope="module")
def routes(source):
    """Patterns of what the daemon serves; `*` is one part of a path."""
    tables = (source / "daemon/serve/routes.c").read_text() + (source / "daemon/show/api/api.c").read_text()
    found = set(re.findall(r'^ *\{"(/[^"]*)",', tables, re.MULTILINE))
    assert {"/metrics", "/api/v1/status", "/api/v1/replay"} <= found
    return found


def served(routes, path):
    return any(re.fullmatch(re.escape(route).replace(r"\*", "[^/]+"), path) for route in routes)


def test_routes(routes, documents):
    """What is named is served, and the API's document names each route."""
    named = {name: set(re.findall(r"/api/v1/[\w{}./%-]*[\w}]", text)) - FOREIGN_ROUTES
             for name, text in documents.items()}
    wrong = {name: sorted(path for path in paths if not served(routes, path)) for name, paths in named.items()}
    assert {name: found for name, found in wrong.items() if found} == {}
    assert sorted(route for route in routes if route.startswith("/api/")
                  and not any(served([route], path) for path in named["docs/api.md"])) == []


def test_alerts(source, documents):
    known = set(re.findall(r'"((?:Retrieval|Driftwatch)[A-Z]\w+)"', (source / "daemon/model/rule.c").read_text()))
    known |= set(re.findall(r"alert: (\w+)", (source / "dashboards/driftwatch.rules.yaml").read_text()))
    assert "RetrievalSetDrift" in known
    wrong = {name: sorted(set(re.findall(r"\b(?:Retrieval|Driftwatch)[A-Z]\w+", text)) - known)
             for name, text in documents.items()}
    assert {name: found for name, found in wrong.items() if found} == {}


def statuses(text):
    """The numbers that are called an exit status."""
    found = []
    for numbers in re.findall(r"\bexit(?:s with| status(?: is| stays)?|:)? `?(\d+(?:(?:, | or | and )\d+)*)", text,
                              re.IGNORECASE):
        found += map(int, re.findall(r"\d+", numbers))
    return set(found)


def test_exit_statuses(source, documents):
    """Each is explained by the manual; none is named that no command has."""
    header = (source / "daemon/commands/command.h").read_text()
    known = {0, 1} | {int(one) for one in re.findall(r"#define EXIT_\w+ (\d+)", header)}
    assert known == {0, 1, 2, 3}
    assert {name: statuses(text) - known for name, text in documents.items() if statuses(text) - known} == {}
    manual = (source / "docs/driftwatch.1.in").read_text()
    section = re.search(r"^\.SH EXIT STATUS\n(.*?)^\.SH", manual, re.MULTILINE | re.DOTALL)[1]
    assert set(map(int, re.findall(r"^\.B (\d+)$", section, re.MULTILINE))) == known
    assert statuses("exit status 4, Exit status is 1 or 5, exits with 3") == {1, 3, 4, 5}


def test_tests_that_are_named_are_there(source, documents):
    """A command that is not run has a reason, and a test that a document points to exists."""
    wrong = []
    for name, text in documents.items():
        wrong += [f"{name}: {path}" for path in re.findall(r"\btests/[\w/.-]+\.(?:py|c|sh)\b", text)
                  if not (source / path).exists() and path not in FOREIGN_FILES]
        wrong += [f"{name}:{block.line}: no reason" for block in fences.blocks(text)
                  if block.mark == "not run" and len(block.words.split()) < 2]
    assert wrong == []


def loose(text):
    """Blocks whose language is not said, and marks that mark nothing."""
    found = fences.blocks(text)
    wrong = [f"{block.line}: no language" for block in found if not block.language]
    wrong += [f"{block.line}: commands are sh or console" for block in found
              if block.language in ("bash", "shell", "zsh", "shell-session")]
    marks = len(re.findall(r"^ *<!-- (?:not run|file):", text, re.MULTILINE))
    marked = sum(1 for block in found if block.mark)
    ends = len(re.findall(r"^ *```", text, re.MULTILINE))
    return (wrong + [f"{marks} marks of blocks, {marked} of them before one"] * (marks != marked)
            + [f"{ends} fences for {len(found)} blocks"] * (ends != 2 * len(found)))


def test_blocks_say_what_they_are(documents):
    assert {name: loose(text) for name, text in documents.items() if loose(text)} == {}


def test_a_loose_block_is_noticed():
    assert loose("```\na\n```\n\n<!-- not run: it is a test -->\ntext\n```bash\nx\n```\n```sh\n") == [
        "1: no language", "7: commands are sh or console", "1 marks of blocks, 0 of them before one",
        "5 fences for 2 blocks"]
