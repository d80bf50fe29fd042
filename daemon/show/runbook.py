# SPDX-License-Identifier: Apache-2.0
"""Writes the runbook as documents of the page's style, as C arrays:
runbook.py OUTPUT CMARK RUNBOOK.md BASE.css PAGE.css DOCUMENTS.

What stands before the first section of RUNBOOK.md is the document that leads to the others. cmark-gfm makes HTML of
Markdown and lets no HTML through. A link to a section becomes one to its document; what leads to another file, which
is not served, says where that is installed: in DOCUMENTS."""
import pathlib
import re
import subprocess
import sys

import embed

DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../{sheet}">
</head>
<body>
<header>
<a class="sr skip" href="#main">Skip to the content</a>
<div class="top"><b>driftwatch</b><nav aria-label="Pages"><ul><li><a href="../">Overview</a></li>
<li><a href="./"{here}>Runbook</a></li>
{ways}</ul></nav></div>
</header>
<main id="main">
<section class="prose">
{body}</section>
</main>
</body>
</html>
"""


# What every section needs.
WAYS = ["At the keyboard", "It is over"]


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def sections(text):
    """[(heading, Markdown)]; the first is what stands before them."""
    first, *rest = re.split(r"^## (.+)\n", re.sub(r"^# .+\n", "", text), flags=re.MULTILINE)
    return [("Runbook", first), *zip(rest[::2], rest[1::2])]


def linked(html, targets, documents):
    def link(match):
        target, words = match[1], match[2]
        if re.match(r"https?://", target):
            return match[0]
        if not target.startswith("#"):
            place = f"<code>{documents}/{target}</code>"
            return place if words == target else f"{words} ({place})"
        if target[1:] not in targets:
            sys.exit(f"runbook: there is no heading {target}")
        return f'<a href="{targets[target[1:]]}">{words}</a>'
    return re.sub(r'<a href="([^"]*)">(.*?)</a>', link, html)


def render(cmark, heading, markdown, targets, sheet, documents):
    text = f"# {heading}\n" + re.sub(r"^###", "##", markdown, flags=re.MULTILINE)
    html = subprocess.run([cmark, "--to", "html", "--extension", "table"], input=text, check=True,
                          stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout
    html = linked(html, targets, documents)
    html = re.sub(r"<h2>(.*?)</h2>", lambda match: f'<h2 id="{anchor(match[1])}">{match[1]}</h2>', html)
    html = html.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace("</table>", "</table></div>")
    html = html.replace("<pre>", '<pre tabindex="0">')
    ways = "".join(f'<li><a href="{targets[anchor(one)]}">{one}</a></li>\n' for one in WAYS)
    return DOCUMENT.format(title=f"driftwatch: {heading}", sheet=sheet, body=html, ways=ways,
                           here=' aria-current="page"' if heading == "Runbook" else "").encode()


def main(output, cmark, runbook, base, page, documents):
    sheet = embed.path(embed.style(base) + embed.style(page), "css")
    parts = sections(pathlib.Path(runbook).read_text(encoding="utf-8"))
    names = ["", *(anchor(heading) for heading, _ in parts[1:])]
    targets = {name: name for name in names}
    targets.update({anchor(one): f"./#{anchor(one)}" for one in re.findall(r"^### (.+)$", parts[0][1], re.MULTILINE)})
    arrays, rows = "", ""
    for number, (name, (heading, markdown)) in enumerate(zip(names, parts)):
        data = render(cmark, heading, markdown, targets, sheet, documents)
        arrays += embed.array(f"page_{number}", data)
        rows += f'\t{{"{name}", "\\"{embed.digest(data)}\\"", page_{number}, {len(data)}}},\n'
    pathlib.Path(output).write_text(
        f'#include "show/runbook.h"\n\n{arrays}\nconst struct runbook_page runbook_pages[] = {{\n{rows}}};\n'
        f"const size_t runbook_page_count = {len(parts)};\n", encoding="ascii")


main(*sys.argv[1:])
