#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fills the demonstration's collection and damages it on request, through Chroma's HTTP API.
set -eu

usage() {
        cat <<EOF
usage: sh config/demo/chroma.sh COMMAND
  load                 create the collection and upsert every record of records.json
  restore              the same: undoes what the next two did
  delete-agent NAME    delete all records of one agent, e.g. frontend-architect
  disturb-agent NAME   turn an agent's vectors away, as another embedding model would
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

load() {
        call POST "$collections" --data-binary "{\"name\": \"$collection\", \"get_or_create\": true,
                \"configuration\": {\"hnsw\": {\"space\": \"l2\"}}}" >/dev/null
        url=$(collection_url)
        total=$(jq '.ids | length' "$here/records.json")
        from=0
        while [ "$from" -lt "$total" ]; do
                jq -c "map_values(.[$from:$from + $batch])" "$here/records.json" |
                        call POST "$url/upsert" --data-binary @- >/dev/null
                from=$((from + batch))
        done
        echo "$total records are in collection $collection"
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
        url=$(collection_url)
        call POST "$url/delete" --data-binary "{\"where\": {\"filename\": \"$file\"}}" >/dev/null
        left=$(call GET "$url/count")
        echo "deleted the records of $file; $left records are left"
}

# Each vector v becomes 0.7 v + 0.714 w, where w is v with its halves swapped and so nearly orthogonal
# to it: a unit vector still, but a query that lay at distance d finds it near 0.6 + 0.7 d.
disturb_agent() {
        file=$(agent_file "$1")
        url=$(collection_url)
        jq -c --arg file "$file" '
                [.metadatas | to_entries[] | select(.value.filename == $file).key] as $rows
                | map_values([.[$rows[]]])
                | .embeddings[] |= ([., .[length / 2:] + .[:length / 2]] | transpose
                        | map(.[0] * 0.7 + .[1] * 0.714))' \
                "$here/records.json" | call POST "$url/upsert" --data-binary @- >/dev/null
        echo "turned the vectors of $file away"
}

count() {
        url=$(collection_url)
        call GET "$url/count"
}

case ${1:-} in
load | restore) load ;;
delete-agent) delete_agent "${2:-}" ;;
disturb-agent) disturb_agent "${2:-}" ;;
count) count ;;
-h | --help) usage ;;
*)
        usage >&2
        exit 2
        ;;
esac
