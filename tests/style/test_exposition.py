# SPDX-License-Identifier: Apache-2.0
"""What /metrics says, read by programs that others wrote: Prometheus's own checker and its OpenMetrics parser."""
import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

NASTY_LABEL = 'we"ird\\la\nbel <b>&amp;</b> 日本'
NASTY_QUERY = "quo\"te\\back </td><script>alert('1')</script> ü"
FORMATS = ["text", "openmetrics"]


def sample(build, *arguments):
    """The exposition of the sample view, as text."""
    return subprocess.run([build / "tests/style/metrics_sample", *arguments], check=True,
                          capture_output=True).stdout.decode()


@pytest.fixture(scope="module")
def expositions(build):
    return {name: sample(build, name) for name in FORMATS}


def promtool(text):
    """(exit status, complaints) of `promtool check metrics`."""
    program = shutil.which("promtool")
    if not program:
        pytest.skip("promtool is not installed")
    done = subprocess.run([program, "check", "metrics"], input=text.encode(), capture_output=True)
    return done.returncode, (done.stdout + done.stderr).decode()


def values(families):
    """{(name, labels): value} of all samples; a series that is there twice fails."""
    found = {}
    for family in families:
        for one in family.samples:
            key = one.name, tuple(sorted(one.labels.items()))
            assert key not in found, f"{key} is there twice"
            found[key] = one.value
    return found


def test_promtool_has_no_complaint(expositions):
    assert promtool(expositions["text"]) == (0, "")


def test_promtool_would_complain(expositions):
    text = expositions["text"].replace("driftwatch_replays_total", "driftwatch_replays")
    status, complaints = promtool(text)
    assert status == 3 and "_total" in complaints


def test_openmetrics_parser_accepts(expositions):
    families = {family.name: family for family in parse_openmetrics(expositions["openmetrics"])}
    assert families["driftwatch_replays"].type == "counter"
    assert families["driftwatch_build"].type == "info"
    assert families["driftwatch_request_duration_seconds"].type == "histogram"
    assert families["driftwatch_request_duration_seconds"].unit == "seconds"
    assert all(family.documentation for family in families.values())


@pytest.mark.parametrize("old, new", [
    ("# EOF\n", ""),
    ("# EOF\n", "# EOF\n\n#"),
    ("# TYPE driftwatch_replays counter", "# TYPE driftwatch_replays_total counter"),
    ("# UNIT driftwatch_replay_duration_seconds seconds", "# UNIT driftwatch_replay_duration_seconds meters"),
    ('le="+Inf"} 30', 'le="+Inf"} 31'),
])
def test_openmetrics_parser_would_refuse(expositions, old, new):
    text = expositions["openmetrics"]
    assert old in text
    with pytest.raises(ValueError):
        list(parse_openmetrics(text.replace(old, new)))


def test_both_formats_say_the_same(expositions):
    openmetrics = values(parse_openmetrics(expositions["openmetrics"]))
    assert len(openmetrics) > 100
    assert values(parse_text(expositions["text"])) == openmetrics


def test_nasty_labels_survive(expositions):
    for name, parse in zip(FORMATS, [parse_text, parse_openmetrics]):
        found = values(parse(expositions[name]))
        assert found["driftwatch_replays_total", (("collection", NASTY_LABEL),)] == 0
        assert found["driftwatch_query_distance", (
            ("collection", "original_agents"), ("query", NASTY_QUERY))] == -0.25


@pytest.mark.parametrize("name", FORMATS)
def test_families_are_contiguous(expositions, name):
    """All lines of a family stand together, its metadata first: servers tell families by that."""
    seen, current = set(), None
    for line in expositions[name].splitlines():
        if line == "# EOF":
            continue
        if line.startswith("# TYPE "):
            current = line.split()[2]
            assert current not in seen
            seen.add(current)
            continue
        assert (line.split()[2] if line.startswith("# ") else line).startswith(current)


def test_lines_end_as_they_must(expositions):
    for text in expositions.values():
        assert text.endswith("\n") and "\n\n" not in text and "\r" not in text
    assert expositions["openmetrics"].endswith("\n# EOF\n")


def test_many_queries(build):
    found = values(parse_openmetrics(sample(build, "openmetrics", "1000")))
    assert sum(name == "driftwatch_query_distance" for name, _ in found) == 1000
    assert promtool(sample(build, "text", "1000")) == (0, "")
