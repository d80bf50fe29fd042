# SPDX-License-Identifier: Apache-2.0
"""Serves the series of a file in the text format, as gauges of prometheus_client: exporter.py PORT FILE."""
import collections
import pathlib
import sys
import threading

from prometheus_client import CollectorRegistry, Gauge, start_http_server
from prometheus_client.parser import text_string_to_metric_families


def main():
    registry, gauges = CollectorRegistry(), {}
    families = list(text_string_to_metric_families(pathlib.Path(sys.argv[2]).read_text()))
    # A gauge has the same labels in every series; to be empty is the same as to be missing.
    labels = collections.defaultdict(set)
    for family in families:
        for sample in family.samples:
            labels[sample.name].update(sample.labels)
    for family in families:
        for sample in family.samples:
            names = sorted(labels[sample.name])
            if sample.name not in gauges:
                gauges[sample.name] = Gauge(sample.name, family.documentation, names, registry=registry)
            gauge = gauges[sample.name]
            (gauge.labels(*(sample.labels.get(name, "") for name in names)) if names else gauge).set(sample.value)
    start_http_server(int(sys.argv[1]), "127.0.0.1", registry)
    threading.Event().wait()


if __name__ == "__main__":
    main()
