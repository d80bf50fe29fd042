# SPDX-License-Identifier: Apache-2.0
"""What a terminal is given beyond a file: how far a command has come that takes longer than a second, lines that fit,
colours."""
import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest

import tools


def on_terminal(program, *argv):
    """(exit status, stdout, what the terminal that stderr is was given)."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [program.program, argv[0], f"--config.file={program.config_file}", f"--storage.path={program.state}",
         *argv[1:]],
        stdout=subprocess.PIPE, stderr=theirs, text=True, cwd=program.directory)
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # nobody has the other end any more
            break
        if not part:
            break
        seen += part
    os.close(ours)
    out = child.communicate(timeout=60)[0]
    return child.returncode, out, seen.decode()


@pytest.fixture
def waiting(chroma, driftwatch, name):
    """A collection whose recording takes two pauses of a second and a half."""
    queries, records = tools.axes([0.5, 0.9])
    chroma.create(name)
    chroma.upsert(name, ["r0", "r1"], records, [{"file": f"{i}, {'a long name ' * 9}"} for i in range(2)])
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": f"q{i}", "text": "?", "expect": {"ids": [f"r{i}"]}} for i in range(2)],
                     {f"q{i}": row for i, row in enumerate(queries)}, label="handbook")
    driftwatch.write()
    return driftwatch


def test_a_terminal_is_told_how_far_it_is(waiting):
    status, _, seen = on_terminal(waiting, "baseline", "propose", "--pause=1500ms")
    assert status == 0, seen
    lines = seen.split("\r\033[K")
    assert any(re.fullmatch(r"recorded 0 of 1 collections, \d+s so far", line) for line in lines), seen
    assert lines[-1] == "", "the line is gone at the end"


def test_a_short_command_says_nothing(waiting):
    assert on_terminal(waiting, "check")[::2] == (0, "")


def printed(program, columns, *words, **environment):
    """What a command, `check` where none is named, prints on a terminal that is so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    words = words or ("check", f"--config.file={program.config_file}")
    child = subprocess.Popen([program.program, *words], stdout=theirs,
                             cwd=program.directory, env={**os.environ, "TERM": "xterm", **environment})
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 4096):
            seen += part
    os.close(ours)
    assert child.wait(60) in (0, 1)
    return seen.decode().replace("\r\n", "\n")


def test_a_table_fits_the_terminal(waiting, chroma, name):
    """And says the same as what goes to a file."""
    chroma.delete(name, ["r1"])
    whole = waiting.run("check", f"--storage.path={waiting.state}").stdout
    assert any(len(line) > 80 for line in whole.splitlines()) and "\033" not in whole
    shown = printed(waiting, 80, NO_COLOR="1")
    assert max(map(len, shown.splitlines())) <= 80 and "\033" not in shown

    def words(text):
        return re.sub(r"replayed in \S+", "", " ".join(text.split())).split()
    assert words(shown) == words(whole)
    coloured = printed(waiting, 80, NO_COLOR="")
    assert "  \033[31mfail\033[0m  " in coloured and "verdict: \033[31mfail\033[0m (" in coloured
    assert words(re.sub(r"\033\[\d+m", "", coloured)) == words(whole)


def test_every_list_fits_the_terminal(waiting, chroma, name):
    """Whatever the command; and the status says in less columns how many pass, and why not all do."""
    assert waiting.run("baseline", "propose").returncode == 0
    assert waiting.run("baseline", "approve", "--by=Ada", "--reason=" + "all is well " * 9).returncode == 0
    waiting.start()
    chroma.delete(name, ["r1"])
    waiting.replay()
    address = f"--web.listen-address={waiting.url.removeprefix('http://')}"
    subprocess.run([waiting.program, "silence", "add", "collection=handbook", "--for=2h", "--by=Ada",
                    "--comment=" + "moving house " * 8, address], check=True, capture_output=True, timeout=60)
    files = f"--config.file={waiting.config_file}", f"--storage.path={waiting.state}"
    for words in (("status", address), ("silence", "list", address), ("baseline", "list", *files),
                  ("baseline", "show", *files), ("coverage", "--collection=handbook", "--by=metadata.file", files[0])):
        shown = printed(waiting, 80, *words, NO_COLOR="1")
        assert shown and max(map(len, shown.splitlines())) <= 80, shown
        whole = subprocess.run([waiting.program, *words], capture_output=True, text=True, timeout=60).stdout
        assert words[0] == "status" or " ".join(shown.split()) == " ".join(whole.split()), words
    shown = printed(waiting, 80, "status", address, NO_COLOR="1")
    row, remark = shown.splitlines()[1:3]
    assert row.split()[:3] == ["handbook", "fail", "up"] and " 1 of 2 " in row, shown
    assert remark.startswith("    of 2 queries 1 fail"), shown
    assert "UNJUDGED" in printed(waiting, 200, "status", address, NO_COLOR="1").splitlines()[0]


def test_a_log_is_told_nothing(waiting):
    done = waiting.run("baseline", "propose", "--pause=1500ms")
    assert (done.returncode, done.stderr) == (0, "")
