# SPDX-License-Identifier: Apache-2.0
"""The reference and the installed configuration say what the table of keys says; every example works."""
import json
import re
import subprocess

import pytest
import yaml

HEADER = "| key | type | default | bounds | reload | |"
FIRST = ["name: main", "url: http://127.0.0.1:8000",
         "name: handbook", "queries: queries.yaml", "vectors: vectors.json"]


# What all channels have is documented once, under this name.
SHARED = re.compile(r"(?<=\.)\w+(?=_configs\[\]\.(?:timeout|send_resolved|headers|auth|proxy|proxy_auth|tls)\b)")


def shared(path):
    return SHARED.sub("*", path)


@pytest.fixture(scope="module")
def program(build):
    return build / "tests/style/keys"


@pytest.fixture(scope="module")
def keys(program):
    """The table, by path."""
    rows = json.loads(subprocess.run([program], check=True, capture_output=True, text=True).stdout)
    found = {}
    for row in rows:
        known = found.setdefault(shared(row["path"]), row)
        assert cells(known) == cells(row), row["path"]
    return found


@pytest.fixture(scope="module")
def reference(source):
    return (source / "docs/configuration.md").read_text()


@pytest.fixture(scope="module")
def installed(source):
    return (source / "config/driftwatch.yaml").read_text()


def default_cell(row):
    if row["required"]:
        return "required"
    if row["default"] is not None:
        return f"`{row['default']}`"
    inherited = row["inherits"]
    if inherited:
        return inherited if " " in inherited else f"as `{inherited}`"
    return "none"


def cells(row):
    return [row["type"], default_cell(row), row["bounds"] or "",
            "yes" if row["reloadable"] else "no", row["doc"]]


def documented(text):
    """{path: cells} of all tables of keys; a path that is documented twice fails."""
    found = {}
    for table in text.split(HEADER)[1:]:
        for line in table.strip("\n").split("\n\n")[0].splitlines()[1:]:
            path, *rest = [cell.strip() for cell in line.strip("|").split(" | ")]
            path = path.strip("`")
            assert path not in found, path
            found[path] = rest
    return found


def uncommented(text):
    """The installed file with every key in use: prose has one blank after the #, keys have two or more."""
    return re.sub(r"^#(?=  )", "", text, flags=re.MULTILINE)


def values_at(tree, path):
    """What stands under a path such as "collections[].bands[].below"; `<rule>` is any name."""
    found = [tree]
    for part in path.replace("[]", ".[]").split("."):
        if part == "[]":
            found = [item for value in found for item in value or []]
        elif part.startswith("<"):
            found = [item for value in found for item in value.values()]
        elif part.startswith("*"):
            found = [item for value in found for key, item in value.items() if key.endswith(part[1:])]
        else:
            found = [value[part] for value in found if isinstance(value, dict) and part in value]
    return found


def test_every_key_is_documented_as_it_is(keys, reference):
    assert documented(reference) == {path: cells(row) for path, row in keys.items()}


@pytest.mark.parametrize("old, new", [
    ("| `replay.interval` | duration | `5m` |", "| `replay.interval` | duration | `6m` |"),
    ("| `replay.results` | integer |", "| `replay.answers` | integer |"),
    ("100ms … 1d", "100ms … 2d"),
    ("| `metrics.per_query_limit` |", "| `metrics` | | | | | |\n| `metrics.per_query_limit` |"),
])
def test_a_wrong_reference_is_noticed(keys, reference, old, new):
    assert old in reference
    try:
        found = documented(reference.replace(old, new, 1))
    except AssertionError:
        return
    assert found != {path: cells(row) for path, row in keys.items()}


def test_the_installed_file_has_every_key(keys, installed):
    tree = yaml.safe_load(uncommented(installed))
    assert [path for path in keys if not values_at(tree, path)] == []


def test_the_installed_file_has_no_other_key(keys, installed):
    def paths(value, prefix):
        if isinstance(value, list):
            for item in value:
                yield from paths(item, prefix + "[]")
        if isinstance(value, dict) and not prefix.endswith((".headers", ".body")):
            for key, inner in value.items():
                key = "<rule>" if prefix == "alerting.rules" else key
                path = f"{prefix}.{key}" if prefix else key
                yield path
                yield from paths(inner, path)

    found = set(map(shared, paths(yaml.safe_load(uncommented(installed)), "")))
    assert found - set(keys) - {"alerting.rules.<rule>"} == set()


def test_the_installed_file_shows_the_defaults(keys, installed):
    tree = yaml.safe_load(uncommented(installed))
    for path, row in keys.items():
        inherited = keys.get(row["inherits"])
        default = row["default"] if row["default"] is not None else inherited and inherited["default"]
        if default is not None:
            assert set(map(str, values_at(tree, path))) == {str(yaml.safe_load(default))}, path


WEB_HEADER = "| key | type | default | bounds | |"


@pytest.fixture(scope="module")
def web_keys(program):
    rows = json.loads(subprocess.run([program, "--web"], check=True, capture_output=True, text=True).stdout)
    return {row["path"]: row for row in rows}


def test_every_key_of_the_web_file_is_documented_as_it_is(web_keys, source):
    table = (source / "docs/security.md").read_text().split(WEB_HEADER)[1].strip("\n").split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[1:]]
    assert {path.strip("`"): rest for path, *rest in rows} == {
        path: [row["type"], default_cell(row), row["bounds"] or "", row["doc"]] for path, row in web_keys.items()}


def test_the_web_example_has_every_key_and_no_other(web_keys, source):
    text = re.sub(r"^#(?! |$)|^#(?=  )", "", (source / "config/web.yaml").read_text(), flags=re.MULTILINE)
    tree = yaml.safe_load(text)

    def paths(value, prefix):
        for key, inner in value.items():
            path = f"{prefix}.{key}" if prefix else key
            yield path
            if key != "basic_auth_users":
                for one in inner if isinstance(inner, list) else [inner]:
                    if isinstance(one, dict):
                        yield from paths(one, path + "[]" * isinstance(inner, list))
    assert set(paths(tree, "")) == set(web_keys)


def validate(program, file):
    done = subprocess.run([program, file], capture_output=True, text=True)
    return done.stdout.replace(f"{file.parent}/", "").splitlines()


def write_files(directory, queries):
    """What examples refer to; the vectors fit the queries."""
    ids = [query["id"] for query in yaml.safe_load(queries)["queries"]]
    (directory / "queries.yaml").write_text(queries)
    (directory / "vectors.json").write_text(json.dumps(
        {"dimension": 2, "vectors": {id: [1, 0] for id in ids}}))
    (directory / "hook-url").write_text("https://hooks.example.org/secret\n")
    (directory / "ca.pem").write_text("certificate\n")
    (directory / "chroma-token").write_text("token\n")


def test_the_installed_file_says_what_is_missing(program, source):
    (line,) = validate(program, source / "config/driftwatch.yaml")
    assert re.match(r"driftwatch\.yaml:\d+:\d+: collections: nothing to watch: give at least one", line)


def test_the_installed_file_needs_five_lines(program, source, installed, tmp_path):
    write_files(tmp_path, (source / "config/queries.yaml").read_text())
    for line in FIRST:
        installed, count = re.subn(rf"^#(?=  (?:  |- ){re.escape(line)}$)", "", installed, flags=re.MULTILINE)
        assert count == 1, line
    file = tmp_path / "driftwatch.yaml"
    file.write_text(installed)
    assert validate(program, file) == []
    file.write_text(installed.replace("#  interval: 5m", "  interval: soon"))
    (line,) = validate(program, file)
    assert line.endswith('13: replay.interval: "soon" is not a duration such as 30s')


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_examples_work(program, source, reference, tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    pages = [reference, (source / "docs/embedders.md").read_text()]
    texts = [text for page in pages for text in blocks(page, "yaml")]
    configurations = [text for text in texts if "\ncollections:" in text]
    sets = [text for text in texts if text.startswith("queries:")]
    assert len(configurations) >= 3 and len(sets) >= 1
    file = tmp_path / "driftwatch.yaml"
    for queries in sets:
        for configuration in configurations:
            write_files(tmp_path, queries)
            file.write_text(configuration)
            assert validate(program, file) == [], configuration


def test_the_demonstration_works(program, source):
    assert validate(program, source / "config/demo/driftwatch.yaml") == []
