# SPDX-License-Identifier: Apache-2.0
"""The packages and images that config/package makes, on a fresh Debian under a real systemd; what happens inside is in
box/package.py."""
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

import releases

HERE = pathlib.Path(__file__).resolve().parent
# What the box needs beside what the package asks for.
BASE = ["bash-completion", "dbus", "python3", "systemd-container", "systemd-sysv"]


def run(*argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, **options)
    assert done.returncode == 0, f"{' '.join(map(str, argv))}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def build(tree, directory, *version, **environment):
    """build.sh, without what a compiler's cache would make of the second time."""
    directory.mkdir()
    run(tree / "config/package/build.sh", directory, *version,
        env={**os.environ, "CCACHE_DISABLE": "1", **environment})
    return directory


def package(directory):
    found, = directory.glob("driftwatch_*.deb")
    return found


def archive(source, revision, directory):
    """The tree of a revision, as a tarball gives it."""
    directory.mkdir()
    with subprocess.Popen(["git", "archive", revision], cwd=source, stdout=subprocess.PIPE) as git:
        run("tar", "-C", directory, "-x", stdin=git.stdout)
    assert git.returncode == 0
    return directory


@pytest.fixture(scope="module")
def new(source, tmp_path_factory):
    """Directory with the package of this tree."""
    for program in "dh", "lintian", "mmdebstrap", "mksquashfs", "umoci":
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    return build(source, tmp_path_factory.mktemp("package") / "new")


def project_version(meson):
    return re.search(r"^  version: '(.*)'", meson, re.MULTILINE)[1]


def before(source):
    """The last commit with another version, and that version; this one as the lowest where the history is too short."""
    current = project_version((source / "meson.build").read_text())
    for commit in run("git", "log", "--format=%H", "-G^  version: '", "--", "meson.build", cwd=source).split():
        parent = subprocess.run(["git", "show", f"{commit}~:meson.build"], cwd=source, capture_output=True, text=True)
        if parent.returncode == 0 and project_version(parent.stdout) != current:
            return f"{commit}~", project_version(parent.stdout)
    return "HEAD", "0.0.1"


@pytest.fixture(scope="module")
def old(source, tmp_path_factory):
    """Directory with the package of the version before, packed as today; compiled in a hurry."""
    top = tmp_path_factory.mktemp("before")
    revision, version = before(source)
    tree = archive(source, revision, top / "tree")
    shutil.rmtree(tree / "config/package", ignore_errors=True)
    shutil.copytree(source / "config/package", tree / "config/package")
    options = tree / "meson_options.txt"
    if "'version'" not in options.read_text(): # 0.1.0 had none
        options.write_text(options.read_text() + "option('version', type: 'string')\n")
    return build(tree, top / "old", version, DEB_BUILD_OPTIONS="noopt")


@pytest.fixture(scope="module")
def images(new, tmp_path_factory):
    """Directory with the images of the package."""
    return image(new, tmp_path_factory.mktemp("images"))


def image(new, directory):
    run(HERE.parents[1] / "config/package/image.sh", package(new), directory)
    return directory


@pytest.fixture(scope="module")
def debian(new):
    """A Debian that was installed today and has what the package depends on, once."""
    depends = run("dpkg-deb", "--field", package(new), "Depends")
    wanted = ",".join(sorted(BASE + re.findall(r"(?:^|, )([a-z0-9.+-]+)", depends)))
    directory = releases.cache() / "debian"

    def make():
        shutil.rmtree(directory / "root", ignore_errors=True)
        run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={wanted}", releases.codename(),
            directory / "root", releases.mirror())
    releases.once(directory, wanted, make)
    return directory / "root"


@pytest.fixture
def box(debian, tmp_path):
    """box(scenario, name=directory...) boots that Debian with each directory as /box/name; fails with its log."""
    if os.geteuid() != 0:
        pytest.skip("booting systemd in namespaces needs root")

    def start(scenario, **directories):
        files = tmp_path / "files"
        (files / "box").mkdir(parents=True)
        for name, directory in directories.items():
            run("cp", "--archive", directory, files / "box" / name)
        for file in "fake_chroma.py", "package.py":
            shutil.copy(HERE / "box" / file, files / "box")
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\ncd /box && exec python3 package.py {scenario}\n")
        done = subprocess.run([HERE / "systemd-box.sh", program, files], capture_output=True, text=True, timeout=180,
                              env={**os.environ, "BOX_ROOT": str(debian)})
        assert done.returncode == 0 and f"{scenario}: ok\n" in done.stdout, done.stdout + done.stderr
    return start


def test_a_tree_is_called_by_its_tag_and_commit(source, tmp_path):
    """And a tarball of it by what is written in it, also where it lies in somebody else's repository."""
    def git(*arguments):
        return run("git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments, cwd=tmp_path).strip()

    def called(tree=tmp_path):
        return [run(tree / "config/package/version.sh", which).strip() for which in ("version", "revision")]

    (tmp_path / "config/package").mkdir(parents=True)
    for name in "config/package/version.sh", "meson.build", ".gitattributes":
        shutil.copy(source / name, tmp_path / name)
    project = project_version((source / "meson.build").read_text())
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message=one")
    commit = git("rev-parse", "--short=12", "HEAD")
    assert called() == [f"{project}~1.g{commit}", commit]

    git("tag", "v7.8.9")
    assert called() == ["7.8.9", commit]
    tarball = archive(tmp_path, "HEAD", tmp_path / "unpacked")
    assert called(tarball) == [project, commit]

    git("commit", "--quiet", "--allow-empty", "--message=two")
    commit = git("rev-parse", "--short=12", "HEAD")
    assert called() == [f"7.8.9+1.g{commit}", commit]
    (tmp_path / "meson.build").write_text("changed")
    assert called() == [f"7.8.9+1.g{commit}", f"{commit}-dirty"]
    assert run(tmp_path / "config/package/version.sh", "version", "1.2").strip() == "1.2"


def test_lintian_has_nothing_to_say(new):
    changes, = new.glob("*.changes")
    assert run("lintian", "--allow-root", "--display-info", "--pedantic", "--fail-on=error,warning,info,pedantic",
               changes) == ""


def test_the_same_tree_gives_the_same_package(source, new, tmp_path):
    """Elsewhere, later, and under another mask."""
    tree = tmp_path / "a/deeper/place"
    tree.mkdir(parents=True)
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=source)
    run("cp", "--parents", "--preserve=mode", "-t", tree, *filter(None, names.split("\0")), cwd=source)
    git = source / ".git"
    (shutil.copytree if git.is_dir() else shutil.copy)(git, tree / ".git")
    again = build(tree, tmp_path / "again", TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
    made = sorted(new.glob("*.deb"))
    assert [deb.name for deb in made] == sorted(deb.name for deb in again.glob("*.deb")) and len(made) == 2
    assert [deb.name for deb in made if deb.read_bytes() != (again / deb.name).read_bytes()] == []


def test_the_same_package_gives_the_same_images(new, images, tmp_path):
    again = image(new, tmp_path)
    made = sorted(images.iterdir())
    assert [file.suffix for file in made] == [".tar", ".raw"]
    assert [file.name for file in made if file.read_bytes() != (again / file.name).read_bytes()] == []


def test_it_is_installed(box, new):
    box("installed", new=new)


def test_an_upgrade_keeps_what_was_known(box, old, new):
    box("upgraded", old=old, new=new)


def test_remove_and_purge(box, new):
    box("removed", new=new)


def test_the_portable_service(box, images):
    box("portable", image=images)


def test_the_container(box, images, tmp_path):
    layout = tmp_path / "layout"
    with tarfile.open(next(images.glob("*.oci.tar"))) as tar:
        tar.extractall(layout)
    run("umoci", "unpack", f"--image={layout}:driftwatch", tmp_path / "unpacked")
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    # The box gives what it takes over to root.
    run("tar", "-C", tmp_path / "unpacked", "-c", "--numeric-owner", "-f", bundle / "bundle.tar", ".")
    box("container", bundle=bundle)
