#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a deployment has no time for: the gate with an exact audit of the index, and the threshold confidence report.
#
#   sh nightly.sh [FLAG...]       flags that `driftwatch check` and `driftwatch report` share
#
# DRIFTWATCH_REPORTS              directory of the reports (driftwatch-reports)
# DRIFTWATCH_AUDIT=no             leaves out the audit, which reads every vector
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
reports=${DRIFTWATCH_REPORTS:-driftwatch-reports}
audit=--audit
if [ "${DRIFTWATCH_AUDIT:-}" = no ]; then
        audit=
fi

status=0
sh "$here/gate.sh" ${audit:+"$audit"} "$@" || status=$?
reported=0
driftwatch report --format=html "$@" >"$reports/report.part" || reported=$?
rm -f "$reports/report.html"
if [ -s "$reports/report.part" ]; then
        mv "$reports/report.part" "$reports/report.html"
else
        rm "$reports/report.part"
fi
if [ $status = 0 ]; then
        status=$reported
fi
exit $status
