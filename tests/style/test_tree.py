# SPDX-License-Identifier: Apache-2.0
"""What lies where, that every module has its test, and words that must not be in the tree."""
import ast
import pathlib
import re
import subprocess

import pytest

TOP_LEVEL = {
    "meson.build", "meson_options.txt", "README.md", "CHANGELOG.md", "LICENSE", ".ci", ".github",
    ".clang-format", ".gitignore", ".gitattributes", ".editorconfig",
    "daemon", "common", "config", "systemd", "tests", "dashboards", "docs",
}

# Modules whose test has another name, or is not in C because only the whole program shows what they do.
TEST_OF = {
    "daemon/config/http_file": "system/test_lock.py",
    "daemon/config/import/draft": "unit/test_import.c",
    "daemon/config/import/entry": "unit/test_import.c",
    "daemon/config/import/literal": "unit/test_import.c",
    "daemon/config/import/trec": "unit/test_import.c",
    "daemon/commands/import": "system/test_import.py",
    "daemon/config/web_keys": "unit/test_web.c",
    "daemon/serve/admission": "system/test_lock.py",
    "daemon/serve/bcrypt": "unit/test_login.c",
    "daemon/serve/exchange": "component/test_http_server.c",
    "daemon/serve/print": "unit/test_press.c",
    "daemon/serve/routes": "component/test_http_server.c",
    "daemon/serve/thread": "unit/test_press.c",
    "daemon/serve/tls": "system/test_lock.py",
    "daemon/serve/web_config": "unit/test_web.c",
    "daemon/ask/http_failure": "component/test_http_client.c",
    "daemon/ask/pooled": "unit/test_embedding.c",
    "daemon/ask/reading": "unit/test_chroma.c",
    "daemon/ask/results": "unit/test_chroma.c",
    "common/tree": "unit/test_stream.c",
    "daemon/judge/kinds": "unit/test_finding.c",
    "daemon/model/task": "unit/test_metrics.c",
    "daemon/ask/self": "component/test_probe.c", "daemon/ask/spots": "component/test_probe.c",
    "daemon/judge/incident": "unit/test_finding.c",
    "daemon/judge/precedence": "unit/test_finding.c",
    "daemon/judge/arbiter": "unit/test_judge.c",
    "daemon/watch/arbitration": "real/test_real.py",
    "daemon/judge/circumstances": "unit/test_attribution.c",
    "daemon/judge/common": "unit/test_attribution.c",
    "daemon/judge/sentence": "unit/test_finding.c",
    "daemon/model/matrix": "unit/test_vector_set.c",
    "daemon/model/rows": "unit/test_vector_set.c",
    "daemon/model/rule": "unit/test_signal.c",
    "daemon/model/vector_file": "unit/test_vector_set.c",
    "daemon/model/vector_json": "unit/test_vector_set.c",
    "daemon/config/mail": "unit/test_config.c",
    "daemon/tell/letter": "unit/test_email.c",
    "daemon/watch/acting": "system/test_acts.py",
    "daemon/commands/acts": "system/test_acts.py",
    "daemon/commands/reach": "system/test_status.py",
    "daemon/show/api/incidents": "unit/test_api.c",
    "daemon/config/alerting": "unit/test_config.c",
    "daemon/config/audience": "unit/test_config.c",
    "daemon/tell/chain": "unit/test_escalation.c",
    "daemon/watch/tenure": "system/test_shards.py",
    "daemon/watch/memory": "system/test_state.py", "daemon/keep/syncer": "unit/test_state.c",
    "daemon/watch/recall": "system/test_state.py",
    "daemon/watch/teller": "system/test_incident.py",
    "daemon/show/metrics/alerts": "unit/test_metrics.c",
    "daemon/show/metrics/house": "unit/test_metrics.c",
    "daemon/show/metrics/delivery": "unit/test_metrics.c",
    "daemon/show/api/delivery": "unit/test_api.c",
    "daemon/describe/completion": "style/test_describe.py",
    "daemon/describe/describe": "style/test_describe.py",
    "daemon/describe/manual": "style/test_describe.py",
    "daemon/commands/help": "style/test_describe.py",
    "daemon/commands/progress": "system/test_progress.py",
    "daemon/commands/terminal": "system/test_progress.py",
    "daemon/commands/table": "style/test_describe.py",
    "daemon/show/page/beside": "unit/test_page.c",
    "daemon/show/page/alerts": "unit/test_page.c",
    "daemon/show/page/chart": "unit/test_page.c",
    "daemon/show/page/collection": "unit/test_page.c",
    "daemon/show/page/frame": "unit/test_page.c",
    "daemon/show/page/home": "unit/test_page.c",
    "daemon/show/page/incident": "unit/test_page.c",
    "daemon/show/page/listing": "unit/test_page.c",
    "daemon/show/page/notifications": "unit/test_page.c",
    "daemon/show/page/one": "unit/test_page.c",
    "daemon/show/page/replays": "unit/test_page.c",
    "daemon/show/page/timeline": "unit/test_page.c",
    "daemon/serve/leaf": "component/test_http_page.c",
    "daemon/serve/pages": "component/test_http_page.c",
    "daemon/show/api/answers": "system/test_answers.py",
    "daemon/watch/answers": "system/test_answers.py",
    "daemon/watch/reply": "system/test_acts.py",
    "daemon/show/envelope": "unit/test_api.c",
    "daemon/show/gate/json": "unit/test_check.c",
    "daemon/watch/ingest": "component/test_watch.c",
    "daemon/watch/reasons": "component/test_watch.c",
    "daemon/watch/renewal": "component/test_watch.c",
    "daemon/watch/dossier": "component/test_watch.c",
    "daemon/watch/intake": "component/test_watch.c",
    "daemon/watch/alarm": "component/test_watch.c",
    "daemon/watch/targets": "component/test_watch.c",
    "daemon/watch/approvals": "system/test_baseline.py",
    "daemon/watch/watches": "system/test_baseline.py",
    "daemon/watch/reload": "system/test_reload.py",
    "daemon/watch/succession": "system/test_lateness.py",
    "daemon/watch/judging": "component/test_watch.c",
    "daemon/watch/lending": "component/test_watch.c",
    "daemon/serve/doors": "system/test_http.py",
    "daemon/keep/item": "unit/test_telling.c",
    "daemon/keep/baseline_reader": "unit/test_baselines.c",
    "daemon/keep/baseline_file": "unit/test_baselines.c",
    "daemon/keep/baseline_writer": "unit/test_baselines.c",
    "daemon/commands/round": "system/test_check.py",
    "daemon/commands/say": "system/test_doors.py",
    "daemon/model/alert": "unit/test_labels.c",
    "daemon/judge/attribution_text": "unit/test_attribution.c",
    "daemon/judge/causes": "unit/test_attribution.c",
    "daemon/judge/pair": "unit/test_attribution.c",
    "daemon/judge/suspects": "unit/test_attribution.c",
    "daemon/judge/suspects_fate": "unit/test_attribution.c",
    "daemon/judge/distance": "component/test_lookup.c",
    "daemon/ask/lookup_expected": "component/test_lookup.c",
    "daemon/ask/twins": "component/test_lookup.c",
    "daemon/model/attribution": "unit/test_cause.c",
    "daemon/tell/alertmanager": "unit/test_channel.c",
    "daemon/tell/webhook": "unit/test_channel.c",
    "daemon/tell/queue": "component/test_outbox.c",
    "daemon/tell/record": "component/test_outbox.c",
    "daemon/model/shift": "unit/test_drift.c",
    "common/pattern_compile": "unit/test_pattern.c",
    "common/schema_value": "unit/test_schema.c",
    "common/zone_rule": "unit/test_zone.c",
    "common/yaml_value": "unit/test_yaml.c",
    "daemon/config/borders": "unit/test_config.c",
    "daemon/config/keys": "unit/test_config.c",
    "daemon/config/routing": "unit/test_config.c",
    "daemon/config/peer": "unit/test_config.c",
    "daemon/ask/exchange": "component/test_survey.c",
    "daemon/ask/expected": "component/test_probe.c",
    "daemon/ask/wire": "unit/test_chroma.c",
    "daemon/ask/mail_transfer": "component/test_mail_transfer.c",
    "daemon/ask/http_transfer": "component/test_http_client.c",
    "daemon/serve/exchange": "component/test_http_server.c",
    "daemon/serve/gzip": "component/test_http_server.c",
    "daemon/serve/process": "component/test_http_server.c",
    "daemon/serve/request": "component/test_http_server.c",
    "daemon/serve/response": "component/test_http_server.c",
    "daemon/serve/traffic": "component/test_http_limits.c",
    "daemon/show/gate/versions": "system/test_baseline.py",
    "daemon/commands/gather": "system/test_baseline.py",
    "daemon/commands/found": "system/test_gate.py",
    "daemon/show/excerpt": "unit/test_diff.c",
    "daemon/commands/versions": "system/test_baseline.py",
    "daemon/commands/notify_test": "system/test_notify.py",
    "daemon/show/gate/listing": "unit/test_check.c",
    "daemon/show/gate/junit": "unit/test_formats.c",
    "daemon/show/gate/github": "unit/test_formats.c",
    "daemon/show/gate/html": "unit/test_formats.c",
    "daemon/show/gate/markdown": "unit/test_formats.c",
    "daemon/show/document": "unit/test_report.c",
    "daemon/show/document_html": "unit/test_report.c",
    "daemon/show/lead": "unit/test_report.c",
    "daemon/show/report/body": "unit/test_report.c",
    "daemon/show/report/change": "unit/test_report.c",
    "daemon/show/report/html": "unit/test_report.c",
    "daemon/show/report/json": "unit/test_report.c",
    "daemon/show/report/markdown": "unit/test_report.c",
    "daemon/show/report/series": "unit/test_report.c",
    "daemon/show/words": "unit/test_report.c",
    "daemon/main": "system/test_check.py",
    "daemon/daemon": "system/test_outage.py",
    "daemon/config/routes": "system/test_band.py",
    "daemon/watch/waiters": "system/test_http.py",
    "daemon/keep/baseline_file": "unit/test_baselines.c",
    "daemon/commands/baseline": "system/test_baseline.py",
    "daemon/commands/propose": "system/test_baseline.py",
    "daemon/show/page/diagnosis": "unit/test_page.c",
    "daemon/show/facts": "unit/test_api.c",
    "daemon/show/values": "unit/test_api.c",
    "daemon/show/metrics/collections": "unit/test_metrics.c",
    "daemon/show/metrics/queries": "unit/test_metrics.c",
    "daemon/commands/audit": "system/test_audit.py",
    "daemon/commands/check": "system/test_check.py",
    "daemon/commands/coverage": "system/test_coverage.py",
    "daemon/commands/canaries": "system/test_init.py",
    "daemon/commands/init": "system/test_init.py",
    "daemon/commands/report": "system/test_report.py",
    "daemon/commands/run": "system/test_http.py",
    "daemon/commands/spread": "system/test_setup.py",
    "daemon/commands/state": "system/test_state.py",
    "daemon/commands/status": "system/test_status.py",
    "daemon/keep/database": "unit/test_state.c",
    "daemon/keep/stock": "unit/test_state.c",
    "daemon/commands/validate": "system/test_check.py",
}

# Character classes, so that this file does not contain what it looks for.
UNWANTED = [
    (re.compile(r"(?<![\w.])/wor[k]\b(?!-)"), "a path of the machine it was written on"),
    (re.compile(r"\bsha[r]ed/(?:facts|tools|hooks|product|architecture)"), "a path of that machine"),
    (re.compile(r"\b(?:sub[a]gents?|fa[r]m-\w+)\b"), "how it was made"),
    (re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b"), "unfinished business"),
]


def unwanted(name, text):
    return [f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {why}: {m.group(0)}"
            for pattern, why in UNWANTED for m in pattern.finditer(text)]


def hosts_of_package_sources():
    """Host names from which this machine gets packages: they are its own business."""
    words = []
    try:
        words.append(subprocess.run(["npm", "config", "get", "registry"], capture_output=True,
                                    text=True, timeout=30).stdout)
    except (OSError, subprocess.TimeoutExpired):
        pass
    sources = pathlib.Path("/etc/apt")
    for file in [*sources.glob("sources.list"), *sources.glob("sources.list.d/*")]:
        words.append(file.read_text(errors="replace"))
    return set(re.findall(r"https?://(?:[^/\s@]*@)?([^/:\s]+)", "\n".join(words)))


def test_top_level(files):
    assert {name.split("/")[0] for name in files} - TOP_LEVEL == set()


def module_test(source, module):
    """The test of "daemon/judge/band", relative to tests/, None when there is none."""
    name = pathlib.PurePosixPath(module).name
    candidates = [TEST_OF[module]] if module in TEST_OF else [
        f"unit/test_{name}.c", f"component/test_{name}.c"]
    return next((one for one in candidates if (source / "tests" / one).exists()), None)


def test_every_module_has_a_test(source, files):
    modules = {name[:-2] for name in files
               if name.endswith(".c") and name.startswith(("common/", "daemon/"))}
    assert len(modules) > 30
    assert sorted(module for module in modules if not module_test(source, module)) == []


def test_no_test_is_listed_for_a_module_that_is_gone(source):
    assert [module for module in TEST_OF if not (source / f"{module}.c").exists()] == []


@pytest.mark.parametrize("room, variable", [
    ("unit", "unit_tests"), ("component", "component_tests"), ("fuzz", "fuzz_targets")])
def test_every_c_test_is_built(source, room, variable):
    """A file that no table names would never run; one that is missing does not compile."""
    text = (source / f"tests/{room}/meson.build").read_text()
    table = re.search(rf"^{variable} = ([\[{{].*?[\]}}]\n)", text, re.MULTILINE | re.DOTALL).group(1)
    built = ast.literal_eval(table)
    prefix = {"unit": "test", "component": "test"}.get(room, room)
    there = [file.stem[len(prefix) + 1:] for file in (source / f"tests/{room}").glob(f"{prefix}_*.c")]
    assert sorted(built) == sorted(there)


def test_every_bench_is_run(source):
    text = (source / "tests/bench/meson.build").read_text()
    there = {file.stem.removeprefix("bench_") for file in (source / "tests/bench").glob("bench_*.*")}
    assert sorted(name for name in there if f"'{name}'" not in text) == []


def test_no_unwanted_words(texts):
    assert [found for name, text in texts.items() for found in unwanted(name, text)] == []


@pytest.mark.parametrize("text", ["/wor" + "k/main/x", "# TO" + "DO later", "written by a sub" + "agent"])
def test_unwanted_words_are_noticed(text):
    assert unwanted("x", text)


@pytest.mark.parametrize("text", [".github/workflows/ci.yml", "a workload", "http://x/network/"])
def test_other_words_are_not(text):
    assert unwanted("x", text) == []


def test_no_package_source_is_named(texts):
    hosts = hosts_of_package_sources()
    assert hosts, "this machine gets packages from somewhere"
    pattern = re.compile("|".join(re.escape(host) for host in hosts))
    assert [name for name, text in texts.items() if pattern.search(text)] == []


def test_lock_files_name_no_host(texts):
    locks = {name: text for name, text in texts.items() if name.endswith("package-lock.json")}
    assert [name for name, text in locks.items() if '"resolved"' in text] == []


def test_shell_scripts_parse(source, texts):
    for name, text in texts.items():
        shell = re.match(r"#!(?:/usr/bin/env )?(?:/bin/)?(sh|bash)\b", text)
        if shell:
            subprocess.run([shell.group(1), "-n", name], cwd=source, check=True)
