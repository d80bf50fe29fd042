# shellcheck shell=sh disable=SC2034,SC2154 # what is used by, and set by, who reads this in
# SPDX-License-Identifier: Apache-2.0
# What ingest.sh and comment.sh share: secrets that no other process sees, and requests that end. Needs curl (7.76) and
# jq (1.6). Who reads this in sets $here to its directory before.
# Only its owner may look into it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# die STATUS SENTENCE
die() {
        printf '%s: %s\n' "${0##*/}" "$2" >&2
        exit "$1"
}

for program in curl jq; do
        command -v $program >/dev/null || die 2 "$program is not installed"
done

# secret NAME: $secret is the value of NAME, or the first line of the file that NAME_FILE names; empty without both.
secret() {
        eval "secret=\${$1:-} file=\${$1_FILE:-}"
        unset "$1"
        if [ -n "$file" ]; then
                IFS= read -r secret <"$file" || [ -n "$secret" ] || die 2 "$1_FILE: there is no secret in $file"
        fi
        case $secret in
        *[[:cntrl:]]*) die 2 "$1: control characters do not belong into a secret" ;;
        esac
}

# ask HEADER METHOD URL [CURL-OPTION...]: one request. $code is the status of its answer, whose body lies in $work/body;
# $transport is curl's, 22 for a status of 400 and more. The header, which is a secret, goes by standard input, and
# ~/.curlrc, which may print it, is not read.
ask() {
        header=$1 method=$2 address=$3
        shift 3
        : >"$work/body"
        transport=0
        code=$(printf '%s\n' "$header" | curl -q -sS --fail-with-body --proto =http,https --connect-timeout 10 \
                -H @- -X "$method" -o "$work/body" -w '%{http_code}' "$@" -- "$address" 2>"$work/error") || transport=$?
}

# Why it was not answered as it should: the words of whoever answered, or else curl's.
reason() {
        words=$(jq -r '(.error? // .message?) | strings' <"$work/body" 2>"$work/jq") || words=
        if [ -z "$words" ]; then
                words=$(cat "$work/body" && grep '^curl: ' "$work/error" | tail -n 1)
        fi
        words=$(printf '%s' "$words" | jq -R -s -r -L "$here" 'include "line"; .[:300] | line')
        printf '%s' "$words"
}
