# SPDX-License-Identifier: Apache-2.0
"""`driftwatch init`: from a Chroma full of somebody's records to a daemon that watches them, and what it sees then."""
import json
import os
import re
import shlex
import shutil
import subprocess

import numpy
import pytest
import yaml

import crowd
import proxy
import tools
import worlds
from test_causes import LONG_RELEASES

# Of collections: space, records, dimension.
SPACES = {"handbook": ("l2", 3000, 64), "tickets": ("l2", 1000, 32), "articles": ("cosine", 1000, 48)}
SAMPLE = 200


class Somebody:
    """Who has been filling a Chroma: three collections of 5,000 records in clusters, and one that is empty. Vectors of
    tickets have lengths between 2 and 6."""

    def __init__(self, chroma):
        self.chroma, self.random = chroma, numpy.random.default_rng(5)
        self.vectors = {}
        for name, (space, count, dimension) in SPACES.items():
            centres = self.random.normal(size=(count // 20, dimension))
            rows = worlds.unit(centres[self.random.integers(len(centres), size=count)]
                               + 0.6 * self.random.normal(size=(count, dimension)))
            lengths = self.random.uniform(2, 6, size=(count, 1)) if name == "tickets" else 1
            self.vectors[name] = (rows * lengths).astype(numpy.float32)
            # What an index of chance misses from the beginning is another test's.
            chroma.call("POST", "", {"name": name, "configuration": {
                "hnsw": {"space": space, "max_neighbors": 32, "ef_construction": 400, "ef_search": 200}}})
            self.upsert(name)
        chroma.create("notes")

    def ids(self, name):
        return [f"{name}/{i}" for i in range(len(self.vectors[name]))]

    def upsert(self, name):
        ids, vectors = self.ids(name), self.vectors[name]
        for first in range(0, len(ids), 1000):
            some = slice(first, first + 1000)
            self.chroma.upsert(name, ids[some], vectors[some],
                               documents=[f"What {one} says: \"#1\" of {name}" for one in ids[some]])

    def delete_one_in_a_hundred(self):
        for name in SPACES:
            ids = self.ids(name)
            self.chroma.delete(name, self.random.choice(ids, len(ids) // 100, replace=False).tolist())

    def embed_with_another_model(self):
        """Which knows the same likenesses, in another space of the same dimension."""
        for name, (_, _, dimension) in SPACES.items():
            turn, _ = numpy.linalg.qr(self.random.normal(size=(dimension, dimension)))
            self.vectors[name] = self.vectors[name] @ turn
            self.upsert(name)

    def lose_the_indexes(self):
        """Of what was written to disk; the newest records are in the log."""
        for name in SPACES:
            worlds.lose_index(Scene(self.chroma, name))


class Scene:
    def __init__(self, chroma, name):
        self.chroma, self.name = chroma, name


class Person:
    """Who types commands in a directory."""

    def __init__(self, build, directory):
        self.directory = directory
        self.environment = {key: value for key, value in os.environ.items()
                            if key not in ("GITHUB_ACTIONS", "SUDO_USER")}
        self.environment["PATH"] = f"{build}:{self.environment['PATH']}"

    def run(self, command, **options):
        """A line, or a list of arguments."""
        argv = shlex.split(command) if isinstance(command, str) else command
        return subprocess.run(argv, env=self.environment, text=True, capture_output=True, timeout=120, check=False,
                              **{"cwd": self.directory, **options})

    def init(self, *arguments):
        return self.run(["driftwatch", "init", *arguments])

    def check(self, *flags):
        places = "--config.file=here/driftwatch.yaml", "--storage.path=here/state"
        return self.run(["driftwatch", "check", *places, *flags])


@pytest.fixture
def person(build, tmp_path):
    return Person(build, tmp_path)


@pytest.fixture
def init(person):
    return person.init


def succeed(done):
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def fail(done, status, *parts):
    """Nothing on stdout but what had been found, and one line that has these parts."""
    assert done.returncode == status, done
    line, = done.stderr.splitlines()
    assert [part for part in parts if part not in line] == [], line
    return line


def next_commands(printed):
    lines = printed.splitlines()
    return [line.strip() for line in lines[lines.index("next:") + 1:]]


def files(directory):
    return sorted(str(one.relative_to(directory)) for one in directory.rglob("*") if one.is_file())


def queries(directory, name):
    return yaml.safe_load((directory / f"{name}.queries.yaml").read_text())["queries"]


def watched(driftwatch):
    return {one["collection"]: one for one in driftwatch.api("collections")["collections"]}


@pytest.fixture
def green(own_chroma, driftwatch, person):
    """Somebody's Chroma, and a daemon that came to it by the two commands that were printed."""
    somebody = Somebody(own_chroma)
    approve, run = next_commands(succeed(person.init(own_chroma.url, f"--directory={driftwatch.directory}")))
    succeed(person.run(approve))
    assert run == f"driftwatch run --config.file={driftwatch.config_file} --storage.path={driftwatch.state}"
    driftwatch.start()
    driftwatch.replay()
    assert {name: one["verdict"] for name, one in watched(driftwatch).items()} == dict.fromkeys(SPACES, "pass")
    # By `cosine` Chroma has a record lie at -1.2e-7 from itself.
    assert "-0.0000" not in driftwatch.run("check").stdout + driftwatch.get("/?collection=articles").text
    return somebody


@pytest.mark.releases(*LONG_RELEASES)
@pytest.mark.parametrize("fault, causes", [
    ("delete_one_in_a_hundred", {"REMOVED"}),
    ("embed_with_another_model", {"REEMBED"}),
    ("lose_the_indexes", {"INDEX_LOSS"})])
def test_what_happens_is_seen(green, driftwatch, fault, causes):
    getattr(green, fault)()
    driftwatch.replay(times=5)
    seen = watched(driftwatch)
    assert {name: one["verdict"] for name, one in seen.items()} == dict.fromkeys(SPACES, "fail")
    assert {one["cause"]["cause"] for one in seen.values()} == causes


def test_what_is_written(own_chroma, init, tmp_path):
    Somebody(own_chroma)
    printed = succeed(init(own_chroma.url, "--directory=here"))
    here = tmp_path / "here"
    assert files(here) == sorted(
        ["driftwatch.yaml", *(f"{name}.{kind}" for name in SPACES
                              for kind in ("queries.yaml", "vectors.npy", "vectors.ids.txt")),
         *(f"state/baselines/{name}.candidate.json" for name in SPACES)])
    assert "  notes: left out: it has no records\n" in printed
    assert "  handbook: 3000 records, l2, dimension 64: 200 canaries\n" in printed
    config = yaml.safe_load((here / "driftwatch.yaml").read_text())
    assert config["servers"] == [{"name": "main", "url": own_chroma.url}]
    assert [one["name"] for one in config["collections"]] == sorted(SPACES)
    assert [one["name"] for one in config["collections"] if "bands" in one] == ["tickets"]

    for name in SPACES:
        stored = own_chroma.vectors(name)
        written = queries(here, name)
        matrix = numpy.load(here / f"{name}.vectors.npy")
        ids = (here / f"{name}.vectors.ids.txt").read_text().splitlines()
        assert len(written) == SAMPLE
        for one in written:
            record = one["id"].removeprefix("canary-")
            assert set(one) == {"id", "text"}, "the baseline knows what stands first"
            assert one["text"] == f"What {record} says: \"#1\" of {name}"
            assert (matrix[ids.index(one["id"])] == stored[record]).all()
        # One of each of as many stretches: nowhere are two stretches without one.
        places = sorted(int(one["id"].split("/")[1]) for one in written)
        assert max(numpy.diff(places)) < 2 * len(stored) / SAMPLE

    # Another sample is another one, the same one the same.
    for seed, same in ("1", True), ("2", False):
        succeed(init(own_chroma.url, f"--directory=seed{seed}", f"--seed={seed}", "--collection=handbook"))
        assert files(tmp_path / f"seed{seed}") == [
            "driftwatch.yaml", "handbook.queries.yaml", "handbook.vectors.ids.txt", "handbook.vectors.npy",
            "state/baselines/handbook.candidate.json"]
        assert (queries(tmp_path / f"seed{seed}", "handbook") == queries(here, "handbook")) == same


def test_nothing_is_overwritten(chroma, name, init, tmp_path):
    chroma.create(name)
    chroma.upsert(name, ["a", "b"], [[1, 0], [0, 1]])
    arguments = chroma.url, "--directory=here", f"--collection={name}"
    succeed(init(*arguments))
    here = tmp_path / "here"
    before = {one: (here / one).read_bytes() for one in files(here)}
    for moved in (None, "driftwatch.yaml", f"{name}.queries.yaml", f"{name}.vectors.npy", f"{name}.vectors.ids.txt"):
        if moved:
            (here / moved).rename(tmp_path / moved)
        left = next((one for one in ["driftwatch.yaml", f"{name}.queries.yaml", f"{name}.vectors.npy",
                                     f"{name}.vectors.ids.txt"] if (here / one).exists()),
                    f"state/baselines/{name}.candidate.json")
        fail(init(*arguments), 2, f"here/{left} is there already", "nothing was written")
        assert {one: (here / one).read_bytes() for one in files(here)} == {
            one: content for one, content in before.items() if (here / one).exists()}
    shutil.rmtree(here / "state")
    succeed(init(*arguments))
    assert {one: (here / one).read_bytes() for one in files(here) if not one.startswith("state")} == {
        one: content for one, content in before.items() if not one.startswith("state")}


def test_twins(chroma, name, person, tmp_path):
    """Of few twins each is found among the answers; of so many that they fill an answer none can be asked for."""
    random = numpy.random.default_rng(3)
    rows = worlds.unit(random.normal(size=(40, 16)))
    vectors = numpy.concatenate([rows, rows[:5], numpy.repeat(rows[:1], 12, axis=0)])
    chroma.create(name)
    chroma.upsert(name, [f"r{i}" for i in range(len(vectors))], vectors)
    printed = succeed(person.init(chroma.url, "--directory=here", f"--collection={name}"))
    assert f"  {name}: 57 records, l2, dimension 16: 43 canaries\n" in printed
    assert "    14 of the records stand last in their answers, or have the vector of many others: left out\n" in printed
    written = {one["id"]: one for one in queries(tmp_path / "here", name)}
    assert set(written) == {f"canary-r{i}" for i in range(len(vectors))} - {
        "canary-r0", "canary-r40", *(f"canary-r{i}" for i in range(45, 57))}
    assert written["canary-r7"]["text"] == "record r7"
    # Of two twins one stands first, and the other is named.
    named = {int(key.removeprefix("canary-r")) for key, one in written.items() if "expect" in one}
    assert sorted(i % 40 for i in named) == [1, 2, 3, 4]
    succeed(person.run(next_commands(printed)[0]))
    succeed(person.check())
    chroma.delete(name, ["r41"])
    done = person.check("--format=json")
    failed = [one["id"] for one in json.loads(done.stdout)["collections"][0]["queries"] if one["outcome"] == "fail"]
    assert (done.returncode, failed) == (1, ["canary-r41"])


def test_what_the_index_misses_by_itself_fails_no_canary(chroma, name, person, ends):
    """Nor does it become one; who is deleted fails, until the next baseline is approved."""
    missed = {"r7"}
    front = ends(proxy.Proxy(chroma.url))
    front.rules = [proxy.missing(chroma, missed)]
    chroma.create(name)
    chroma.upsert(name, [f"r{i}" for i in range(100)], worlds.unit(numpy.random.default_rng(3).normal(size=(100, 32))))
    printed = succeed(person.init(front.url, "--directory=here", f"--collection={name}"))
    assert f"  {name}: 100 records, l2, dimension 32: 99 canaries\n" in printed
    assert "    1 of the records search does not find: left out\n" in printed
    approve = next_commands(printed)[0]
    succeed(person.run(approve))
    succeed(person.check())
    missed.update(["r20"])
    missed.remove("r7")
    assert "ANN_RECALL" not in succeed(person.check())
    chroma.delete(name, ["r30"])
    done = person.check("--format=json")
    failed = {one["id"]: one["reason"] for one in json.loads(done.stdout)["collections"][0]["queries"]
              if one["outcome"] == "fail"}
    assert done.returncode == 1 and list(failed) == ["canary-r30"] and "r30" in failed["canary-r30"]
    places = "--config.file=here/driftwatch.yaml", "--storage.path=here/state"
    succeed(person.run(["driftwatch", "baseline", "propose", "--pause=100ms", *places]))
    succeed(person.run(approve))
    succeed(person.check())


def test_inner_products(chroma, name, person, tmp_path):
    """A short vector has others nearer than itself: what answers it is for the baseline to keep."""
    random = numpy.random.default_rng(3)
    vectors = random.normal(size=(300, 16)) * random.uniform(1, 6, size=(300, 1))
    chroma.create(name, "ip")
    chroma.upsert(name, [f"r{i}" for i in range(300)], vectors)
    printed = succeed(person.init(chroma.url, "--directory=here", f"--collection={name}", "--sample=300"))
    # Who stands where, by arithmetic; the tenth of ten is left out.
    products = vectors @ vectors.T
    ranks = (products > products.diagonal()[:, None]).sum(axis=1)
    expected = {f"canary-r{i}": 0 < ranks[i] < 9 for i in range(300) if ranks[i] != 9}
    written = queries(tmp_path / "here", name)
    assert {one["id"]: "expect" in one for one in written} == expected
    beyond = (ranks > 9).sum()
    assert 20 < beyond < 280
    assert f"    {beyond} of the records have others nearer than themselves, and expect nothing\n" in printed
    succeed(person.run(next_commands(printed)[0]))
    succeed(person.check())


def test_an_index_that_was_damaged_before(own_chroma, name, person):
    """What it had lost when somebody looked for the first time is no normal."""
    random = numpy.random.default_rng(3)
    vectors = worlds.unit(random.normal(size=(1500, 32)))
    own_chroma.create(name)
    for some in slice(0, 1000), slice(1000, 1500):
        own_chroma.upsert(name, [f"r{i}" for i in range(1500)][some], vectors[some])
    worlds.lose_index(Scene(own_chroma, name))
    printed = succeed(person.init(own_chroma.url))
    lost, = re.findall(r"^    (\d+) of the records were left out: the index has lost their vectors$", printed, re.M)
    assert f"  {name}: 1500 records, l2, dimension 32: {SAMPLE - int(lost)} canaries\n" in printed
    assert abs(int(lost) - SAMPLE * 1000 / 1500) <= 1
    assert re.search(r"WARNING: search cannot reach (999|1000) of 1500 records", printed)
    line = fail(person.run(next_commands(printed)[0]), 1, "candidate 1 is refused", "INDEX_LOSS")
    assert line.startswith(f"driftwatch: {name}: ")


def test_a_server_behind_a_secret(chroma, name, person, ends, tmp_path):
    chroma.create(name)
    chroma.upsert(name, ["a", "b"], [[1, 0], [0, 1]])
    front = ends(proxy.Proxy(chroma.url))
    for scheme, header, secret in (("token", "X-Chroma-Token", "t0k"), ("bearer", "Authorization", "Bearer t0k"),
                                   ("basic", "Authorization", "Basic YW5uYTp0MGs=")):
        front.guard = header, secret
        (tmp_path / "secret").write_text("anna:t0k\n" if scheme == "basic" else "t0k\n")
        fail(person.init(front.url, f"--directory={scheme}"), 3, "HTTP 401", "`auth`")
        fail(person.init(front.url.removeprefix("http://"), f"--directory={scheme}", "--secret-file=secret"), 2,
             "must begin with http:// or https://")
        assert not (tmp_path / scheme).exists()
        succeed(person.init(front.url, f"--directory={scheme}", "--secret-file=secret", f"--auth={scheme}",
                     f"--collection={name}"))
        # Whoever reads it from elsewhere finds the file, and nowhere the secret.
        config = (tmp_path / scheme / "driftwatch.yaml").read_text()
        assert "t0k" not in config
        assert yaml.safe_load(config)["servers"][0]["auth"] == {
            "scheme": scheme, "secret_file": str(tmp_path / "secret")}
        done = person.run(f"driftwatch validate --config.file={tmp_path / scheme}/driftwatch.yaml", cwd="/")
        assert done.returncode == 0, done


def test_urls_as_people_type_them(chroma, name, init, tmp_path):
    chroma.create(name)
    chroma.upsert(name, ["a", "b"], [[1, 0], [0, 1]])
    host = chroma.url.removeprefix("http://")
    for i, url in enumerate([host, f"{host}/", f"http://{host}//", f"{chroma.url}/api/v2", f"{host}/api/v1/"]):
        succeed(init(url, f"--directory=d{i}", f"--collection={name}"))
        server, = yaml.safe_load((tmp_path / f"d{i}/driftwatch.yaml").read_text())["servers"]
        assert server["url"] == chroma.url
    fail(init("ftp://127.0.0.1"), 2, "ftp://127.0.0.1: must begin with http:// or https://")
    fail(init("http://a:b@127.0.0.1"), 2, "must not contain user information")
    fail(init("http://127.0.0.1:8000/?x"), 2, "must not have a query")
    fail(init(), 2, "init needs the URL")


def test_what_is_no_server(chroma, name, init, ends, tmp_path):
    """Each says what is wrong, and leaves nothing behind."""
    chroma.create(name)
    nobody = f"127.0.0.1:{tools.free_port()}"
    other = ends(tools.Receiver())
    fail(init(nobody, "--directory=x"), 3, f"http://{nobody}: listing the collections", "refused")
    fail(init(other.url, "--directory=x"), 3, other.url, "listing the collections")
    front = ends(proxy.Proxy(chroma.url))
    front.rules = [lambda method, path, body: proxy.page(200)]
    fail(init(front.url, "--directory=x"), 3, "a page (text/html)", "is no answer of Chroma")
    fail(init(chroma.url, "--directory=x", "--database=nosuch"), 3,
         'tenant "default_tenant" has no database "nosuch"; it has 1 database: default_database')
    fail(init(chroma.url, "--directory=x", "--tenant=nosuch"), 3, 'the server has no tenant "nosuch"')
    done = init(chroma.url, "--directory=x", f"--collection={name[:-1]}")
    assert done.returncode == 3 and f'; nearest: {name}' in done.stderr.replace("collections: ", "; nearest: "), done
    done = init(chroma.url, "--directory=x", f"--collection={name}")
    assert f"  {name}: left out: it has no records\n" in done.stdout
    fail(done, 3, "no collection can be watched; nothing was written")
    assert not (tmp_path / "x").exists()


def test_a_server_that_goes_away(chroma, name, init, ends, tmp_path):
    """What had been written is gone, too."""
    for i in range(2):
        chroma.create(f"{name}{i}")
        chroma.upsert(f"{name}{i}", ["a", "b"], [[1, 0], [0, 1]])
    front = ends(proxy.Proxy(chroma.url))
    front.rules = [lambda method, path, body: proxy.page(502) if f"{name}1" in path else None]
    done = init(front.url, "--directory=x", f"--collection={name}0", f"--collection={name}1")
    assert f"{name}0: 2 records" in done.stdout
    fail(done, 3, f"{name}1 at {front.url}", "502")
    assert not (tmp_path / "x").exists()


def test_where_nothing_can_be_written(chroma, name, init, tmp_path):
    chroma.create(name)
    (tmp_path / "file").write_text("")
    fail(init(chroma.url, "--directory=file"), 2, "cannot write into file: Not a directory")
    fail(init(chroma.url, "--directory=no/such"), 2, "cannot write into no/such: No such file or directory")
    fail(init(chroma.url, "--directory=/proc/1"), 2, "cannot write into /proc/1")


def test_too_many_to_choose_from(init, ends, tmp_path):
    """Twenty thousand collections: nobody reads all of them, and one is watched when it is named."""
    many = ends(Many(tmp_path))
    done = init(many.url, "--directory=x")
    fail(done, 3, "there are 2000 or more: name those to watch by --collection")
    assert not (tmp_path / "x").exists()
    succeed(init(many.url, "--directory=x", "--collection=c-19999"))
    assert (tmp_path / "x/c-19999.queries.yaml").exists()


class Many(proxy.Proxy):
    """A crowd's server that also lists 20,000 collections."""

    def __init__(self, directory):
        self.crowd = crowd.Crowd(directory)
        super().__init__(self.crowd.url)
        self.rules = [self.listing]

    def listing(self, method, path, body):
        del method, body
        if "/collections?" not in path:
            return None
        offset = int(path.split("offset=")[1])
        names = [{"name": f"c-{i}"} for i in range(offset, min(offset + 200, 20000))]
        return 200, {"Content-Type": "application/json"}, proxy.json.dumps(names).encode()

    def stop(self):
        super().stop()
        self.crowd.stop()
