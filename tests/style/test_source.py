# SPDX-License-Identifier: Apache-2.0
"""How the C code reads: sizes, calls that are not used here, first lines, formatting."""
import json
import re
import statistics
import subprocess

import pytest

from layers import without_comments_and_strings

SPDX = "SPDX-License-Identifier: Apache-2.0"
FUNCTION_MAX, FUNCTION_MEDIAN, FILE_MAX, COLUMNS = 80, 20, 600, 100
BANNED = re.compile(
    r"\b(sprintf|vsprintf|strcpy|stpcpy|strcat|strncpy|strtok|atoi|atol|atof|alloca|gets|system|popen)\s*\(")
PRINT = re.compile(r"\b(printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|putc|fputc|dprintf|perror)\s*\(")
SLEEP = re.compile(r"\b(sleep|usleep|nanosleep|clock_nanosleep)\s*\(")


def c_files(texts, *rooms):
    return {name: text for name, text in texts.items()
            if name.endswith((".c", ".h")) and name.startswith(rooms or ("common/", "daemon/", "tests/"))}


def function_lengths(source, names):
    """(lines, "file: function") of every function defined in the files."""
    tags = subprocess.run(
        ["ctags", "--languages=C", "--kinds-C=f", "--fields=+ne", "--output-format=json", "-f", "-",
         *names], cwd=source, check=True, capture_output=True, text=True)
    found = []
    for line in tags.stdout.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            found.append((tag["end"] - tag["line"] + 1, f"{tag['path']}: {tag['name']}"))
    return found


def banned_calls(name, text, pattern=BANNED):
    code = without_comments_and_strings(text)
    return [f"{name}:{code.count(chr(10), 0, m.start()) + 1}: {m.group(1)}()"
            for m in pattern.finditer(code)]


def headless(text):
    """Why a header does not open as headers do; None when it does."""
    if not text.startswith(f"/* {SPDX} */\n#pragma once\n\n/* "):
        return "does not open with the licence, #pragma once and a comment"
    paragraph = text.split("\n\n/* ", 1)[1].split("*/", 1)[0]
    if len(paragraph.split()) < 12:
        return "its opening comment is no paragraph"
    return None


def test_functions_are_short(source, texts):
    lengths = function_lengths(source, c_files(texts, "common/", "daemon/"))
    assert len(lengths) > 100
    assert [f"{where} has {n} lines" for n, where in lengths if n > FUNCTION_MAX] == []
    assert statistics.median(n for n, _ in lengths) < FUNCTION_MEDIAN


def test_a_long_function_is_noticed(tmp_path):
    (tmp_path / "a.c").write_text("int f(int x)\n{\n" + "        x++;\n" * 80 + "        return x;\n}\n")
    assert function_lengths(tmp_path, ["a.c"]) == [(84, "a.c: f")]


def test_files_are_short(texts):
    lengths = {name: text.count("\n") for name, text in c_files(texts, "common/", "daemon/").items()}
    assert {name: n for name, n in lengths.items() if n > FILE_MAX} == {}


def test_no_banned_call(texts):
    assert [found for name, text in c_files(texts).items() for found in banned_calls(name, text)] == []


@pytest.mark.parametrize("line, found", [
    ("strcpy(a, b);", ["x.c:2: strcpy()"]),
    ("n = atoi (s);", ["x.c:2: atoi()"]),
    ('puts("use strcpy(a, b)"); /* not sprintf() */', []),
    ("my_strcpy(a, b); snprintf(a, 1, b);", []),
])
def test_a_banned_call_is_noticed(line, found):
    assert banned_calls("x.c", f"/* one */\n{line}\n") == found


def test_one_door_prints(texts):
    """What a person reads on a terminal goes through say() and complain(), where nothing steers it. Whole documents
    are written by fwrite()."""
    found = [one for name, text in c_files(texts, "common/", "daemon/").items() if name != "daemon/commands/say.c"
             for one in banned_calls(name, text, PRINT)]
    assert found == []


def test_no_test_sleeps(texts):
    """Tests wait for what they expect, with a deadline; see poll() in tests/system/tools.py."""
    found = [one for name, text in c_files(texts, "tests/").items()
             for one in banned_calls(name, text, SLEEP)]
    found += [one for name, text in texts.items()
              if name.startswith("tests/system/test_") for one in banned_calls(name, text, SLEEP)]
    assert found == []


def test_licence_comes_first(texts):
    missing = []
    for name, text in texts.items():
        head = "\n".join(text.splitlines()[:2])
        if name.endswith((".c", ".h")) and not text.startswith(f"/* {SPDX} */\n"):
            missing.append(name)
        elif (name.endswith((".py", ".sh")) or text.startswith("#!")) and f"# {SPDX}" not in head:
            missing.append(name)
    assert missing == []


def test_headers_say_what_they_are(texts):
    complaints = {name: headless(text) for name, text in c_files(texts, "common/", "daemon/").items()
                  if name.endswith(".h")}
    assert {name: why for name, why in complaints.items() if why} == {}


def test_a_bare_header_is_noticed():
    assert headless(f"/* {SPDX} */\n#pragma once\n\nint f(void);\n")
    assert headless(f"/* {SPDX} */\n#pragma once\n\n/* Bands. */\n")


def test_lines_fit(texts):
    """Python gets more room, and in C a string that a person reads is not broken."""
    wide = []
    for name, text in texts.items():
        limit = {".c": COLUMNS, ".h": COLUMNS, ".sh": 120, ".py": 120}.get(name[name.rfind("."):])
        wide += [f"{name}:{number}" for number, line in enumerate(text.splitlines(), 1)
                 if limit and len(line) > limit and not (limit == COLUMNS and '"' in line)]
    assert wide == []


def test_no_blank_at_the_end_of_a_line(texts):
    ends = [f"{name}:{number}" for name, text in texts.items()
            if not name.endswith((".md", ".patch")) and "/corpus/" not in name
            for number, line in enumerate(text.split("\n"), 1) if line != line.rstrip()]
    assert ends == []


def test_clang_format_is_content(source, texts):
    done = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", *c_files(texts)],
        cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]
