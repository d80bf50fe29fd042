# SPDX-License-Identifier: Apache-2.0
"""The tables of what was done to real collections and what was told."""
import collections

import changes
import methods

HEAD = "| change | space | labels | right | near | wrong | gate red | alerts |"


def counted(values):
    return ", ".join(f"{value} {count}" for value, count in collections.Counter(values).most_common())


def line(change, space, rows):
    """One of the table."""
    how = collections.Counter(row["how"] for row in rows)
    red = sum(row["status"] != 0 for row in rows)
    told = [row["alerts"] for row in rows if "alerts" in row]
    alerts = f"{sum(map(bool, told))} of {len(told)}: {', '.join(sorted(set(' '.join(told).split())))}".rstrip(": ")
    return (f"| {change.name} | {space} | {counted(row['cause'] for row in rows)} | {how['right']} | {how['near']} | "
            f"{how['wrong']} | {red} of {len(rows)} | {alerts if told else '-'} |")


def lines(rows):
    if not rows:
        return
    yield HEAD
    yield "|---" * (HEAD.count("|") - 1) + "|"
    for harmful in False, True:
        for change in changes.CHANGES.values():
            for space in changes.SPACES:
                these = [row for row in rows if (row["change"], row["space"]) == (change.name, space)]
                if these and change.harmful == harmful:
                    yield line(change, space, these)
    yield from totals(rows)


def is_alarmed(row):
    return row["status"] != 0 or bool(row.get("alerts"))


def totals(rows):
    """What counts, and of each benign change that was told of what exact search says."""
    bad = [row for row in rows if changes.CHANGES[row["change"]].harmful]
    good = [row for row in rows if not changes.CHANGES[row["change"]].harmful]
    named = sum(row["how"] != "wrong" for row in rows)
    through = sum(row["status"] == 0 for row in bad)
    alarmed = [row for row in good if is_alarmed(row)]
    yield (f"harmful let through: {through} of {len(bad)}; benign stopped or alerted: {len(alarmed)} of {len(good)}, "
           f"and exact search disagrees: {sum(bool(row['unjust']) for row in good)}; "
           f"causes right or near: {named} of {len(rows)}")
    for row in good:
        for verdict in "unjust", "just":
            for sentence in row[verdict]:
                yield (f"{verdict}: {row['change']} {row['space']} {row['corpus']} {row['release']} v{row['variant']}, "
                       f"{row['cause']}: {sentence}")


def percent(share):
    return f"{100 * share:.1f} %"


def calibration(rows):
    """What the report claims of losses beside what was observed."""
    if not rows:
        return
    head = ("| corpus | lost | records | an answer changes | gate fails: claimed | of simulated | observed | of real | "
            "99 % interval |")
    yield head
    yield "|---" * (head.count("|") - 1) + "|"
    for row in rows:
        claimed, (low, high) = row["claimed"], row["interval"]
        yield (f"| {row['corpus']} | {percent(row['share'])} | {row['records']} | {percent(row['changes'])} | "
               f"{percent(claimed['share'])} | {claimed['of']} | {percent(row['red'] / row['of'])} | {row['of']} | "
               f"{percent(low)} to {percent(high)} |")


class Table:
    """One of a test's own, in Markdown."""

    def __init__(self, title, head):
        self.title, self.rows = title, [head]

    def add(self, *cells):
        self.rows.append(cells)

    def __str__(self):
        rows = [f"| {' | '.join(map(str, row))} |" for row in self.rows]
        return "\n".join([f"\n{self.title}", rows[0], "|---" * len(self.rows[0]) + "|", *rows[1:]])


JUDGES = ["driftwatch", *methods.METHODS]


def mark(row, judge):
    """Whether it was wrong is seen at once."""
    wrong = row[judge] != changes.CHANGES[row["compared"]].harmful
    return ("red" if row[judge] else "green") + (" (wrong)" if wrong else "")


def compared(rows):
    """Driftwatch beside other methods."""
    if not rows:
        return
    table = Table("methods side by side", [
        "change", "space", *JUDGES, "told after", "inquiries", "requests", "ms", "kB"])
    order = list(changes.CHANGES)
    for row in sorted(rows, key=lambda row: (changes.CHANGES[row["compared"]].harmful, order.index(row["compared"]))):
        table.add(row["compared"], row["space"], *(mark(row, judge) for judge in JUDGES),
                  f"{row['delay']}: {row['told']}" if row["delay"] else "-", row["inquiries"], row["requests"],
                  round(1000 * row["seconds"]), row["bytes"] // 1000)
    yield str(table)
    for judge in JUDGES:
        bad, good = ([row[judge] for row in rows if changes.CHANGES[row["compared"]].harmful == harmful]
                     for harmful in (True, False))
        yield (f"{judge}: harmful let through: {bad.count(False)} of {len(bad)}; "
               f"benign stopped: {sum(good)} of {len(good)}")


def everything(rows):
    """Of all tests that ran, by what they recorded."""
    yield from (row["table"] for row in rows if "table" in row)
    yield from compared([row for row in rows if "compared" in row])
    yield from lines([row for row in rows if "change" in row])
