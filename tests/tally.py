# SPDX-License-Identifier: Apache-2.0
"""Adds up the JUnit files of the parts that tests/run.sh ran and prints its last line.

A part that failed without a failed test in its file (it did not compile, it crashed) counts as one
failure, and so does a skipped test when DRIFTWATCH_REQUIRE_ALL is 1.
"""
import os
import pathlib
import sys
import xml.etree.ElementTree


def cases(path):
    """(outcome, name) of each test in a JUnit file."""
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname', '')} {case.get('name', '')}".strip()
        if case.find("failure") is not None or case.find("error") is not None:
            yield "failed", name
        elif case.find("skipped") is not None:
            yield "skipped", name
        else:
            yield "passed", name


def tally(directory, require_all):
    """Counts by outcome, and sentences about what is not green."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    remarks = []
    for status in sorted(directory.glob("*.status")):
        part = status.stem
        file = status.with_suffix(".xml")
        try:
            outcomes = list(cases(file))
        except (OSError, xml.etree.ElementTree.ParseError) as error:
            outcomes = []
            remarks.append(f"{part}: no results: {error}")
        failed_before = counts["failed"]
        for outcome, name in outcomes:
            if outcome == "skipped" and require_all:
                outcome = "failed"
            counts[outcome] += 1
            if outcome != "passed":
                remarks.append(f"{part}: {outcome}: {name}")
        broken = int(status.read_text()) != 0 or not outcomes
        if broken and counts["failed"] == failed_before:
            counts["failed"] += 1
            remarks.append(f"{part}: failed as a whole, see above")
    return counts, remarks


def main():
    counts, remarks = tally(
        pathlib.Path(sys.argv[1]), os.environ.get("DRIFTWATCH_REQUIRE_ALL") == "1")
    for remark in remarks:
        print(remark)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 0 if counts["failed"] == 0 and counts["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
