# SPDX-License-Identifier: Apache-2.0
"""The installed units under a real systemd, booted in namespaces; what happens inside is in box/scenario.py."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
# What is left at 1.1 is what the daemon is for: it talks to and listens on the network.
EXPOSURE_MAX = 12


@pytest.fixture(scope="module")
def installed(build, tmp_path_factory):
    """The files of `meson install`, below a directory."""
    files = tmp_path_factory.mktemp("installed")
    done = subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", files],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return files


def unit(installed, name):
    found, = installed.rglob(name)
    return found


@pytest.fixture
def box(installed, tmp_path):
    """box(scenario) boots it with driftwatch installed and configured; fails with its log."""
    if os.geteuid() != 0:
        pytest.skip("booting systemd in namespaces needs root")
    for program in "unshare", "dbus-daemon", "/lib/systemd/systemd":
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")

    files = tmp_path / "files"
    shutil.copytree(installed, files, symlinks=True)
    (files / "box").mkdir()
    for file in HERE / "tools.py", *(HERE / "box").glob("*.py"):
        shutil.copy(file, files / "box")
    etc = files / "etc/driftwatch"
    etc.mkdir(parents=True, exist_ok=True)
    (etc / "driftwatch.yaml").write_text(yaml.safe_dump({
        "replay": {"interval": "1s", "timeout": "500ms"},
        "servers": [{"name": "main", "url": "http://127.0.0.1:8000"}],
        "collections": [{"name": "faq", "label": "faq", "server": "main", "queries": "queries.json",
                         "vectors": "vectors.json"}]}))
    (etc / "queries.json").write_text('{"queries": [{"id": "a", "text": "A?", "expect": {"ids": ["a"]}}]}')
    (etc / "vectors.json").write_text('{"model": "test", "dimension": 2, "vectors": {"a": [0.6, 0.8]}}')

    def run(scenario, **environment):
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\ncd /box && exec /usr/bin/python3 scenario.py {scenario}\n")
        done = subprocess.run([HERE / "systemd-box.sh", program, files], capture_output=True, text=True,
                              timeout=180, env={**os.environ, **environment})
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{scenario}: ok\n" in done.stdout, done.stdout + done.stderr
        return done.stdout
    return run


@pytest.mark.parametrize("scenario", [
    "starting", "reloading", "watchdog", "crash", "stopping", "sockets", "journals", "credentials", "broken"])
def test_in_the_box(box, scenario):
    box(scenario)


def test_the_memory_limit_acts(box):
    said = box("memory", BOX_MEMORY="yes")
    print(re.search("^memory controller:.*$", said, re.MULTILINE)[0])


@pytest.fixture
def loadable(installed, tmp_path):
    """The units with programs that exist here, so that only the units are judged."""
    for name in "driftwatch.service", "driftwatch.socket":
        text = unit(installed, name).read_text()
        for line in text.splitlines():
            if line.startswith("Exec") and "driftwatch" in line:
                program = line.split("=", 1)[1].split()[0]
                text = text.replace(f"{program} ", "/bin/true ")
        (tmp_path / name).write_text(text)
    return tmp_path / "driftwatch.service", tmp_path / "driftwatch.socket"


def test_units_verify(loadable):
    # Each finds what the other lets pass: unknown keys, and missing units.
    for flags in ["--recursive-errors=no"], []:
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *flags, *loadable],
                              capture_output=True, text=True)
        ours = [line for line in done.stderr.splitlines() if "driftwatch" in line]
        assert (done.returncode, ours) == (0, []), done.stderr


def test_a_misspelt_directive_would_be_noticed(loadable):
    service = loadable[0]
    service.write_text(service.read_text().replace("PrivateUsers=", "PrivateUser="))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", service],
                          capture_output=True, text=True)
    assert done.returncode != 0


def test_exposure(loadable):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_MAX}",
         loadable[0]], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_what_it_may_take(installed):
    lines = unit(installed, "driftwatch.service").read_text().splitlines()
    limits = dict(line.split("=", 1) for line in lines
                  if re.match(r"(Memory(High|Max)|TasksMax|LimitCORE|OOMPolicy)=", line))
    assert limits.pop("LimitCORE") == "0"
    assert limits.pop("OOMPolicy") == "continue"
    tasks = int(limits.pop("TasksMax"))
    default = re.search(r"define HTTP_CONCURRENCY (\d+)", (HERE.parents[1] / "common/http.h").read_text())
    assert tasks > 100 * int(default[1]), "each request under way may resolve a name, in a thread"
    assert sorted(limits) == ["MemoryHigh", "MemoryMax"]
    assert int(limits["MemoryHigh"].rstrip("G")) < int(limits["MemoryMax"].rstrip("G"))


def test_what_is_installed(installed):
    service = unit(installed, "driftwatch.service").read_text()
    program = service.split("ExecStart=", 1)[1].split()[0]
    assert (installed / program.lstrip("/")).exists()
    assert "@bindir@" not in service
    assert unit(installed, "driftwatch.catalog").parent == installed / "usr/lib/systemd/catalog"
    assert (installed / "etc/default/driftwatch").exists()
    assert list(installed.rglob("driftwatch.1*"))
