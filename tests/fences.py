# SPDX-License-Identifier: Apache-2.0
"""The fenced blocks of a Markdown document, and what the comment before one says of it."""
import dataclasses
import re

COMMANDS = "sh", "console"
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```[ ]*$",
                   re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^ *<!-- (not run|file): *(.*?) *-->$")


@dataclasses.dataclass(frozen=True)
class Block:
    """Where it begins, its language, and what is in it."""
    line: int
    language: str
    text: str
    mark: str
    words: str

    @property
    def runs(self):
        return self.language in COMMANDS and self.mark != "not run"

    @property
    def stays(self):
        """Is it a daemon in the foreground?"""
        return self.language == "sh" and re.fullmatch(r"driftwatch run\b[^\n&|;]*\n", self.text)


def blocks(page):
    found = []
    for fence in FENCE.finditer(page):
        mark = MARK.match(page[:fence.start()].rstrip("\n").rpartition("\n")[2])
        found.append(Block(
            page.count("\n", 0, fence.start()) + 1, fence["language"],
            re.sub(rf"^{fence['indent']}", "", fence["text"], flags=re.MULTILINE),
            *(mark.groups() if mark else ("", ""))))
    return found


def session(text):
    """Of a console block: [(command, what it prints)]. A command goes on after a backslash."""
    found = re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
    if "".join(f"$ {command}\n{printed}" for command, printed in found) != text:
        raise ValueError(f"it does not begin with a prompt: {text[:60]!r}")
    return found
