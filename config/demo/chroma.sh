#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fills the demonstration's collection and damages it on request, through Chroma's HTTP API.
# shellcheck disable=SC2016 # variables in single quotes are jq's
set -eu

usage() {
        cat <<EOF
usage: sh config/demo/chroma.sh COMMAND
  load [NAME [HNSW [FILTER]]]
                       create the collection and upsert every record of records.json, or what this
                       jq filter makes of them; HNSW is a JSON object with parameters of the index
  restore              the same: undoes what the next two did
  delete-agent NAME    delete all records of one agent, e.g. frontend-architect
  disturb-agent NAME   turn an agent's vectors away, as another embedding model would
  upsert FILTER        upsert what the filter makes of records.json
  delete FILTER        delete the records whose ids it makes of records.json
  drop PREFIX          delete the collections whose names begin so
  count                print how many records the collection holds
CHROMA_PORT=$port is the port of Chroma on 127.0.0.1.
EOF
}

die() {
        echo "chroma.sh: $*" >&2
        exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
port=${CHROMA_PORT:-8000}
collections=http://127.0.0.1:$port/api/v2/tenants/default_tenant/databases/default_database/collections
collection=original_agents
batch=50 # records in one request: bodies stay under 100 kB
# The index is written to disk after so many operations; what has not been is read from the server's log.
synchronised='{"space": "l2", "sync_threshold": 100}'
# Each vector v becomes 0.7 v + 0.714 w, where w is v with its halves swapped and so nearly orthogonal
# to it: a unit vector still, but a query that lay at distance d finds it near 0.6 + 0.7 d.
words='def at($rows): map_values([.[$rows[]]]);
        def rows(condition): at([.metadatas | to_entries[] | select(.value | condition).key]);
        def every($n): at([range(0; .ids | length; $n)]);
        def turned: [., .[length / 2:] + .[:length / 2]] | transpose | map(.[0] * 0.7 + .[1] * 0.714);'

# call METHOD URL [CURL-OPTION...]: prints the answer's body.
call() {
        method=$1 target=$2
        shift 2
        answer=$(curl -sS --noproxy '*' --max-time 30 --fail-with-body -X "$method" \
                -H 'Content-Type: application/json' "$@" "$target" 2>&1) ||
                die "$method $target: $answer (is the demonstration running? CHROMA_PORT is $port)"
        printf '%s\n' "$answer"
}

collection_url() {
        found=$(call GET "$collections/$collection")
        printf '%s' "$found" | jq -r --arg base "$collections" '$base + "/" + .id'
}

# of_records FILTER [JQ-OPTION...]: what it makes of records.json, with the words above.
of_records() {
        filter=$1
        shift
        jq -c "$@" "$words $filter" "$here/records.json"
}

# As of_records.
upsert() {
        url=$(collection_url)
        filter=$1' | range(0; .ids | length; $batch) as $from | map_values(.[$from:$from + $batch])'
        shift
        batches=$(of_records "$filter" --argjson batch "$batch" "$@")
        printf '%s\n' "$batches" | while read -r records; do
                printf '%s' "$records" | call POST "$url/upsert" --data-binary @- >/dev/null
        done
}

delete() {
        url=$(collection_url)
        ids=$(of_records "{ids: ($1)}")
        printf '%s' "$ids" | call POST "$url/delete" --data-binary @- >/dev/null
}

load() {
        collection=${1:-$collection}
        jq -n --arg name "$collection" --argjson synchronised "$synchronised" --argjson hnsw "${2:-null}" \
                '{name: $name, get_or_create: true, configuration: {hnsw: ($synchronised + $hnsw)}}' |
                call POST "$collections" --data-binary @- >/dev/null
        upsert "${3:-.}"
        echo "$(count) records are in collection $collection"
}

drop() {
        known=$(call GET "$collections")
        names=$(printf '%s' "$known" | jq -r --arg prefix "$1" '.[].name | select(startswith($prefix))')
        for name in $names; do
                call DELETE "$collections/$name" >/dev/null
        done
}

# The file name of the agent that NAME means; with a list of all agents when there is none.
agent_file() {
        [ -n "$1" ] || die "name an agent: $(agents)"
        [ -f "$here/agents/${1%.md}.md" ] || die "there is no agent \"$1\", only $(agents)"
        echo "${1%.md}.md"
}

agents() {
        for file in "$here"/agents/*.md; do
                basename "$file" .md
        done | paste -sd ' ' -
}

delete_agent() {
        file=$(agent_file "$1")
        delete "rows(.filename == \"$file\").ids"
        echo "deleted the records of $file; $(count) records are left"
}

disturb_agent() {
        file=$(agent_file "$1")
        upsert 'rows(.filename == $file) | .embeddings[] |= turned' --arg file "$file"
        echo "turned the vectors of $file away"
}

count() {
        url=$(collection_url)
        call GET "$url/count"
}

case ${1:-} in
load) load "${2:-}" "${3:-}" "${4:-}" ;;
restore) load ;;
delete-agent) delete_agent "${2:-}" ;;
disturb-agent) disturb_agent "${2:-}" ;;
upsert) upsert "${2:?FILTER}" ;;
delete) delete "${2:?FILTER}" ;;
drop) drop "${2:?PREFIX}" ;;
count) count ;;
-h | --help) usage ;;
*)
        usage >&2
        exit 2
        ;;
esac
