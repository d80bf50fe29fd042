# SPDX-License-Identifier: Apache-2.0
"""The Chroma servers that the system tests run on: what each is made of, and how it is installed once and started.

The newer one needs a newer C library than Debian 12 has. It is run by Debian 13's program loader with Debian 13's
libraries, unpacked beside it and installed nowhere; node itself is this machine's."""
import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess

OLDER, NEWER = "1.0.20", "1.5.9"
ALL = OLDER, NEWER

PACKAGES = {
    # The newest whose prebuilt bindings load on Debian 12's glibc 2.36.
    OLDER: {"dependencies": {"chromadb": "3.0.14"}, "overrides": {"chromadb-js-bindings-linux-x64-gnu": "1.0.5"}},
    NEWER: {"dependencies": {"chromadb": "3.5.0"}, "overrides": {"chromadb-js-bindings-linux-x64-gnu": "1.3.4"}},
}
SUITE, LIBRARIES = "trixie", ["libc6", "libstdc++6", "libgcc-s1"]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Failed(Exception):
    """A release could not be installed, and why."""


class Release:
    """One installed server."""

    def __init__(self, version, command):
        self.version, self.command = version, command

    @property
    def ends_on_sigterm(self):
        """The newer one says that it shuts down, and stays."""
        return self.version == OLDER


def cache():
    """Where downloads are kept between runs, outside of the tree."""
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("DRIFTWATCH_TEST_CACHE", pathlib.Path(home) / "driftwatch-tests"))


def run(argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, argv))}: {done.stderr[-500:]}")
    return done.stdout


def once(directory, wanted, make):
    """Runs `make` in the directory unless an earlier test, maybe of another process, made what is wanted."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = directory / "installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            make()
            stamp.write_text(wanted)


def modules(version):
    """node_modules with the server."""
    directory = cache() / f"chroma-{version}"
    wanted = json.dumps({"private": True, **PACKAGES[version]})

    def make():
        (directory / "package.json").write_text(wanted)
        run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], cwd=directory)
    once(directory, wanted, make)
    return directory / "node_modules"


def codename():
    """Which Debian this machine is."""
    return re.search(r"^VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text(), re.MULTILINE)[1]


def mirror():
    """Where this machine has its own Debian from."""
    found = re.search(rf"'(\S+)/dists/(?:{codename()}|stable)/", run(["apt-get", "update", "--print-uris"]))
    if not found:
        raise Failed(f"apt has no source of Debian {codename()}")
    return found[1]


def libraries():
    """A directory with Debian 13's loader and libraries, and nothing of theirs in this system."""
    directory = cache() / SUITE
    root = directory / "root"

    def make():
        apt = directory / "apt"
        for kept in root, apt:
            shutil.rmtree(kept, ignore_errors=True)
        for empty in "lists/partial", "archives/partial":
            (apt / empty).mkdir(parents=True)
        (apt / "status").touch()
        (apt / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n")
        options = [word for setting in (
            f"Dir::Etc::SourceList={apt}/sources.list", "Dir::Etc::SourceParts=/dev/null",
            "Dir::Etc::Preferences=/dev/null", "Dir::Etc::PreferencesParts=/dev/null",
            f"Dir::State::Lists={apt}/lists", f"Dir::State::status={apt}/status", f"Dir::Cache={apt}",
            "Acquire::Languages=none", "APT::Sandbox::User=root", "Debug::NoLocking=1") for word in ("-o", setting)]
        run(["apt-get", *options, "-q", "update"])
        run(["apt-get", *options, "-q", "download", *LIBRARIES], cwd=apt)
        for package in apt.glob("*.deb"):
            run(["dpkg-deb", "--extract", package, root])
        shutil.rmtree(apt)
    once(directory, " ".join([SUITE, *LIBRARIES]), make)
    return root / "usr/lib/x86_64-linux-gnu"


def install(version):
    server = [shutil.which("node"), modules(version) / ".bin/chroma"]
    if version == OLDER:
        return Release(version, server)
    directory = libraries()
    return Release(version, [directory / "ld-linux-x86-64.so.2", "--library-path", directory, *server])
