# SPDX-License-Identifier: Apache-2.0
"""What test_package.py does inside the box, a fresh Debian with nothing of this project's and no modules but Python's
own: `python3 package.py NAME` runs the function of that name. The packages lie in /box/old and /box/new."""
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import time
import urllib.request

UNIT, SOCKET = "driftwatch.service", "driftwatch.socket"
URL = "http://127.0.0.1:9820"
STATE = pathlib.Path("/var/lib/private/driftwatch")
ETC = pathlib.Path("/etc/driftwatch")
CONFIG = """\
replay: {interval: 1s, timeout: 500ms}
servers: [{name: main, url: "http://127.0.0.1:8000"}]
collections: [{name: faq, server: main, queries: mine.json, vectors: vectors.json}]
"""
QUERIES = '{"queries": [{"id": "a", "text": "A?", "expect": {"ids": ["a"]}}]}'
VECTORS = '{"model": "test", "dimension": 2, "vectors": {"a": [0.6, 0.8]}}'


def run(*argv, status=0, **options):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == status, (argv, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def dpkg(*arguments):
    """As unattended upgrades do it: what the administrator changed is kept."""
    return run("dpkg", "--force-confdef", "--force-confold", *arguments)


def install(which):
    package, = pathlib.Path("/box", which).glob("driftwatch_*.deb")
    dpkg("--install", str(package))
    return run("dpkg-query", "--show", "--showformat=${Version}", "driftwatch")


def show(name, unit=UNIT):
    return run("systemctl", "show", "--value", "-p", name, unit).strip()


def enabled(unit):
    return subprocess.run(["systemctl", "is-enabled", unit], capture_output=True, text=True).stdout.strip()


def failed():
    return [line.split()[0] for line in run("systemctl", "--failed", "--plain", "--no-legend").splitlines()
            if "driftwatch" in line]


def api(path, **options):
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/api/v1/{path}", **options), timeout=5) as answer:
        return json.load(answer)["data"]


def poll(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def configure():
    ETC.mkdir(exist_ok=True)
    (ETC / "driftwatch.yaml").write_text(CONFIG)
    (ETC / "mine.json").write_text(QUERIES)
    (ETC / "vectors.json").write_text(VECTORS)


def start_chroma():
    subprocess.Popen([sys.executable, "/box/fake_chroma.py"], stderr=subprocess.DEVNULL)

    def answers():
        try:
            return urllib.request.urlopen("http://127.0.0.1:8000/x/count", timeout=1).status == 200
        except OSError:
            return False
    poll(answers, "the fake Chroma")


def replay():
    assert api("replay?collection=faq&wait=true", method="POST")["verdict"] == "pass"


def kept():
    """What has to survive, read as everybody reads it."""
    return {
        "begin": [run["first"] for run in api("history?collection=faq&query=a")["runs"]][:1],
        "silences": [(s["id"], s["comment"]) for s in api("silences")["silences"]],
        "baseline": api("baseline?collection=faq")["baseline"],
    }


def installed():
    """Nothing runs, nothing failed, and everything that a package brings is found where systems look for it."""
    install("new")
    assert (show("ActiveState"), enabled(UNIT), enabled(SOCKET)) == ("inactive", "disabled", "disabled")
    assert failed() == []
    assert "nothing to watch" in run("driftwatch", "validate", status=2)
    assert "driftwatch" in run("journalctl", "--list-catalog")
    assert "driftwatch" in run("bash", "-c", ". /usr/share/bash-completion/completions/driftwatch; complete -p")
    assert not STATE.exists()


def upgraded():
    older = install("old")
    configure()
    start_chroma()
    run("driftwatch", "baseline", "propose", "--pause=50ms", f"--storage.path={STATE}")
    run("driftwatch", "baseline", "approve", "--by=anna", "--reason=first", f"--storage.path={STATE}")
    run("systemctl", "enable", "--now", SOCKET)
    run("systemctl", "enable", "--now", UNIT)
    listening = show("ActiveEnterTimestampMonotonic", SOCKET)
    replay()
    run("driftwatch", "silence", "add", "collection=faq", "--for=2h", "--by=anna", "--comment=ingest")
    before, process = kept(), show("MainPID")
    assert before["begin"] and before["silences"] and before["baseline"]
    assert api("status")["version"] == older

    newer = install("new")
    run("dpkg", "--compare-versions", newer, "gt", older)
    assert show("MainPID") not in ("0", process) and enabled(UNIT) == "enabled"
    assert show("ActiveEnterTimestampMonotonic", SOCKET) == listening != "0", "no request was refused meanwhile"
    assert api("status")["version"] == newer
    assert kept() == before
    replay()
    assert (ETC / "driftwatch.yaml").read_text() == CONFIG, "what the administrator changed is theirs"


def removed():
    """Remove keeps configuration and state, purge neither; what people put beside it is theirs."""
    install("new")
    configure()
    start_chroma()
    run("systemctl", "enable", "--now", SOCKET)
    run("systemctl", "enable", "--now", UNIT)
    replay()
    begin = api("history?collection=faq&query=a")["runs"][0]["first"]
    process = pathlib.Path("/proc", show("MainPID"))
    dpkg("--remove", "driftwatch")
    assert not process.exists(), "it was stopped"
    assert show("LoadState") == "not-found" and failed() == []
    assert (STATE / "state.db").exists() and (ETC / "driftwatch.yaml").exists()

    install("new")
    run("systemctl", "start", UNIT)
    assert api("history?collection=faq&query=a")["runs"][0]["first"] == begin
    dpkg("--purge", "driftwatch")
    gone = STATE, STATE.parent.parent / "driftwatch", ETC / "driftwatch.yaml", pathlib.Path("/etc/default/driftwatch")
    assert [path for path in gone if path.exists() or path.is_symlink()] == []
    assert sorted(path.name for path in ETC.iterdir()) == ["mine.json", "vectors.json"]
    assert list(pathlib.Path("/etc/systemd/system").rglob("driftwatch*")) == []
    assert run("dpkg-query", "--list").count("driftwatch") == 0


def portable():
    """The image is attached to a system that knows nothing of it, and runs as the unit says."""
    os.mknod("/dev/loop-control", stat.S_IFCHR | 0o600, os.makedev(10, 237))
    for number in range(16):
        os.mknod(f"/dev/loop{number}", stat.S_IFBLK | 0o600, os.makedev(7, number))
    image, = pathlib.Path("/box/image").glob("*.raw")
    configure()
    start_chroma()
    run("portablectl", "attach", "--now", "--runtime", str(image))
    assert show("RootImage") == str(image)
    replay()
    assert (STATE / "state.db").exists()
    run("systemctl", "reload", UNIT)

    begin = api("history?collection=faq&query=a")["runs"][0]["first"]
    newer = shutil.copy(image, image.with_name("driftwatch_99.raw"))
    run("portablectl", "reattach", "--now", "--runtime", str(newer))
    assert show("RootImage") == str(newer)
    assert api("history?collection=faq&query=a")["runs"][0]["first"] == begin
    run("portablectl", "detach", "--now", "--runtime", newer.stem)
    assert show("LoadState") == "not-found"


def container():
    """What an engine would do with it: its root, its user, its arguments."""
    bundle = pathlib.Path("/box/bundle")
    run("tar", "-C", bundle, "-x", "-f", bundle / "bundle.tar")
    process, root = json.loads((bundle / "config.json").read_text())["process"], bundle / "rootfs"
    configure()
    start_chroma()
    for mounted in str(ETC), "/proc", "/dev":
        run("mount", "--rbind", mounted, f"{root}{mounted}")

    def enter():
        os.chroot(root)
        os.chdir(process["cwd"])
        os.setgroups([])
        os.setgid(process["user"]["gid"])
        os.setuid(process["user"]["uid"])

    def ready():
        assert daemon.poll() is None
        try:
            return urllib.request.urlopen(f"{URL}/-/ready", timeout=1).status == 200
        except OSError:
            return False

    daemon = subprocess.Popen(process["args"], preexec_fn=enter,
                              env=dict(entry.split("=", 1) for entry in process["env"]))
    poll(ready, "the daemon")
    replay()
    state = root / "var/lib/driftwatch/state.db"
    assert state.stat().st_uid == process["user"]["uid"] != 0
    assert "BEGIN CERTIFICATE" in (root / "etc/ssl/certs/ca-certificates.crt").read_text()
    daemon.terminate()
    assert daemon.wait(10) == 0


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print(f"{sys.argv[1]}: ok")
