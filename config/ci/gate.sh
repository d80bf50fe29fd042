#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The gate before a deployment: `driftwatch check`, which keeps its reports for the steps that follow.
#
#   sh gate.sh [FLAG...]          flags of `driftwatch check`
#
# DRIFTWATCH_REPORTS              directory of the reports (driftwatch-reports)
# DRIFTWATCH_OVERRIDE             why this release goes through whatever the verdict is
# DRIFTWATCH_OVERRIDE_BY          who says so
set -eu
reports=${DRIFTWATCH_REPORTS:-driftwatch-reports}

mkdir -p "$reports"
# Those of an earlier build in the same workspace would be taken for this one's where this one writes none.
rm -f "$reports"/retrieval.*
if [ -n "${DRIFTWATCH_OVERRIDE:-}" ]; then
        set -- "$@" "--override=$DRIFTWATCH_OVERRIDE" "--by=${DRIFTWATCH_OVERRIDE_BY:-}"
fi
exec driftwatch check "--output=$reports/retrieval.json" "--output=$reports/retrieval.xml" \
        "--output=$reports/retrieval.md" "--output=$reports/retrieval.html" "$@"
