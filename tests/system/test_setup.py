# SPDX-License-Identifier: Apache-2.0
"""What somebody does wrong on the first day: each is refused, or warned of, with what to write instead."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import tools

USAGE = 2


@pytest.fixture
def open_directory():
    """A directory that every user can enter, as /etc/driftwatch; pytest's own are private."""
    path = pathlib.Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def configured(build, directory, **server):
    program = tools.Driftwatch(build, directory)
    program.server("http://127.0.0.1:9", **server)
    program.watch("faq", [{"id": "a", "text": "?"}], {"a": [1.0, 0.0]})
    program.write()
    return program


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read what other users cannot")
def test_validate_warns_of_a_secret_that_only_root_can_read(build, open_directory):
    (open_directory / "secrets").mkdir()
    secret = open_directory / "secrets" / "token"
    secret.write_text("s3cret\n")
    program = configured(build, open_directory, auth={"scheme": "token", "secret_file": "secrets/token"})

    def warnings():
        done = program.run("validate")
        assert done.returncode == 0 and "is valid" in done.stdout
        return done.stderr.splitlines()
    assert warnings() == []
    secret.chmod(0o600)
    line, = warnings()
    assert "servers[0].auth.secret_file: only root can read" in line and str(secret) in line
    assert "DynamicUser=" in line and "credential:" in line
    secret.chmod(0o644)
    secret.parent.chmod(0o700)
    line, = warnings()
    assert f"only root can enter {secret.parent}" in line
    secret.parent.chmod(0o755)
    (open_directory / "faq.vectors.json").chmod(0o600)
    line, = warnings()
    assert "collections[0].vectors: only root can read" in line and "credential:" not in line
    open_directory.chmod(0o700)
    assert warnings() == [], "nobody runs a unit from a directory like root's home"


@pytest.mark.parametrize("command", ["run", "status"])
def test_a_port_alone_is_a_usage_error(driftwatch, command):
    flags = [f"--config.file={driftwatch.config_file}"] if command == "run" else []
    done = subprocess.run([driftwatch.program, command, "--web.listen-address=9834", *flags],
                          text=True, capture_output=True, timeout=30)
    assert (done.returncode, done.stdout) == (USAGE, "")
    line, = done.stderr.splitlines()
    assert "--web.listen-address" in line and "write :9834" in line
