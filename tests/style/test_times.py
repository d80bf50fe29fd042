# SPDX-License-Identifier: Apache-2.0
"""Whatever is kept of times follows the wall clock when that is set: a member that nobody moves would be wrong for as
long as it is kept, and so would every duration that is measured from it."""
import re

import pytest

import layers

# Members of these names are spans, which no clock moves.
SPANS = {
    "interval", "interval_usec", "timeout", "history", "survey_interval", "embed_interval", "last_duration", "duration",
    "resend_delay", "repeat_interval", "group_wait", "group_interval", "ingest_grace", "grace", "look", "for_usec",
    "keep_firing_for_usec", "longest_interval", "pace", "backoff_min", "backoff_max", "cost", "busy", "reserved", "ttl",
    "patience", "after", "ack_timeout", "ack_expire", "expire", "wait", "window"}
NOT_MOVED = {
    "by CLOCK_BOOTTIME": {
        "traffic.not_before", "queue_entry.deadline", "freshness.due", "freshness.asked", "timer.due", "place.due",
        "watch.probed", "watch.await_until", "storage.due", "storage.homes_due", "storage.look_due", "spending.slot",
        "lease.seen_at", "lease.asked_at", "lease.until", "lease.next",
        "queue_entry.created", "record.failing_since", "record.lost_at", "moment.boot"},
    "of a calendar or another life, and right or wrong for ever": {
        "baseline.recorded", "baseline.approved", "candidate_input.recorded", "known_failing.until",
        "outbox_entry.created", "outbox_entry.expires", "loss_view.at", "token.made", "token.expires", "act.link_made"},
    "made anew of what is moved, and gone before the clock is looked at again": {
        "view.published", "view.started", "view.reload_success_at", "incident.since",
        "history_run.first", "history_run.last", "channel_context.now", "delivery_plan.now",
        "message.since", "message.ended", "rehearsal.now", "moment.wall", "channel_view.failing_since",
        "channel_view.lost_at", "channel_view.oldest_at",
        "escalation_status.next_at", "escalation_status.ack_until", "escalation_status.opened_at",
        "escalation_status.last_ack_at", "search.now", "telling.now"},
    "history_jump() remembers by how much all of them are off": {"block.base"},
}
KEPT = re.compile(r"daemon/(?:model|judge|tell|watch|config)/")
# Who reads the wall clock itself, and why it may.
REALTIME = {
    "common/clock.c": "this is where it is followed", "common/clock.h": "names it", "common/log.c": "a line's own time",
    "daemon/tell/outbox.c": "what an entry says to another life", "daemon/serve/process.c": "a fact of the process",
    "daemon/serve/routes.c": "an answer's, at the moment it is given",
    "daemon/serve/pages.c": "the page's, at the moment it is rendered",
    "daemon/commands/": "a command lives for one answer"}


def members(text):
    """(struct, member) of every usec_t that a struct of this file has."""
    code = layers.without_comments_and_strings(text)
    for struct, body in re.findall(r"struct (\w+) \{\n(.*?)^ *\}", code, re.MULTILINE | re.DOTALL):
        for names in re.findall(r"^ +usec_t ([\w\s,]+);", body, re.MULTILINE):
            yield from ((struct, name.strip()) for name in names.split(","))


def moved(texts):
    """Names of members whose address a function x_jump() takes."""
    bodies = "".join(body for text in texts.values()
                     for body in re.findall(r"^\w[^;{}]*\w_jump\([^)]*\)\n\{(.*?)^\}", text, re.MULTILINE | re.DOTALL))
    return set(re.findall(r"&[\w>.\[\]-]+[.>](\w+)\b", bodies))


def unmoved(texts):
    known, exceptions = moved(texts) | SPANS, {name for names in NOT_MOVED.values() for name in names}
    return sorted({f"{path}: {struct}.{member}" for path, text in texts.items() for struct, member in members(text)
                   if KEPT.match(path) and member not in known and f"{struct}.{member}" not in exceptions})


def program(texts):
    return {path: text for path, text in texts.items()
            if path.endswith((".c", ".h")) and path.startswith(("common/", "daemon/"))}


def test_every_time_that_is_kept_follows_the_clock(texts):
    assert len(moved(program(texts))) > 25
    assert unmoved(program(texts)) == [], "move it where its neighbours are moved, or say why it need not be"


def test_the_exceptions_are_there(texts):
    there = {f"{struct}.{member}" for text in program(texts).values() for struct, member in members(text)}
    assert sorted({name for names in NOT_MOVED.values() for name in names} - there) == []


def test_times_that_are_kept_are_not_the_wall_clock_s_own(texts):
    assert [path for path, text in program(texts).items()
            if "CLOCK_REALTIME" in text and not path.startswith(tuple(REALTIME))] == []


@pytest.mark.parametrize("text, found", [
    ("struct a {\n        usec_t at;\n};\n", ["daemon/model/a.h: a.at"]),
    ("struct a {\n        usec_t interval, seen;\n};\n", ["daemon/model/a.h: a.seen"]),
    ("struct a {\n        usec_t seen;\n};\nvoid a_jump(struct a *a, int64_t by)\n{\n"
     "        time_jump(&a->seen, by);\n}\n", []),
    ("struct a {\n        usec_t seen;\n};\nvoid a_add(struct a *a)\n{\n        take(&a->seen);\n}\n",
     ["daemon/model/a.h: a.seen"]),
])
def test_what_is_not_moved_is_noticed(text, found):
    assert unmoved({"daemon/model/a.h": text}) == found
