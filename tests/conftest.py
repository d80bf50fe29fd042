# SPDX-License-Identifier: Apache-2.0
"""What all Python tests share: where the tree and the build are, and that skipping is no way out."""
import os
import pathlib
import signal
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent.parent
REQUIRE_ALL = os.environ.get("CI") == "true" or os.environ.get("DRIFTWATCH_REQUIRE_ALL") == "1"


def pytest_configure():
    """In the background of a script SIGINT is ignored, and would be by everything that a test starts. A handler is not
    inherited: here it is still ignored, there it has its default again."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)


@pytest.fixture(scope="session")
def source():
    """The top of the tree."""
    return SOURCE


@pytest.fixture(scope="session")
def documents(source):
    """{name: text} of every document that is for readers: the demonstration's agents are data."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=source,
                            check=True, capture_output=True, text=True).stdout.split()
    return {name: (source / name).read_text() for name in sorted(set(listed))
            if not name.startswith("config/demo/agents/") and (source / name).exists()}


@pytest.fixture(scope="session")
def build():
    """The build directory; $DRIFTWATCH_BUILD, as tests/run.sh sets it."""
    path = pathlib.Path(os.environ.get("DRIFTWATCH_BUILD", SOURCE / "build"))
    if not (path / "driftwatch").exists():
        pytest.skip(f"{path}/driftwatch is not built")
    return path


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and REQUIRE_ALL and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"a skipped test counts as failed here: {reason}"
