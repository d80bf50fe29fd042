# SPDX-License-Identifier: Apache-2.0
"""Scrapes of 1,000 queries' series, from the program and from Debian's python3-prometheus-client with the same series.
Goal: 20 times as fast, right after a replay as well; fails below 10."""
import sys
import pathlib

import requests

import tools


def series(url):
    lines = requests.get(f"{url}/metrics", timeout=30).text.splitlines()
    return sum(1 for line in lines if not line.startswith("#"))


def test_scrape(watch_many, figures, ends, tmp_path):
    # A probe of a busy server would be put off by what it may cost.
    program = watch_many(1000, interval="1h", server_share=1).start()
    # The last series to appear: the probe follows the first replay.
    tools.poll(lambda: program.metric("driftwatch_index_probe_timestamp_seconds", collection="bench"), "a probe", 60)
    (tmp_path / "metrics").write_text(program.get("/metrics").text)
    port = tools.free_port()
    other = f"http://127.0.0.1:{port}"
    ends(tools.Process(
        [sys.executable, pathlib.Path(__file__).with_name("exporter.py"), port, tmp_path / "metrics"],
        tmp_path / "exporter.log"))
    count = tools.poll(lambda: series(other), "the exporter")
    assert count == series(program.url)
    print(f"\nscrape_series {count} series", end="")
    found = figures("bench_scrape", program.url, other, 40)
    for form in "plain", "gzip":
        for situation in "replayed", "again":
            assert found[f"scrape_{form}_{situation}_ratio"] > 10
