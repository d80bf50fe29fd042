#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The gate after an ingest, for any job that wrote to a collection: asks the running daemon to replay now, prints the
# verdict and ends as `driftwatch check` does: 0 pass, 1 fail, 2 asked wrongly, 3 unmeasured or unjudged.
#
#   sh ingest.sh [COLLECTION]     its label; all collections without it
#
# DRIFTWATCH_URL                  the daemon (http://127.0.0.1:9820)
# DRIFTWATCH_TOKEN                a token with the scope `replay`; DRIFTWATCH_TOKEN_FILE names a file with it instead
# DRIFTWATCH_TIMEOUT              seconds that the replay may take (300)
# DRIFTWATCH_PATIENCE             seconds in which it is asked again while nobody listens or it is busy (60)
# DRIFTWATCH_REPORTS              directory of the reports (driftwatch-reports)
# DRIFTWATCH_OVERRIDE             why this ingest goes through whatever the verdict is
# DRIFTWATCH_OVERRIDE_BY          who says so
# CURL_CA_BUNDLE                  curl's: the authority of the daemon's certificate
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=http.sh
. "$here/http.sh"

url=${DRIFTWATCH_URL:-http://127.0.0.1:9820}
timeout=${DRIFTWATCH_TIMEOUT:-300}
patience=${DRIFTWATCH_PATIENCE:-60}
reports=${DRIFTWATCH_REPORTS:-driftwatch-reports}
collection=${1:-}

# make FILTER [ARGUMENT...]: the report, and its lines.
make() {
        filter=$1
        shift
        jq -L "$here" "$@" "include \"ingest\"; $filter" >"$work/report" &&
                jq -r -L "$here" 'include "ingest"; lines' "$work/report" >"$work/lines"
}

# Prints, keeps, and ends.
tell() {
        cat "$work/lines"
        {
                echo "# driftwatch: $(jq -r .verdict "$work/report") after an ingest"
                echo
                sed 's/^/    /' "$work/lines" # a block of code: nothing in it is markup
        } >"$work/summary"
        cat "$work/report" >"$reports/retrieval.json"
        cat "$work/summary" >"$reports/retrieval.md"
        if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
                cat "$work/summary" >>"$GITHUB_STEP_SUMMARY"
        fi
        exit "$(jq .exit_status "$work/report")"
}

# unmeasured SENTENCE
unmeasured() {
        # shellcheck disable=SC2016 # jq's variable
        make 'unmeasured($error)' -n --arg error "$1"
        tell
}

# refused STATUS SENTENCE: no report, and no override: it is the job that has to be mended.
refused() {
        die 2 "$url answered with status $1: $(reason). $2"
}

if [ $# -gt 1 ]; then
        die 2 "more than one collection: call it for each, or without one for all"
fi
if [ -n "${DRIFTWATCH_OVERRIDE:-}" ] && [ -z "${DRIFTWATCH_OVERRIDE_BY:-}" ]; then
        die 2 "DRIFTWATCH_OVERRIDE needs DRIFTWATCH_OVERRIDE_BY: who lets it through?"
fi
mkdir -p "$reports"
rm -f "$reports"/retrieval.*

secret DRIFTWATCH_TOKEN
asked=$(jq -n -r --arg name "$collection" '$name | @uri')
# To ask twice is safe: a second replay changes nothing, and waits for the first.
ask "${secret:+Authorization: Bearer $secret}" POST \
        "${url%/}/api/v1/replay?wait=true${asked:+&collection=$asked}" --max-time "$timeout" \
        --retry 20 --retry-connrefused --retry-max-time "$patience"

case $transport/$code in
0/200)
        make report <"$work/body" 2>"$work/error" || unmeasured "what $url answered is no verdict: $(reason)"
        tell
        ;;
0/*) refused "$code" "Is DRIFTWATCH_URL the daemon's own?" ;;
22/401) refused "$code" "DRIFTWATCH_TOKEN is missing, or none of web.yaml's bearer_tokens." ;;
22/403) refused "$code" "The token needs the scope replay; without tokens only the daemon's own machine may ask." ;;
22/404) refused "$code" "Is \"$collection\" the label of a watched collection?" ;;
22/421) refused "$code" "List the name of DRIFTWATCH_URL in web.hosts." ;;
22/408 | 22/409 | 22/429 | 22/5*) unmeasured "$url answered with status $code for $patience s: $(reason)" ;;
22/*) refused "$code" "Is DRIFTWATCH_URL the daemon's own?" ;;
28/*) unmeasured "$url did not answer within $timeout s (DRIFTWATCH_TIMEOUT)" ;;
1/* | 2/* | 3/* | 58/* | 60/* | 77/*) die 2 "$url cannot be asked: $(reason)" ;;
*) unmeasured "$url cannot be asked: $(reason)" ;;
esac
