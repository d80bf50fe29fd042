# SPDX-License-Identifier: Apache-2.0
"""Documentation says what the program says: flags, alerts, message ids; and its links lead somewhere."""
import os
import re
import subprocess

import pytest

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text):
    """The names GitHub gives to the headings of a Markdown text."""
    found = set()
    for heading in re.findall(r"^#+ +(.*?)\s*$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        while name in found:
            name += "-1"
        found.add(name)
    return found


def broken_links(source, name, text):
    """Relative links of a Markdown file that lead to no file or no heading."""
    broken = []
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for link in (a or b for a, b in LINK.findall(prose)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (source / name).parent / path if path else source / name
        if not target.exists():
            broken.append(f"{name}: {link}")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
            broken.append(f"{name}: {link}: no such heading")
    return broken


def message_ids(source):
    header = (source / "common/log.h").read_text()
    return dict(re.findall(r'#define (LOG_ID_\w+)\s+"([0-9a-f]{32})"', header))


def alert_names(source):
    return sorted(set(re.findall(r'"((?:Retrieval|Driftwatch)[A-Z]\w+)"',
                                 (source / "daemon/model/rule.c").read_text())))


def test_links(source, texts):
    pages = {name: text for name, text in texts.items()
             if name.endswith(".md") and not name.startswith("config/demo/agents/")}
    assert "README.md" in pages
    assert [one for name, text in pages.items() for one in broken_links(source, name, text)] == []


def test_every_document_is_found_from_the_readme(documents):
    found, new = set(), {"README.md"}
    while new:
        name = new.pop()
        found.add(name)
        links = {(a or b).partition("#")[0] for a, b in LINK.findall(documents[name])}
        paths = {os.path.normpath(os.path.join(os.path.dirname(name), link)) for link in links if ":" not in link}
        new |= (paths & set(documents)) - found
    assert sorted(set(documents) - found) == []


def test_a_broken_link_is_noticed(tmp_path):
    (tmp_path / "a.md").write_text("# One `two`\n")
    text = "# Here\n[a](a.md#one-two) [b](#here) [c](https://x.example) [d](b.md) [e](a.md#two)"
    (tmp_path / "x.md").write_text(text)
    assert broken_links(tmp_path, "x.md", text) == ["x.md: b.md", "x.md: a.md#two: no such heading"]


@pytest.fixture(scope="module")
def man(build):
    """The pages that the build made, by path."""
    pages = {str(path): path.read_text().replace(r"\-", "-") for path in sorted((build / "docs").glob("*.[1-8]"))}
    assert len(pages) == 3
    return pages


def test_every_flag_is_in_the_manual(build, man):
    """Also the flags of each command: `driftwatch check --help`."""
    program = build / "driftwatch"
    usage = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    commands = re.findall(r"^  (?:driftwatch )?([a-z][a-z-]+)\b", usage, re.MULTILINE)
    assert {"run", "check", "validate", "status"} <= set(commands)
    for command in commands:
        usage += subprocess.run(
            [program, command, "--help"], check=True, capture_output=True, text=True).stdout
    flags = set(re.findall(r"--[a-z][a-z.-]+[a-z]", usage))
    assert {"--config.file", "--format", "--help"} <= flags
    manual = "\n".join(man.values())
    assert sorted(flag for flag in flags if flag not in manual) == []
    documented = set(re.findall(r"(?<![\w-])--[a-z][a-z.-]+[a-z]", "\n".join(
        text for name, text in man.items() if name.endswith("driftwatch.1"))))
    assert sorted(documented - flags) == [], "the manual knows flags that the program does not"


def test_manual_pages_have_no_warnings(source, man):
    """By groff, and by mandoc, which other systems read them with."""
    for name in man:
        done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", name], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, ""), name
        done = subprocess.run(
            ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", name], cwd=source,
            capture_output=True, text=True, env={"MANROFFSEQ": "", "MANWIDTH": "80", "PATH": "/usr/bin:/bin",
                                                 "LC_ALL": "C.UTF-8"})
        assert (done.returncode, done.stderr) == (0, ""), name


def test_catalog_explains_each_message(source):
    catalog = (source / "systemd/driftwatch.catalog").read_text()
    ids = message_ids(source)
    assert len(ids) > 5
    assert len(set(ids.values())) == len(ids)
    entries = re.findall(
        r"^-- ([0-9a-f]{32})\nSubject: \S.*\nDefined-By: driftwatch\nSupport: \S+\n"
        r"(?:Documentation: \S+\n)?\n\S", catalog, re.MULTILINE)
    assert sorted(entries) == sorted(ids.values())


def test_message_ids_are_used(source, texts):
    code = "\n".join(text for name, text in texts.items()
                     if name.startswith("daemon/") and name.endswith(".c"))
    assert [name for name in message_ids(source) if name not in code] == []


def test_the_runbook_has_each_alert_and_each_cause(source):
    """A section for each, and none for anything else; also for those that only Prometheus has."""
    rules = re.findall(r"- alert: (\w+)$", (source / "dashboards/driftwatch.rules.yaml").read_text(), re.MULTILINE)
    causes = re.findall(r'\[CAUSE_\w+\] = \{"([A-Z_]+)"', (source / "daemon/model/attribution.c").read_text())
    names = {*alert_names(source), *rules, *causes} - {"NONE"}
    assert {"RetrievalBandCrossed", "DriftwatchAbsent", "REMOVED"} <= names
    page = (source / "docs/runbook.md").read_text()
    assert sorted(re.findall(r"^## (.+)$", page, re.MULTILINE)) == sorted(names)
    for name in names:
        # From the list of alerts or of causes.
        assert f"| [{name}](#{name.lower()})" in page or f", [{name}](#{name.lower()})" in page, name


def test_alerts_have_a_rule_in_prometheus(source):
    """Who alerts from Prometheus instead finds each built-in alert under the same name."""
    rules = (source / "dashboards/driftwatch.rules.yaml").read_text()
    assert [name for name in alert_names(source)
            if not re.search(rf"- alert: {name}$", rules, re.MULTILINE)] == []


def test_findings_are_documented(source):
    """Each kind of finding has its row, in the order in which they explain each other, with the alert it raises."""
    code = (source / "daemon/model/finding.c").read_text()
    rules = dict(re.findall(r"\[(RULE_\w+)\] =\s*\{\s*\.name = \"(\w+)\"",
                            (source / "daemon/model/rule.c").read_text()))
    kinds = re.findall(r'\[FINDING_\w+\] = \{"([a-z-]+)".*?(RULE_\w+)', code, re.DOTALL)
    assert len(kinds) > 10
    page = (source / "docs/findings.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| \w+ \| [^|]+ \| (\w*)", page, re.MULTILINE)
    assert rows == [(kind, rules.get(rule, "")) for kind, rule in kinds]


def test_names_of_imported_fields_are_documented(source):
    """In the order in which one is preferred to another."""
    code = (source / "daemon/config/import/entry.c").read_text()
    parts = {}
    for name, part in re.findall(r'\{"([a-z]+)", (PART_\w+)\}', code):
        parts.setdefault(part, []).append(name)
    rows = re.findall(r"^\| (?:question|its id|records|grade|grades|tags)\b[^|]*\| (.*?) \|$",
                      (source / "docs/import.md").read_text(), re.MULTILINE)
    documented = [[name.replace("_", "") for name in re.findall(r"`(\w+)`", row)] for row in rows]
    tags = re.findall(r'"([a-z]+)"', re.search(r"tag_names\[\] = \{(.*?)\}", code, re.DOTALL).group(1))
    parts["PART_TAGS"] += tags
    assert len(tags) == 6 and documented == list(parts.values())


def test_formats_of_import_are_documented(source):
    code = (source / "daemon/config/import/import.c").read_text()
    formats = re.findall(r'^ +\{"([a-z]+)", IMPORT_', code, re.MULTILINE)
    assert formats == re.findall(r"^\| `([a-z]+)` \|", (source / "docs/import.md").read_text(), re.MULTILINE)
    table = (source / "daemon/commands/table.c").read_text()
    assert f'"{" ".join(formats)}"' in table and f'"{"|".join(formats)} FILE"' in table
