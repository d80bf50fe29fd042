# SPDX-License-Identifier: Apache-2.0
"""docs/backup.md is followed: a backup of a running daemon, a machine that is lost, and what is known after a restore.
Only the directories are others."""
import os
import re
import shutil
import subprocess

import pytest

import tools
import worlds
from test_agreement import running, settle  # noqa: F401 pylint: disable=unused-import
from test_causes import LONG_RELEASES, approved, embedders, scene  # noqa: F401 pylint: disable=unused-import

pytestmark = pytest.mark.releases(*LONG_RELEASES)


def follow(page, heading, at, away):
    """Runs the section's blocks that need no systemd, in this scene's directories."""
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    places = {"/etc/driftwatch": str(at.driftwatch.directory), "/var/lib/driftwatch": str(at.driftwatch.state),
              "/var/backups/driftwatch": str(away),
              "driftwatch validate": f"driftwatch validate --config.file={at.driftwatch.config_file}"}
    blocks = [one for one in re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
              if "systemctl" not in one]
    assert blocks
    for commands in blocks:
        for place, real in places.items():
            commands = re.sub(rf"(?<![\w/]){re.escape(place)}(?=[/ \n])", real, commands)
        done = subprocess.run(["sh", "-euc", commands], text=True, capture_output=True, timeout=60, env={
            **os.environ, "PATH": f"{at.driftwatch.program.parent}:{os.environ['PATH']}",
            "STATE_DIRECTORY": str(at.driftwatch.state)})
        # The world's query set is weak.
        wrong = [one for one in done.stderr.splitlines() if not one.startswith("driftwatch: warning: ")]
        assert (done.returncode, wrong) == (0, []), (commands, done)


def known(at):
    """What people did and were told of, and what is approved."""
    incident, = [one for one in at.driftwatch.api("incidents")["incidents"] if one["state"] == "open"]
    return incident["escalation"]["acknowledged"]["by"], incident["since"], at.collection()["baseline"]["number"]


def test_a_lost_machine(running, source, driftwatch, tmp_path):  # noqa: F811
    page = (source / "docs/backup.md").read_text()
    at = running(worlds.World)
    worlds.delete_some(at)
    settle(at)
    assert driftwatch.post(f"/api/v1/incidents/{at.name}/ack", json={"by": "anna"}).ok
    before = known(at)
    assert before[0] == "anna"
    follow(page, "Backup", at, tmp_path / "away")
    driftwatch.process.kill()
    shutil.rmtree(driftwatch.directory)
    follow(page, "Restore", at, tmp_path / "away")
    driftwatch.start()
    tools.poll(lambda: at.collection()["verdict"] == "fail", "the first replay")
    assert known(at) == before
