# SPDX-License-Identifier: Apache-2.0
"""What the program is built with, so that a mistake in reading hostile input ends it before anybody steers it."""
import json
import platform
import re
import subprocess

import pytest


def read(what, flags):
    return subprocess.run(["readelf", flags, what], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def segments(build):
    """Name and flags of each program header."""
    rows = map(str.split, read(build / "driftwatch", "-lW").splitlines())
    return {words[0]: "".join(words[6:-1]) for words in rows
            if len(words) > 7 and words[1].startswith("0x")}


def test_nothing_is_relocated_after_the_start(build, segments):
    dynamic = read(build / "driftwatch", "-dW")
    assert "GNU_RELRO" in segments
    assert re.search(r"\(FLAGS\).*BIND_NOW", dynamic) and re.search(r"\(FLAGS_1\).*\bNOW\b", dynamic), dynamic


def test_it_lies_where_nobody_expects_it(build):
    assert re.search(r"\(FLAGS_1\).*\bPIE\b", read(build / "driftwatch", "-dW"))


def test_nothing_that_is_written_is_executed(segments):
    assert segments["GNU_STACK"] == "RW"
    assert [name for name, flags in segments.items() if "W" in flags and "E" in flags] == []


def test_lengths_are_checked(build):
    symbols = read(build / "driftwatch", "-sW")
    assert {"__stack_chk_fail", "__memcpy_chk", "__vsnprintf_chk"} <= set(re.findall(r"UND (\w+)@", symbols))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="what a jump may lead to is marked on x86-64 only")
def test_jumps_lead_where_they_may(build):
    # In the objects: the linker drops the mark where one of the C library's has none.
    objects = sorted((build / "driftwatch.p").glob("*.o"))
    assert objects
    assert [o.name for o in objects if "IBT, SHSTK" not in read(o, "-nW")] == []


def test_every_file_is_compiled_so(build):
    ours = [c for c in json.loads((build / "compile_commands.json").read_text())
            if c["output"].startswith(("driftwatch.p/", "daemon/", "common/"))]
    assert len(ours) > 100
    for flag in "-D_FORTIFY_SOURCE=3", "-fstack-protector-strong", "-ftrivial-auto-var-init=pattern":
        assert [c["file"] for c in ours if flag not in c["command"].split()] == [], flag
