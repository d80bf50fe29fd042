#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the gate's report under the pull request (GitHub) or merge request (GitLab) that it ran for: one comment, which
# each run writes anew. Ends with 0 when it stands there, 2 when it was refused, 3 when nobody answered; never with the
# gate's verdict.
#
#   sh comment.sh
#
# DRIFTWATCH_REPORTS              directory of the reports (driftwatch-reports)
# GITHUB_TOKEN                    GitHub: may write pull requests
# DRIFTWATCH_COMMENT_AUTHOR       GitHub: who that token is (github-actions[bot]); nobody else's comment is written over
# DRIFTWATCH_COMMENT_TOKEN        GitLab: a project access token with the scope `api`
#                                 each of the two tokens, with _FILE appended, may be that of a file instead
# DRIFTWATCH_PATIENCE             seconds in which what is safe to repeat is asked again (60)
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=http.sh
. "$here/http.sh"

reports=${DRIFTWATCH_REPORTS:-driftwatch-reports}
patience=${DRIFTWATCH_PATIENCE:-60}

if [ "${GITHUB_ACTIONS:-}" = true ]; then
        number=$(jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH")
        [ -n "$number" ] || die 2 "this run is of no pull request"
        secret GITHUB_TOKEN
        header="Authorization: Bearer $secret"
        comments=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/$number/comments
        edited=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/comments
        edit=PATCH
        author=${DRIFTWATCH_COMMENT_AUTHOR:-github-actions[bot]}
        job="$GITHUB_WORKFLOW / $GITHUB_JOB"
        run=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID
        commit=$(jq -r .pull_request.head.sha "$GITHUB_EVENT_PATH")
        max=65536
elif [ "${GITLAB_CI:-}" = true ]; then
        [ -n "${CI_MERGE_REQUEST_IID:-}" ] || die 2 "this run is of no merge request"
        secret DRIFTWATCH_COMMENT_TOKEN
        header="PRIVATE-TOKEN: $secret"
        comments=$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes
        edited=$comments
        edit=PUT
        author=
        job=$CI_JOB_NAME
        run=$CI_JOB_URL
        commit=$CI_COMMIT_SHA
        max=1000000
else
        die 2 "neither GitHub (GITHUB_ACTIONS) nor GitLab (GITLAB_CI) runs this"
fi
[ -n "$secret" ] || die 2 "there is no token to comment with"

# call METHOD URL [CURL-OPTION...]: ends the script unless it was answered well.
call() {
        ask "$header" "$@" --max-time 30 -H 'Content-Type: application/json'
        case $transport/$code in
        0/20[01]) ;;
        22/4* | 0/*) die 2 "$1 $2 was answered with status $code: $(reason)" ;;
        *) die 3 "$1 $2: $(reason)" ;;
        esac
}

# again METHOD URL [CURL-OPTION...]: what is safe to repeat.
again() {
        call "$@" --retry 10 --retry-connrefused --retry-max-time "$patience"
}

# The comment that an earlier run of this job made, as $found; empty for none.
find_comment() {
        page=1
        while :; do
                again GET "$comments?per_page=100&page=$page"
                found=$(jq -r --arg marker "$marker" --arg author "$author" '
                        map(select(.body // "" | startswith($marker)))
                        | map(select([.user.login, .author.username] | index($author)))
                        | .[0].id // empty' "$work/body")
                if [ -n "$found" ] || [ "$(jq length "$work/body")" -lt 100 ]; then
                        return
                fi
                page=$((page + 1))
        done
}

marker="<!-- driftwatch: $(printf '%s' "$job" | tr -c 'A-Za-z0-9 _./' _) -->"
foot="Before is the approved baseline, after is [this run]($run) of $commit."
if [ -s "$reports/retrieval.md" ]; then
        cat "$reports/retrieval.md" >"$work/markdown"
else
        echo "# driftwatch: the gate ended without a report; its log says why" >"$work/markdown"
fi
jq -R -s -L "$here" --arg marker "$marker" --arg foot "$foot" --argjson max $max \
        'include "comment"; {body: comment($marker; $foot; $max)}' "$work/markdown" >"$work/comment"

if [ -z "$author" ]; then
        again GET "$CI_API_V4_URL/user"
        author=$(jq -r .username "$work/body")
fi
find_comment
if [ -n "$found" ]; then
        again "$edit" "$edited/$found" --data-binary "@$work/comment"
else
        # Not repeated: a comment that was made, and whose answer was lost, would be made twice.
        call POST "$comments" --data-binary "@$work/comment"
fi
