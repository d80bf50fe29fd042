# SPDX-License-Identifier: Apache-2.0
"""Texts that people read: Debian's handbooks, from its packages, cut into chunks of a paragraph or two."""
import html.parser
import re

import releases

# Each corpus: the packages, and the books in them.
CORPORA = {
    "policy": (["debian-policy", "developers-reference", "maint-guide"], [
        "doc/debian-policy/policy.html/*.html", "developers-reference/*.html", "doc/maint-guide/html/*.en.html"]),
    "reference-en": (["debian-reference-en"], ["debian-reference/ch*.en.html"]),
    "reference-de": (["debian-reference-de"], ["debian-reference/ch*.de.html"]),
}
PACKAGES = sorted(package for packages, _ in CORPORA.values() for package in packages)
# Files that are lists of links, and what stands at a page's edges.
NO_BOOKS = {"index", "search", "genindex", "developers-reference", "policy"}
EDGES = {"Navigation", "Table of Contents", "Previous topic", "Next topic", "This Page", "Quick search"}

BLOCKS = {"p", "li", "dd", "dt", "pre", "td", "th", "blockquote"}
HEADINGS = {"title", "h1", "h2", "h3", "h4", "h5"}
HIDDEN = {"script", "style", "nav", "head"}
CONTENTS = "toc"
SHORTEST, FULL, LONGEST = 60, 180, 420


class Reader(html.parser.HTMLParser):
    """Collects (heading, paragraph)."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.paragraphs, self.section, self.text = [], "", []
        self.hidden, self.in_heading, self.divisions = 0, False, []

    def handle_starttag(self, tag, attrs):
        if tag == "div":
            self.divisions.append(dict(attrs).get("class") == CONTENTS)
        self.hidden += tag in HIDDEN or (tag == "div" and self.divisions[-1])
        if tag in BLOCKS | HEADINGS:
            self.finish()
            self.in_heading = tag in HEADINGS

    def handle_endtag(self, tag):
        self.hidden -= tag in HIDDEN or (tag == "div" and self.divisions.pop())
        if tag in BLOCKS | HEADINGS:
            self.finish()

    def handle_data(self, data):
        if not self.hidden:
            self.text.append(data)

    def finish(self):
        """The text since the last tag that ends a paragraph or a heading."""
        text, self.text = " ".join("".join(self.text).split()), []
        if self.in_heading:
            self.section = text.strip("¶ ") if text else self.section
            self.in_heading = False
        elif text:
            self.paragraphs.append((self.section, text))


def paragraphs(path):
    reader = Reader()
    reader.feed(path.read_text(errors="replace"))
    reader.finish()
    return reader.paragraphs


def pieces(path, full=FULL, longest=LONGEST):
    """(section, text) of a file's chunks: paragraphs of one section together until they are full."""
    section, buffer = None, ""
    for heading, text in paragraphs(path):
        if heading != section:
            if len(buffer) > SHORTEST:
                yield section, buffer
            section, buffer = heading, ""
        for part in re.findall(rf".{{1,{longest}}}(?:\s|$)", text):
            if len(buffer) + len(part) > longest and len(buffer) > full:
                yield section, buffer.strip()
                buffer = ""
            buffer += (" " if buffer else "") + part.strip()
    if len(buffer) > SHORTEST:
        yield section, buffer


def unpacked():
    """A directory with the books, fetched once; nothing is installed."""
    directory = releases.cache() / "books"

    def make():
        sandbox = ["-o", "APT::Sandbox::User=root"]
        try:
            releases.run(["apt-get", *sandbox, "-q", "download", *PACKAGES], cwd=directory)
        except releases.Failed:
            releases.run(["apt-get", "-q", "update"])
            releases.run(["apt-get", *sandbox, "-q", "download", *PACKAGES], cwd=directory)
        for package in directory.glob("*.deb"):
            releases.run(["dpkg-deb", "--extract", package, directory / "root"])
            package.unlink()
    releases.once(directory, " ".join(PACKAGES), make)
    return directory / "root/usr/share"


def files(name):
    """The files of a corpus, in their order."""
    return [path for pattern in CORPORA[name][1] for path in sorted(unpacked().glob(pattern))
            if chapter(path) not in NO_BOOKS]


def chapter(path):
    return path.name.split(".")[0]


def chunks(name, chapters=None, mark="", **sizes):
    """Records of a corpus, or of some chapters: id, document and metadata. A text that stands twice is one record;
    `mark` tells the ids of another chunking."""
    found, seen = [], set()
    for path in files(name):
        if chapters is not None and chapter(path) not in chapters:
            continue
        for number, (section, text) in enumerate(pieces(path, **sizes)):
            if text not in seen and section not in EDGES:
                seen.add(text)
                found.append({"id": f"{chapter(path)}:{mark}{number}", "document": text, "metadata": {
                    "file": path.name, "section": section or "", "chapter": chapter(path)}})
    return found
