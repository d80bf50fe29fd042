#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Follows a document as its reader would, and fails where it does not say what happens.

    tests/system/document.py DIRECTORY PLACE[,PLACE...] DOCUMENT...      with driftwatch in PATH, as root

Every block of the language `sh` or `console` is run, unless the line before it is `<!-- not run: REASON -->`; all of
a document in one shell, in order, in an empty directory that has the tree's top-level names as links. Each command of a
`sh` block has to succeed. Of a `console` block what is printed is compared: durations, times and identifiers are
anything, and a line `…` stands for any lines. A block after `<!-- file: NAME -->` is written to that file. `driftwatch
run` alone in a block has a terminal of its own: it is what the next blocks talk to, until another one is started.

The reader has a network, processes, /etc and /var/lib of their own; what is at which address there, see Place."""
import dataclasses
import difflib
import os
import pathlib
import re
import subprocess
import sys
import uuid

import requests
import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(SOURCE / "tests"))
# pylint: disable=wrong-import-position
import fences  # noqa: E402
import releases  # noqa: E402
import tools  # noqa: E402
import worlds  # noqa: E402

SECONDS = 150
# Of our own environment, that would change what is printed.
FOREIGN = "GITHUB_ACTIONS", "STATE_DIRECTORY", "SUDO_USER"
HANDBOOK = {
    "leave-policy.md": "Ask for a day off two weeks before. Your lead approves a holiday within three days.",
    "expenses.md": "Expenses up to an amount of 50 euros need no approval. Keep the receipt.",
    "laptops.md": "A laptop that was stolen is reported to the help desk at once, so that it can be locked.",
    "parental-leave.md": "Parents take up to twelve months of leave. Tell human resources ten weeks before.",
    "onboarding.md": "On the first day you get a badge and a mentor who answers questions.",
    "passwords.md": "Reset a forgotten password on the login page. The link is valid for one hour.",
    "travel.md": "Book trains and hotels in the travel tool. Flights inside the country need a reason.",
    "sick-leave.md": "Call your lead when you are ill. A doctor's note is needed from the fourth day on.",
}


def essence(text):
    """Without what is different each time, and what another processor's last digits may change."""
    for pattern, instead in (
            (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| UTC)?", "TIME"),
            (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID"),
            (r"\b(\d+m ?)?\d+(\.\d+)?(us|ms|s)\b", "DURATION"),
            (r"\b(\d\.\d{4})\d*", r"\1"),
            (r"[ \t]+", " "),
            (r" $", "")):
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text.strip("\n")


def agrees(printed, said):
    parts = [re.escape(part) for part in re.split(r"^…$\n?", essence(said) + "\n", flags=re.MULTILINE)]
    return re.fullmatch("(?s:.*)".join(parts), essence(printed) + "\n") is not None


@dataclasses.dataclass(frozen=True)
class Step:
    """What the shell is given at once, and what it has to print: None for whatever it likes."""
    line: int
    command: str
    printed: str | None


STOP = """if [ -n "$reader_daemon" ]; then kill "$reader_daemon" && wait "$reader_daemon" || exit; fi"""
READY = """until curl -sf --noproxy '*' http://127.0.0.1:9820/-/ready; do
        kill -0 "$reader_daemon" || { cat daemon.log; exit 1; }
done"""


def steps(found):
    """What the shell is given for these blocks."""
    listed = []
    for block in found:
        if block.mark == "file":
            path = pathlib.PurePath(block.words)
            listed.append(Step(block.line, f"cat >'{path}' <<'END OF {path}'\n{block.text}END OF {path}", ""))
        elif not block.runs:
            continue
        elif block.stays:
            listed.append(Step(block.line, f"{STOP}\n{block.text.strip()} >daemon.log 2>&1 &\nreader_daemon=$!\n"
                               f"{READY}", None))
        elif block.language == "sh":
            listed.append(Step(block.line, f"set -e\n{block.text}set +e", None))
        else:
            line = block.line + 1
            for command, printed in fences.session(block.text):
                listed.append(Step(line, command, printed))
                line += command.count("\n") + 1 + printed.count("\n")
    return listed


def follow(name, page, directory, environment):
    """Runs the document in this network; returns what is wrong with it, in words, or an empty text."""
    listed = steps(fences.blocks(page))
    seal = uuid.uuid4().hex
    script = directory / "script"
    # In a file, that the shell reads no further than it is; each step's status, then the seal.
    script.write_text("reader_daemon=\n" + "".join(
        f"{step.command}\nprintf '\\n%s %s\\n' {seal} $?\n" for step in listed) + f"{STOP}\n")
    output = directory / "output"
    with output.open("wb") as sink:
        try:
            status = subprocess.run(["sh", script], cwd=environment["PWD"], env=environment, stdout=sink, stderr=sink,
                                    stdin=subprocess.DEVNULL, timeout=SECONDS).returncode
        except subprocess.TimeoutExpired:
            status = f"none within {SECONDS} s"
    *done, rest = re.split(rf"\n{seal} (\d+)\n", output.read_text(errors="replace"))
    for step, printed in zip(listed, done[::2]):
        if step.printed is not None and not agrees(printed, step.printed):
            lines = difflib.unified_diff(step.printed.splitlines(), printed.splitlines(), f"{name} says", "is printed",
                                         lineterm="")
            return f"{name}:{step.line}: $ {step.command}\n" + "\n".join(lines)
    if len(done) // 2 < len(listed):
        step = listed[len(done) // 2]
        return f"{name}:{step.line}: exit status {status} within\n{step.command}\nafter printing\n{rest}"
    return f"{name}: a daemon or the shell ended with {status}\n{rest}" if status else ""


def apart(mount_at):
    """In namespaces of our own: a loopback interface, and /etc and /var/lib that nobody else sees."""
    def run(*argv):
        subprocess.run([str(one) for one in argv], check=True)
    run("ip", "link", "set", "lo", "up")
    run("mount", "-t", "tmpfs", "reader", mount_at)
    for place in map(pathlib.Path, ("/etc", "/var/lib")):
        upper, work = (mount_at / f"{place.name}.{kind}" for kind in ("upper", "work"))
        upper.mkdir()
        work.mkdir()
        run("mount", "-t", "overlay", "reader", "-o", f"lowerdir={place},upperdir={upper},workdir={work}", place)
        run("rm", "-rf", place / "driftwatch")
        (place / "driftwatch").mkdir()


def fill(chroma, embedder):
    """The example that documents tell of."""
    chroma.create("handbook")
    documents = list(HANDBOOK.values())
    chroma.upsert("handbook", [f"{file}#1" for file in HANDBOOK], worlds.embedded(embedder.url, documents),
                  [{"file": file} for file in HANDBOOK], documents)


class Place:
    """The servers that a reader has, and what is in them. They end with the namespace."""

    def __init__(self, directory, chroma_command):
        self.directory = directory
        self.chroma = tools.Chroma(releases.Release(releases.OLDER, chroma_command), directory / "chroma", 8000)

    def empty(self):
        """Chroma at 127.0.0.1:8000 holds nothing."""

    def demonstration(self):
        """Chroma holds the demonstration's collection."""
        subprocess.run(["sh", SOURCE / "config/demo/chroma.sh", "load"], check=True, stdout=subprocess.DEVNULL)

    def handbook(self):
        """Chroma holds HANDBOOK, and the embedder that embedded it is at 127.0.0.1:8081."""
        embedder = worlds.Embedder(SOURCE / "config/demo/embedder.py", self.directory / "embedder.log", port=8081)
        fill(self.chroma, embedder)

    def watched(self):
        """And driftwatch is configured in /etc/driftwatch, and watches it by an approved baseline."""
        self.handbook()
        files = {"driftwatch.yaml": {
            "replay": {"interval": "1s"}, "ingest": {"grace": "1s"},
            "servers": [{"name": "main", "url": self.chroma.url}],
            "embedders": [{"name": "local", "api": "openai", "url": "http://127.0.0.1:8081", "model": "demo"}],
            "collections": [{"name": "handbook", "embedder": "local", "queries": "queries.yaml"}],
            "alerting": {**tools.AT_ONCE, "rules": {"RetrievalExpectedResultMissing": {"for": "0s"}}},
        }, "queries.yaml": {"queries": [
            {"id": file.removesuffix(".md"), "text": text, "expect": {"metadata": {"file": file}, "within": 1}}
            for file, text in HANDBOOK.items()]}}
        for name, content in files.items():
            pathlib.Path("/etc/driftwatch", name).write_text(yaml.safe_dump(content))
        for action in ["propose", "--pause=100ms"], ["approve", "--by=anna", "--reason=first review"]:
            subprocess.run(["driftwatch", "baseline", *action], check=True, stdout=subprocess.DEVNULL)
        tools.Process(["driftwatch", "run"], self.directory / "watched.log")
        tools.poll(lambda: self.ask("collections")[0]["verdict"] == "pass", "the first replay", 30)

    def incident(self):
        """And a record is lost, which is an incident."""
        self.watched()
        self.chroma.delete("handbook", ["leave-policy.md#1"])
        tools.poll(lambda: self.ask("incidents"), "the incident", 30)

    def alertmanager(self):
        """Alertmanager is at 127.0.0.1:9093."""
        tools.Alertmanager(self.directory / "alertmanager", "http://127.0.0.1:9/", port=9093)

    @staticmethod
    def ask(what):
        return requests.get(f"http://127.0.0.1:9820/api/v1/{what}", timeout=5).json()["data"][what]


def inside(directory, command, places, *documents):
    directory = pathlib.Path(directory)
    apart(directory / "mounts")
    place = Place(directory, command.split())
    for name in places.split(","):
        getattr(place, name)()
    environment = {key: value for key, value in os.environ.items() if key not in FOREIGN}
    for number, document in enumerate(documents):
        around = directory / str(number)
        here = around / "here"
        here.mkdir(parents=True)
        for path in SOURCE.iterdir():
            if not path.name.startswith((".", "build")):
                (here / path.name).symlink_to(path)
        environment.update(HOME=str(around), PWD=str(here), TMPDIR=str(around), LC_ALL="C.UTF-8")
        wrong = follow(document, (SOURCE / document).read_text(), around, environment)
        if wrong:
            return wrong
    return 0


def main(directory, places, *documents):
    directory = pathlib.Path(directory).resolve()
    (directory / "mounts").mkdir(parents=True)
    command = " ".join(map(str, releases.install(releases.OLDER).command))
    return subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
         sys.executable, __file__, "--inside", directory, command, places, *documents]).returncode


if __name__ == "__main__":
    sys.exit(inside(*sys.argv[2:]) if sys.argv[1] == "--inside" else main(*sys.argv[1:]))
