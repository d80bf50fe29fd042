# SPDX-License-Identifier: Apache-2.0
"""/metrics as a real Prometheus, promtool and the reference parsers of both formats read it."""
import gzip
import http.server
import subprocess
import threading

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

import tools

NASTY = ['quo"te', "back\\slash", "not a \\n line", '{brace="x"}', "ünïcödé 中文 🦀", "sp ace, comma", "#hash",
         "ends\\"]
LABEL = 'la"bel\\ {} é'
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
# What Prometheus 2.42 sends.
ACCEPT = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
          "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")


@pytest.fixture
def watched(chroma, driftwatch, name):
    """A running driftwatch whose label and query ids hold every character that formats escape."""
    queries, records = tools.axes([0.3 + 0.2 * i for i in range(len(NASTY))])
    chroma.create(name)
    chroma.upsert(name, [f"r{i}" for i in range(len(NASTY))], records)
    driftwatch.server(chroma.url, name='ser"ver')
    driftwatch.watch(name, [
        {"id": nasty, "text": "?", "expect": {"ids": [f"r{i}"]}} for i, nasty in enumerate(NASTY)],
        dict(zip(NASTY, queries)), server='ser"ver', label=LABEL, interval="1h")
    driftwatch.start()
    driftwatch.replay(LABEL)
    # The first probe adds series.
    tools.poll(lambda: driftwatch.metric("driftwatch_index_probe_timestamp_seconds", collection=LABEL), "the probe")
    return driftwatch


def openmetrics(text):
    """As tools.samples(), by the reference parser of the other format."""
    found = {}
    for family in parse_openmetrics(text):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found, f"{key} twice"
            found[key] = sample.value
    return found


class InText(tools.Served):
    """A proxy that asks for the text format whatever its client asks for: Prometheus prefers OpenMetrics."""

    def __init__(self, url):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                got = requests.get(url + self.path, headers={"Accept": "text/plain;version=0.0.4"}, timeout=5)
                self.send_response(got.status_code)
                self.send_header("Content-Type", got.headers["Content-Type"])
                self.send_header("Content-Length", str(len(got.content)))
                self.end_headers()
                self.wfile.write(got.content)

        self.serve(Handler)


@pytest.mark.parametrize("accept, content_type", [
    (ACCEPT, OPENMETRICS), (None, TEXT), ("*/*", TEXT), ("text/plain;version=0.0.4", TEXT),
    ("application/json", TEXT), ("application/openmetrics-text", OPENMETRICS)])
def test_negotiation(watched, accept, content_type):
    response = watched.get("/metrics", headers={"Accept": accept})
    assert response.status_code == 200
    if accept != "application/openmetrics-text":  # without a version it may be either
        assert response.headers["Content-Type"] == content_type
    assert response.text.endswith("# EOF\n") == response.headers["Content-Type"].startswith("application/open")


def test_gzip_when_asked(watched):
    plain = watched.get("/metrics", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    response = watched.get("/metrics", headers={"Accept-Encoding": "gzip"}, stream=True)
    assert response.headers["Content-Encoding"] == "gzip"
    raw = response.raw.read(decode_content=False)
    assert len(raw) < len(plain.content) / 2
    assert set(tools.samples(gzip.decompress(raw).decode())) == set(tools.samples(plain.text))


def test_promtool_has_no_complaint(watched):
    done = subprocess.run(["promtool", "check", "metrics"], input=watched.get("/metrics").text,
                          text=True, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def steady(found):
    return {key: value for key, value in found.items() if not key[0].startswith("process_")}


def test_both_formats_say_the_same(watched):
    def unchanged():
        """One scrape of each format, if nothing was measured between them."""
        text = tools.samples(watched.get("/metrics").text)
        other = openmetrics(watched.get("/metrics", headers={"Accept": ACCEPT}).text)
        again = tools.samples(watched.get("/metrics").text)
        return (text, other) if steady(text) == steady(again) else None
    text, other = tools.poll(unchanged, "two scrapes of one view")
    assert set(text) == set(other)
    assert steady(text) == steady(other)


def test_nasty_labels_survive(watched):
    for parse, headers in (tools.samples, {}), (openmetrics, {"Accept": ACCEPT}):
        found = parse(watched.get("/metrics", headers=headers).content.decode())
        ranks = {dict(labels)["query"]: value for (metric, labels), value in found.items()
                 if metric == "driftwatch_query_expected_rank"}
        assert ranks == {nasty: 1 for nasty in NASTY}
        assert found["driftwatch_up", (("collection", LABEL),)] == 1


@pytest.mark.parametrize("form", ["openmetrics", "text"])
def test_a_real_prometheus_scrapes_it(watched, prometheus, ends, form):
    target = watched
    if form == "text":
        target = ends(InText(watched.url))
    server = prometheus(target)
    distances = {row["query"]: value for row, value in server.query("driftwatch_query_distance")}
    assert distances == {
        nasty: pytest.approx(0.3 + 0.2 * i, rel=1e-5) for i, nasty in enumerate(NASTY)}
    (labels, value), = server.query("driftwatch_up")
    assert (labels["collection"], value) == (LABEL, 1)
    assert len(server.query("driftwatch_band_upper_bound")) == 4
    assert len(server.query("driftwatch_request_duration_seconds_bucket")) == 15
    (_, series), = server.query("scrape_samples_scraped")
    (_, stored), = server.query("scrape_samples_post_metric_relabeling")
    assert series == stored == len(watched.metrics())
    target, = server.get("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")


def test_core_families_are_there_from_the_start(watched):
    """Zeros included: an alert on a series that does not exist yet cannot fire."""
    found = watched.metrics()
    for outcome in "pass", "drift", "fail", "unmeasured":
        assert ("driftwatch_queries", (("collection", LABEL), ("outcome", outcome))) in found
    for band in "excellent", "good", "okay", "poor":
        assert ("driftwatch_band_queries", (("band", band), ("collection", LABEL))) in found
    names = {metric for metric, _ in found}
    assert names >= {
        "driftwatch_build_info", "driftwatch_replays_total", "driftwatch_replay_duration_seconds",
        "driftwatch_replay_last_success_timestamp_seconds", "driftwatch_up", "driftwatch_canonical_total",
        "driftwatch_canonical_good_total", "driftwatch_collection_records",
        "driftwatch_request_duration_seconds_count", "driftwatch_config_last_reload_successful",
        "driftwatch_config_last_reload_success_timestamp_seconds", "process_resident_memory_bytes",
        "process_open_fds", "process_cpu_seconds_total", "process_start_time_seconds"}
    assert found["driftwatch_config_last_reload_successful", ()] == 1
    assert found["driftwatch_collection_records", (("collection", LABEL),)] == len(NASTY)


def test_a_vanished_query_takes_its_series_along(watched, name):
    queries = [{"id": nasty, "text": "?"} for nasty in NASTY[1:]]
    watched.write_queries(name, queries)
    assert watched.reload().ok
    watched.replay(LABEL)
    left = {dict(labels)["query"] for metric, labels in watched.metrics()
            if metric == "driftwatch_query_distance"}
    assert left == set(NASTY[1:])


def test_per_query_series_have_a_limit(watched):
    watched.config["metrics"] = {"per_query_limit": len(NASTY) - 1}
    watched.write()
    assert watched.reload().ok
    watched.replay(LABEL)
    found = watched.metrics()
    assert not [labels for _, labels in found if "query" in dict(labels)]
    assert found["driftwatch_queries", (("collection", LABEL), ("outcome", "pass"))] == len(NASTY)


def test_many_scrapes_at_once(watched):
    results = []
    threads = [threading.Thread(target=lambda: results.append(watched.get("/metrics").status_code))
               for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200] * 24
