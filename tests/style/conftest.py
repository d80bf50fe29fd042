# SPDX-License-Identifier: Apache-2.0
import subprocess

import pytest


@pytest.fixture(scope="session")
def files(source):
    """Every file of the tree that is or could be committed, relative to the top."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=source, check=True, capture_output=True, text=True)
    return sorted(name for name in set(listed.stdout.splitlines()) if (source / name).is_file())


@pytest.fixture(scope="session")
def texts(source, files):
    """Content of those files that are UTF-8 text, by name."""
    found = {}
    for name in files:
        try:
            found[name] = (source / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found
