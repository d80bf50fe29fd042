# SPDX-License-Identifier: Apache-2.0
"""Dashboards as TypeScript that Grafana's own types check: a member that Grafana does not know, or a value that it does
not take, is an error of the compiler."""
import json
import pathlib
import shutil
import subprocess

import releases

HERE = pathlib.Path(__file__).resolve().parent / "grafana"
# Grafana's name for the types of a panel's options.
KINDS = {"stat": "Stat", "table": "Table", "timeseries": "TimeSeries", "state-timeline": "StateTimeline"}
HEAD = """\
import type { AnnotationQuery, Dashboard, Panel } from '@grafana/schema';
// Enumerations as JSON has them.
type Plain<T> = T extends string ? `${T}` : T extends (infer U)[] ? Plain<U>[]
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
// What the data source adds to an annotation.
type Event = Plain<AnnotationQuery>
  & { expr?: string; step?: string; useValueForTime?: boolean; titleFormat?: string; textFormat?: string };
type Exported = { __inputs: never[]; __requires: { type: string; id: string; name: string; version: string }[] };
type Known = Plain<Omit<Dashboard, 'panels' | 'annotations'>> & Exported & { annotations: { list: Event[] } };
type Common = Plain<Omit<Panel, 'options' | 'fieldConfig'>>;
type Row = Omit<Common, 'panels'> & { collapsed: boolean; panels: never[] };
type Defaults = Omit<Plain<NonNullable<Panel['fieldConfig']>['defaults']>, 'custom'>;
type Overrides = Plain<NonNullable<Panel['fieldConfig']>['overrides']>;
type Fields<F> = { defaults: Defaults & { custom?: Partial<Plain<F>> }; overrides: Overrides };
type Drawn<O, F> = Common & { options: Partial<Plain<O>>; fieldConfig: Fields<F> };
"""


def installed():
    """A directory with the compiler and Grafana's types."""
    directory = releases.cache() / "grafana-schema"
    wanted = (HERE / "package-lock.json").read_text()

    def make():
        for name in "package.json", "package-lock.json":
            shutil.copy(HERE / name, directory / name)
        releases.run(["npm", "ci", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error"], cwd=directory)
    releases.once(directory, wanted, make)
    return directory / "node_modules"


def source(dashboard):
    """The dashboard as TypeScript."""
    lines = [HEAD]
    for kind, name in KINDS.items():
        path = f"@grafana/schema/dist/esm/raw/composable/{kind.replace('-', '')}/panelcfg/x/{name}PanelCfg_types.gen"
        field = "unknown" if kind == "stat" else f"import('{path}').FieldConfig"
        lines.append(f"type {name} = Drawn<import('{path}').Options, {field}>;")
    rest = {key: value for key, value in dashboard.items() if key != "panels"}
    lines.append(f"export const dashboard: Known = {json.dumps(rest, indent=1)};")
    for number, panel in enumerate(dashboard["panels"]):
        kind = KINDS.get(panel["type"], "Row")
        lines.append(f"export const panel{number}: {kind} = {json.dumps(panel, indent=1)};")
    return "\n".join(lines) + "\n"


def complaints(directory, dashboards):
    """What the compiler says of them; `dashboards` by name."""
    modules = directory / "node_modules"
    if not modules.exists():
        modules.symlink_to(installed())
    for name, dashboard in dashboards.items():
        (directory / f"{name}.ts").write_text(source(dashboard))
    done = subprocess.run(
        [modules / ".bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "preserve",
         "--moduleResolution", "bundler", "--target", "es2022", *(f"{name}.ts" for name in dashboards)],
        cwd=directory, capture_output=True, text=True)
    assert done.returncode in (0, 1, 2), done.stderr
    return done.stdout.splitlines()
