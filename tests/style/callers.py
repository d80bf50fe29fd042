# SPDX-License-Identifier: Apache-2.0
"""What the program reaches from main(), by the names in its C code. No compiler: a name that stands in a body is
used there, so what is said to be unused is; a few that are said to be used may not be."""
import collections
import re

from layers import without_comments_and_strings

WORD = re.compile(r"[A-Za-z_]\w*")
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:.*\\\n)*.*)$", re.MULTILINE)
DIRECTIVE = re.compile(r"^[ \t]*#(?:.*\\\n)*.*$", re.MULTILINE)
CLEANUP = re.compile(r"^DEFINE_CLEANUP\([^,]*,\s*(\w+)\)", re.MULTILINE)

# `function` tells functions from tables and macros; `static` ones are known in their file only.
Thing = collections.namedtuple("Thing", "file name static function uses")


def declarations(code):
    """The pieces of a file without preprocessor lines: up to a ; or the } of a function, outside of all brackets."""
    depth, start, outside = 0, 0, ""
    for place, c in enumerate(code):
        if depth == 0 and c not in "{}":
            outside += c
        depth += {"{": 1, "}": -1}.get(c, 0)
        function = "(" in outside and "=" not in outside
        if depth == 0 and (c == ";" or c == "}" and function):
            yield outside, code[start:place + 1]
            start, outside = place + 1, ""


def things(file, text):
    """Functions, tables and macros that a file defines, each with the names it uses."""
    code = without_comments_and_strings(text)
    for name, body in DEFINE.findall(code):
        yield Thing(file, name, False, False, set(WORD.findall(body)))
    for name in CLEANUP.findall(code):
        yield Thing(file, f"{name}p", False, False, {name})
    for outside, whole in declarations(CLEANUP.sub("", DIRECTIVE.sub("", code))):
        table, function = "=" in outside, "{" in whole and "(" in outside
        if not table and not function:
            continue
        found = re.search(r"(\w+)\s*(?:\[[^=]*)?=" if table else r"(\w+)\s*\(", outside)
        if found:
            yield Thing(file, found[1], "static" in outside.split(), not table, set(WORD.findall(whole)) - {found[1]})


def unreached(texts, roots):
    """(file, name) of the functions with external linkage that nothing reaches from those named by `roots`."""
    every = [thing for file, text in texts.items() for thing in things(file, text)]
    own, common = collections.defaultdict(list), collections.defaultdict(list)
    for thing in every:
        hidden = thing.static and thing.file.endswith(".c")
        (own[thing.file, thing.name] if hidden else common[thing.name]).append(thing)
    reached, waiting = set(), [thing for thing in every if thing.name in roots]
    while waiting:
        thing = waiting.pop()
        if id(thing) not in reached:
            reached.add(id(thing))
            for name in thing.uses:
                waiting += own.get((thing.file, name)) or common.get(name, [])
    return sorted((thing.file, thing.name) for thing in every
                  if thing.function and not thing.static and id(thing) not in reached)
