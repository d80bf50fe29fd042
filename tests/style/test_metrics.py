# SPDX-License-Identifier: Apache-2.0
"""The reference of metrics says what the table of metrics says, and dashboards and rules use nothing else."""
import json
import re
import subprocess

import pytest

ROW = re.compile(
    r"^\| `(\w+)` \| (gauge|counter|histogram|info) \| (.*?) ?\| (.*?) \|$", re.MULTILINE)
# Not a part of a recording rule's name.
NAME = re.compile(r"(?<![\w:])driftwatch_[a-z_]+\b(?!:)")
HISTOGRAM_SUFFIXES = ("_bucket", "_sum", "_count")


@pytest.fixture(scope="module")
def metrics(build):
    table = json.loads(subprocess.run(
        [build / "tests/style/metrics"], check=True, capture_output=True).stdout)
    assert len(table) > 20
    return {row["name"]: row for row in table}


@pytest.fixture(scope="module")
def reference(source):
    return (source / "docs/metrics.md").read_text()


def documented(text):
    """{name: (type, help)} of the tables of the reference; a metric that is documented twice fails."""
    found = {}
    for name, kind, _, meaning in ROW.findall(text):
        assert name not in found, f"{name} is documented twice"
        found[name] = kind, meaning
    return found


def test_every_metric_is_documented_as_it_is(metrics, reference):
    found = documented(reference)
    assert {name: kind for name, (kind, _) in found.items()} == {
        name: row["type"] for name, row in metrics.items()}
    assert [name for name, (_, meaning) in found.items()
            if not meaning.startswith(metrics[name]["help"])] == []


def labels_of(build):
    """{name: label names} as the sample of everything has them, of the sample that has most; `le` is the format's
    own."""
    text = subprocess.run([build / "tests/style/metrics_sample", "text"], check=True,
                          capture_output=True).stdout.decode()
    found = {}
    for name, labels in re.findall(r"^([a-z_]+)(?:\{(.*)\})? \S+$", text, re.MULTILINE):
        names = re.findall(r'(?:^|,)([a-z]+)="', re.sub(r'\\.', "", labels))
        name = re.sub(r"(_seconds)(_bucket|_sum|_count)$", r"\1", name)
        found[name] = max(found.get(name, []), [label for label in names if label != "le"], key=len)
    return found


def test_labels_are_documented(build, reference):
    documented_labels = {name: re.findall(r"`(\w+)`", labels)
                         for name, _, labels, _ in ROW.findall(reference)}
    assert documented_labels == labels_of(build)


def test_a_wrong_reference_is_noticed(metrics, reference):
    for old, new in [("`driftwatch_up`", "`driftwatch_down`"), ("| counter |", "| gauge |")]:
        assert old in reference
        found = documented(reference.replace(old, new))
        assert {name: kind for name, (kind, _) in found.items()} != {
            name: row["type"] for name, row in metrics.items()}


def unknown_names(metrics, text):
    """Names of our metrics in a text that no metric has."""
    known = set(metrics)
    for name, row in metrics.items():
        if row["type"] == "histogram":
            known.update(name + suffix for suffix in HISTOGRAM_SUFFIXES)
    return sorted(set(NAME.findall(text)) - known)


def test_documentation_and_dashboards_use_metrics_that_exist(metrics, texts):
    """Every page, rule and dashboard; a name that ends with _ stands for several."""
    wrong = {name: [one for one in unknown_names(metrics, text) if not one.endswith("_")]
             for name, text in texts.items()
             if name.startswith(("docs/", "dashboards/")) or name == "README.md"}
    assert {name: found for name, found in wrong.items() if found} == {}
