# SPDX-License-Identifier: Apache-2.0
"""Serves the series of a file in the text format, as gauges of prometheus_client: exporter.py PORT FILE."""
import pathlib
import sys
import threading

from prometheus_client import CollectorRegistry, Gauge, start_http_server
from prometheus_client.parser import text_string_to_metric_families


def main():
    registry, gauges = CollectorRegistry(), {}
    for family in text_string_to_metric_families(pathlib.Path(sys.argv[2]).read_text()):
        for sample in family.samples:
            if sample.name not in gauges:
                gauges[sample.name] = Gauge(
                    sample.name, family.documentation, list(sample.labels), registry=registry)
            gauge = gauges[sample.name]
            (gauge.labels(**sample.labels) if sample.labels else gauge).set(sample.value)
    start_http_server(int(sys.argv[1]), "127.0.0.1", registry)
    threading.Event().wait()


if __name__ == "__main__":
    main()
