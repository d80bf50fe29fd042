# SPDX-License-Identifier: Apache-2.0
"""What is made of the table of commands: help within 80 columns, the nearest command, completion that shells accept and
that completes, manual pages that name everything."""
import json
import os
import re
import subprocess

import pytest


def run(*argv, **options):
    return subprocess.run([str(one) for one in argv], capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def program(build):
    return build / "driftwatch"


@pytest.fixture(scope="module")
def commands(program):
    found = re.findall(r"^  ([a-z][a-z-]+) ", run(program, "help").stdout.split("Flags of")[0], re.MULTILINE)
    assert {"run", "check", "baseline", "help", "version"} <= set(found)
    return [name for name in found if name not in ("help", "version")]


def flags(program, command):
    found = re.findall(r"^  --([a-z.-]+[a-z])", run(program, "help", command).stdout, re.MULTILINE)
    assert "help" in found
    return found


def test_help_is_one_text(program, commands):
    for command in commands:
        done = run(program, "help", command)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == run(program, command, "--help").stdout
        assert f"\nExample:\n  driftwatch {command} " in done.stdout
    assert run(program, "help").stdout == run(program, "--help").stdout


def test_help_fits_eighty_columns(program, commands):
    for arguments in [], *([command] for command in commands):
        for line in run(program, "help", *arguments).stdout.splitlines():
            assert len(line) <= 80, line


def test_version(program):
    assert run(program, "version").stdout == run(program, "--version").stdout != ""
    assert run(program, "version", "more").returncode == 2


@pytest.mark.parametrize("words, nearest", [
    (["chek"], "check"), (["basline"], "baseline"), (["help", "statsu"], "status"), (["hepl"], "help")])
def test_the_nearest_command_is_named(program, words, nearest):
    done = run(program, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"driftwatch: {words[-1]} is not a command, but {nearest} is; try driftwatch --help\n"


def test_nothing_is_named_that_is_not_near(program):
    assert run(program, "xyzzyplugh").stderr == "driftwatch: xyzzyplugh is not a command; try driftwatch --help\n"


def completed(build, line):
    """What bash offers at the end of the line."""
    words = line.split(" ")
    script = (f"source {build}/docs/driftwatch; compopt() {{ :; }}; "
              f"COMP_LINE={json.dumps(line)}; COMP_POINT=${{#COMP_LINE}}; "
              f"COMP_WORDS=({' '.join(json.dumps(word) for word in words)}); COMP_CWORD={len(words) - 1}; "
              "_driftwatch; printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = run("bash", "-c", script)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split()


def test_bash_completes(build, program, commands):
    assert completed(build, "driftwatch ") == ["--help", "--version", *commands, "help", "version"]
    assert completed(build, "driftwatch ch") == ["check"]
    assert completed(build, "driftwatch help cov") == ["coverage"]
    assert completed(build, "driftwatch baseline app") == ["approve"]
    assert completed(build, "driftwatch check --fail-on=") == ["drift", "fail"]
    assert completed(build, "driftwatch check --format=h") == ["html"]
    for command in commands:
        offered = [word.removeprefix("--").removesuffix("=") for word in completed(build, f"driftwatch {command} --")]
        assert sorted(offered) == sorted(flags(program, command))


@pytest.mark.parametrize("argv", [["bash", "-n", "driftwatch"], ["zsh", "-n", "_driftwatch"],
                                  ["fish", "--no-execute", "driftwatch.fish"]], ids=lambda argv: argv[0])
def test_shells_accept_their_script(build, argv, tmp_path):
    done = run(*argv[:-1], build / "docs" / argv[-1], env={**os.environ, "HOME": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", ["_driftwatch", "driftwatch.fish"])
def test_scripts_name_every_flag(build, program, commands, script):
    text = (build / "docs" / script).read_text()
    for command in commands:
        part = text.split(f"        {command})\n")[1].split(";;")[0] if script == "_driftwatch" else "\n".join(
            line for line in text.splitlines() if f"__fish_seen_subcommand_from {command}'" in line)
        for flag in flags(program, command):
            assert re.search(rf"(?:--| -l ){re.escape(flag)}(?=[=\[ ])", part) or flag == "help", (command, flag)


def test_fish_completes(build, tmp_path):
    done = run("fish", "--no-config", "-c",
               f"source {build}/docs/driftwatch.fish; complete -C 'driftwatch check --fail-o'",
               env={**os.environ, "HOME": str(tmp_path)})
    assert done.returncode == 0 and done.stdout.startswith("--fail-on"), done.stderr


def test_manual_pages_name_everything(build):
    """Each key of the configuration and each metric has its entry, with its words."""
    plain = {path.name: path.read_text().replace(r"\-", "-") for path in (build / "docs").glob("*.[57]")}
    rows = json.loads(run(build / "tests/style/keys").stdout)
    headings = re.findall(r"^\.TP\n\.B (.*)$", plain["driftwatch.yaml.5"], re.MULTILINE)
    assert headings == [row["path"] for row in rows]
    rows = json.loads(run(build / "tests/style/metrics").stdout)
    headings = re.findall(r'^\.TP\n\.BR (\w+) " \((\w+)\)"\n(.*)$', plain["driftwatch-metrics.7"], re.MULTILINE)
    assert headings == [(row["name"], row["type"], row["help"]) for row in rows]
