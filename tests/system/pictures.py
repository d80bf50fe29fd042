#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the pictures of the documents, of the demonstration while an agent is missing:

    sh config/demo/run.sh
    sh config/demo/chroma.sh delete-agent frontend-architect
    tests/system/pictures.py docs

DRIFTWATCH_PORT is what it is for run.sh. Nobody compares them with those that are there: each has its own times."""
import os
import pathlib
import sys
import tempfile

import browser

AGENTS, QUERY = "original_agents", "react-hooks"
# The document, what has to be there first, and how high the picture is.
PICTURES = {
    "status": ("", "Retrieval is worse than expected", 516),
    "incident": (f"?incident={AGENTS}", "What to do", 446),
    "query": (f"?collection={AGENTS}&query={QUERY}", "Distance over time", 716),
}
WIDTH = 1280


def take(url, directory):
    """Waits for the incident that the demonstration has when an agent is deleted."""
    with tempfile.TemporaryDirectory() as profile:
        window = browser.Browser(pathlib.Path(profile))
        try:
            window.open(url)
            window.shows("Cause: REMOVED", "#incidents", 60)
            window.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            for name, (document, words, height) in PICTURES.items():
                window.size(WIDTH, height)
                window.open(f"{url}/{document}")
                window.shows(words)
                window.picture(directory / f"{name}.png")
        finally:
            window.stop()


if __name__ == "__main__":
    take(f"http://127.0.0.1:{os.environ.get('DRIFTWATCH_PORT', 9820)}", pathlib.Path(sys.argv[1]))
