# SPDX-License-Identifier: Apache-2.0
"""Who may know whom: the rooms of the house as a table, and a checker of #include lines against it."""
import fnmatch
import re

# Room of a file, by the first pattern that matches its path. A room's includes may only come from itself
# and from those named after it.
ROOMS = [
    ("common/*", "common"),
    ("daemon/model/*", "model"),
    ("daemon/judge/*", "judge"),
    ("daemon/tell/*", "tell"),
    ("daemon/show/metrics/*", "metrics"),
    ("daemon/show/page/*", "page"),
    ("daemon/show/report/*", "report"),
    ("daemon/show/gate/*", "gate"),
    ("daemon/show/api/*", "api"),
    ("daemon/show/*", "show"),
    ("daemon/ask/*", "ask"),
    ("daemon/serve/*", "serve"),
    ("daemon/keep/*", "keep"),
    ("daemon/config/*", "config"),
    ("daemon/watch/*", "watch"),
    ("daemon/commands/*", "commands"),
    ("daemon/describe/*", "describe"),
    ("daemon/daemon.[ch]", "daemon"),
    ("daemon/main.c", "main"),
]
# What arrows may point to, from left to right.
DATA = ["common", "model", "judge"]
# The readers of a view, each in a room of its own; what they share lies in show/ itself.
READERS = {"metrics": [], "page": [], "report": [], "gate": [], "api": ["gate", "report"]}
TOLD = DATA + ["tell", "show", *READERS]
MAY_INCLUDE = {
    "common": [],
    "model": ["common"],
    "judge": ["common", "model"],
    "tell": DATA,
    "show": DATA,
    **{reader: DATA + ["show"] + others for reader, others in READERS.items()},
    "ask": TOLD,
    "serve": TOLD,
    "keep": TOLD,
    "config": TOLD + ["ask", "serve", "keep"],
    "watch": TOLD + ["ask", "serve", "keep", "config"],
    "daemon": TOLD + ["ask", "serve", "keep", "config", "watch"],
    "commands": TOLD + ["ask", "serve", "keep", "config", "watch", "daemon"],
    "describe": ["common", "model", "show", "metrics", "config", "commands"],
    "main": ["common", "commands"],
}
# Headers made by the build, which belong to no room.
GENERATED = {"revision.h", "version.h"}

# A library's header and the only files that may name it.
CONFINED = {
    "curl/*": ["daemon/ask/http_client.c", "daemon/ask/http_transfer.[ch]"],
    "microhttpd.h": ["daemon/serve/*"],
    "systemd/sd-event.h": [
        "daemon/ask/*", "daemon/tell/outbox.[ch]", "daemon/daemon.[ch]", "daemon/watch/*",
        "daemon/commands/*"],
    "sqlite3.h": ["daemon/keep/*"],
    "yaml.h": ["common/yaml.c"],
    "pthread.h": ["daemon/serve/*", "common/log.c"],
}

# Files without a clock, a file, a socket, an environment or a log, and what they may not name.
PURE = [
    "daemon/model/*", "daemon/judge/*", "daemon/show/*", "daemon/tell/alert.c", "daemon/tell/notice.c",
    "daemon/tell/signal.c", "daemon/tell/selfcheck.c", "daemon/tell/sieve.c",
    "daemon/tell/rehearsal.c", "daemon/tell/moment.c",
    "daemon/tell/channel.c", "daemon/tell/alertmanager.c", "daemon/tell/webhook.c",
    "daemon/tell/message.c", "daemon/tell/ntfy.c", "daemon/tell/slack.c", "daemon/tell/pagerduty.c",
    "daemon/tell/teams.c", "daemon/tell/template.c", "daemon/tell/token.c", "daemon/tell/discord.c",
    "daemon/tell/telegram.c",
    "daemon/tell/flap.c", "daemon/tell/signature.c", "daemon/tell/email.c", "daemon/tell/letter.c",
    "daemon/tell/silence.c", "daemon/tell/calendar.c", "daemon/tell/routing.c",
    "daemon/tell/acks.c", "daemon/tell/act.c", "daemon/tell/desk.c", "daemon/tell/chain.c", "daemon/tell/escalation.c",
    "daemon/ask/chroma.c", "daemon/ask/embedding.c", "daemon/ask/records.c", "daemon/ask/wire.c",
    "daemon/ask/ruling.c", "daemon/ask/smtp.c", "daemon/ask/match.c", "daemon/ask/expected.c",
    "daemon/config/import/*", "daemon/watch/schedule.c",
]
# Members are somebody else's functions: m->write(). query_set_load() and vector_set_load() read a whole file through
# common/file.h and do nothing but that.
IMPURE_CALL = re.compile(
    r"(?<![\w.>])(clock_gettime|gettimeofday|time|localtime|open|openat|fopen|read|write|socket|connect|getenv"
    r"|secure_getenv|printf|fprintf|puts|log_(?:event|debug|info|warning|error|init))\s*\(")
IMPURE_HEADERS = {"clock.h", "log.h", "sys/socket.h", "netdb.h", "fcntl.h", "systemd/sd-journal.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def room(path):
    """The room of a path relative to the top; None outside the house."""
    for pattern, name in ROOMS:
        if fnmatch.fnmatch(path, pattern):
            return name
    return None


def without_comments_and_strings(text):
    """Same line structure, but comments are spaces and string literals are empty."""
    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] * 2
    return re.sub(
        r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.DOTALL)


def resolve(source, path, included):
    """The path of a quoted include relative to the top, None when no such file is in the tree."""
    for base in (source / path).parent, source / "common", source / "daemon":
        candidate = base / included
        if candidate.is_file():
            return candidate.resolve().relative_to(source.resolve()).as_posix()
    return None


def violations(source):
    """A sentence for each line of daemon/ and common/ that knows what it may not know."""
    found = []
    for file in sorted([*source.glob("common/**/*.[ch]"), *source.glob("daemon/**/*.[ch]")]):
        path = file.relative_to(source).as_posix()
        found += file_violations(source, path, file.read_text(encoding="utf-8"))
    return found


def file_violations(source, path, text):
    found = []
    here = room(path)
    if here is None:
        return [f"{path}: belongs to no room"]
    pure = any(fnmatch.fnmatch(path, pattern) for pattern in PURE)
    for match in INCLUDE.finditer(text):
        where = f"{path}:{text.count(chr(10), 0, match.start(2)) + 1}"
        quoted, included = match.group(1) == '"', match.group(2)
        if quoted and included not in GENERATED:
            target = resolve(source, path, included)
            there = room(target) if target else None
            if there is None:
                found.append(f'{where}: "{included}" is no header of ours')
            elif there != here and there not in MAY_INCLUDE[here]:
                found.append(f'{where}: {here} may not include "{included}" of {there}')
        for pattern, allowed in CONFINED.items():
            if not quoted and fnmatch.fnmatch(included, pattern) and not any(
                    fnmatch.fnmatch(path, one) for one in allowed):
                found.append(f"{where}: <{included}> is only for {', '.join(allowed)}")
        if pure and included in IMPURE_HEADERS:
            found.append(f"{where}: a pure file includes <{included}>")
    if pure:
        code = without_comments_and_strings(text)
        for match in IMPURE_CALL.finditer(code):
            where = f"{path}:{code.count(chr(10), 0, match.start()) + 1}"
            found.append(f"{where}: a pure file calls {match.group(1)}()")
    return found
