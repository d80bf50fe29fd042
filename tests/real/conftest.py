# SPDX-License-Identifier: Apache-2.0
"""The system tests' tools, and the table at the end."""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))


def cases(reporter):
    """What the tests recorded, whichever process ran them."""
    for reports in reporter.stats.values():
        for report in reports:
            found = dict(getattr(report, "user_properties", ()))
            if getattr(report, "when", None) == "call" and "case" in found:
                yield found["case"]


def row(change, space, found):
    """A line of the table: all cases of a change in a space."""
    labels = collections.Counter(case["label"] for case in found)
    watched = [case for case in found if case["alerts"] is not None]
    alerts = sorted({alert for case in watched for alert in case["alerts"]})
    loud = sum(bool(case["alerts"]) for case in watched)
    return (f"| {change} | {space} | {', '.join(f'{label} {count}' for label, count in labels.most_common())} "
            f"| {sum(case['right'] for case in found)} of {len(found)} "
            f"| {sum(case['status'] != 0 for case in found)} of {len(found)} "
            f"| {f'{loud} of {len(watched)} ' if watched else ''}{', '.join(alerts)} |")


def pytest_terminal_summary(terminalreporter):
    groups = collections.defaultdict(list)
    for case in cases(terminalreporter):
        groups[case["harmful"], case["order"], case["change"], case["space"]].append(case)
    if not groups:
        return
    write = terminalreporter.write_line
    write("\n| change | space | labels | right | gate red | alerts above info |\n|---|---|---|---|---|---|")
    for (_, _, change, space), found in sorted(groups.items()):
        write(row(change, space, found))
    every = [case for found in groups.values() for case in found]
    for harmful, what in (True, "harmful, let through"), (False, "benign, stopped or alerted of"):
        some = [case for case in every if case["harmful"] == harmful]
        wrong = [case for case in some if (case["status"] == 0) == harmful or not harmful and case["alerts"]]
        write(f"{what}: {len(wrong)} of {len(some)}")
    write(f"rightly labelled: {sum(case['label_right'] for case in every)} of {len(every)}")
