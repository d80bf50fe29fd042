# SPDX-License-Identifier: Apache-2.0
"""tests/tally.py, on whose last line everybody looks: nothing red or missing may look green."""
import subprocess
import sys

import pytest

GREEN = '<testsuites><testsuite><testcase name="a"/><testcase name="b"/></testsuite></testsuites>'
RED = '<testsuites><testsuite><testcase name="a"><failure message="x"/></testcase></testsuite></testsuites>'
BROKEN = '<testsuites><testsuite><testcase name="a"><error message="x"/></testcase></testsuite></testsuites>'
SKIPPED = '<testsuites><testsuite><testcase name="a"/><testcase name="b"><skipped/></testcase></testsuite></testsuites>'


@pytest.mark.parametrize("parts, require_all, line, status", [
    ({"unit": (0, GREEN)}, "1", "2 passed, 0 failed, 0 skipped", 0),
    ({"unit": (0, GREEN), "system": (1, RED)}, "1", "2 passed, 1 failed, 0 skipped", 1),
    ({"unit": (0, BROKEN)}, "1", "0 passed, 1 failed, 0 skipped", 1),
    ({"unit": (0, SKIPPED)}, "0", "1 passed, 0 failed, 1 skipped", 0),
    ({"unit": (0, SKIPPED)}, "1", "1 passed, 1 failed, 0 skipped", 1),
    # A part that ended badly though its tests were green, that left nothing, half a file, or ran no test.
    ({"unit": (2, GREEN)}, "1", "2 passed, 1 failed, 0 skipped", 1),
    ({"unit": (0, GREEN), "asan": (1, None)}, "1", "2 passed, 1 failed, 0 skipped", 1),
    ({"unit": (0, GREEN), "asan": (0, None)}, "1", "2 passed, 1 failed, 0 skipped", 1),
    ({"unit": (0, GREEN), "asan": (0, RED[:60])}, "1", "2 passed, 1 failed, 0 skipped", 1),
    ({"unit": (0, "<testsuites/>")}, "1", "0 passed, 1 failed, 0 skipped", 1),
    ({}, "1", "0 passed, 0 failed, 0 skipped", 1),
])
def test_tally(source, tmp_path, parts, require_all, line, status):
    for part, (ended, results) in parts.items():
        (tmp_path / f"{part}.status").write_text(f"{ended}\n")
        if results is not None:
            (tmp_path / f"{part}.xml").write_text(results)
    done = subprocess.run([sys.executable, source / "tests/tally.py", tmp_path], capture_output=True, text=True,
                          env={"DRIFTWATCH_REQUIRE_ALL": require_all})
    assert (done.stdout.splitlines()[-1], done.returncode) == (line, status)
