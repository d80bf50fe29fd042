#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lets something go wrong in the running demonstration, for the course in docs/training, and mends it.
# shellcheck disable=SC2016 # variables in single quotes are jq's
set -eu

# Number of the exercise, name, what is done.
table() {
        cat <<EOF
1|removed-topic|the ten records that answer one question are deleted
2|outage|Chroma is stopped
3|edit|a fifth of the records is written again, with other vectors
4|flood|near-duplicates of a fifth of the records are added, five of each
5|growth|a tenth more records are added, near to known ones
6|index-loss|Chroma loses the directory of its vector index
7|removed|a fifth of the records is deleted
8|metric|the collection is created again, in the space cosine
9|embedder|the embedding server has another model
10|reembed|all records are embedded by another model
11|unfinished|an ingest deletes all records and stops half-way
12|scale|the collection is created again, with vectors three times as long
13|rekeyed|all records have new ids
14|replaced|all ids hold other documents, with their vectors
15|mispaired|each vector is stored with the next record
16|ann-recall|the collection is created again, with an index that searches too shallowly
17|removed-and-flooded|all records of the area security are deleted, and near-duplicates of others are added
18|removed-and-index-loss|a fifth of the records is deleted, and Chroma loses the directory of its index
EOF
}

usage() {
        cat <<EOF
usage: sh config/demo/drill.sh COMMAND
  FAULT             a name or a number of the list: it goes wrong
  list              the faults
  random            one of them, which is not told
  reveal            which it was
  restore           undo it
  words             the words of docs/runbook.md for this demonstration: eval "\$(sh config/demo/drill.sh words)"
  restart-chroma    as an operator would
  restart-embedder  the same, with the approved model
CHROMA_PORT=$CHROMA_PORT is the port of the demonstration's Chroma; run.sh --embedder for the fault "embedder".
EOF
}

die() {
        echo "drill.sh: $*" >&2
        exit 1
}

# --- the demonstration

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
export CHROMA_PORT="${CHROMA_PORT:-8000}"
collection=original_agents

# The directory of the run, where run.sh left a note of it.
find_run() {
        note=${XDG_CACHE_HOME:-${HOME:?must be set}/.cache}/driftwatch-demo/runs-$CHROMA_PORT
        run=$(cat "$note" 2>/dev/null) || run=
        [ -e "$run/words" ] ||
                die "no demonstration runs with Chroma on port $CHROMA_PORT; start it: sh config/demo/run.sh"
}

chroma() {
        sh "$here/chroma.sh" "$@" >/dev/null
}

# order WORD: run.sh, whose children Chroma and the embedder are, carries it out.
order() {
        echo "$1" >"$run/order.new"
        mv "$run/order.new" "$run/order"
        tries=0
        while [ -e "$run/order" ]; do
                [ -e "$run/words" ] || die "the demonstration ended before it did: $1"
                tries=$((tries + 1))
                [ "$tries" -lt 600 ] || die "the demonstration did not within a minute: $1"
                sleep 0.1
        done
}

# --- what goes wrong; filters are those of chroma.sh

every_fifth='every(5)'
security='rows(.area == "security")'

delete_every_fifth() {
        chroma delete "$every_fifth.ids"
}

delete_answers() {
        vector=$(jq -c '.vectors["dark-mode-tokens"]' "$here/vectors.json")
        chroma delete "def nearness: [., $vector] | transpose | map(.[0] * .[1]) | add;
                [.ids, .embeddings] | transpose | sort_by(.[1] | -nearness) | .[:10] | map(.[0])"
}

delete_security() {
        chroma delete "$security.ids"
}

# Five copies of each, at cosine 0.99, each turned to another side.
flood() {
        chroma upsert '
                def beside($n): [., .[$n * 16:] + .[:$n * 16]] | transpose
                        | map(.[0] + .[1] * 0.14) | (map(. * .) | add | sqrt) as $length | map(. / $length);
                rows(.area != "security") | every(5)
                | [range(1; 6) as $n | .ids[] |= "copy\($n)-" + . | .embeddings[] |= beside($n)]
                | map(to_entries) | add | group_by(.key)
                | map({key: .[0].key, value: map(.value) | add}) | from_entries'
}

# Halfway between two sections of one agent.
grow() {
        chroma upsert '
                def middle: transpose | map(add) | (map(. * .) | add | sqrt) as $length | map(. / $length);
                .embeddings as $all
                | [.metadatas | to_entries[] | select(.value.chunk == 4).key] as $rows
                | at($rows) | .ids[] |= "new-" + .
                | .embeddings = [$rows[] | [$all[.], $all[. - 1]] | middle]
                | map_values(.[:13])'
}

edit() {
        chroma upsert "$every_fifth"' | .embeddings[] |= turned'
}

reembed() {
        chroma upsert '.embeddings[] |= turned'
}

# Into a new index: one that is written over with other lengths loses records.
stretch() {
        recreate null '.embeddings[] |= map(. * 3)'
}

mispair() {
        chroma upsert '.embeddings |= .[1:] + .[:1]'
}

replace() {
        chroma upsert '
                .embeddings[] |= .[31:] + .[:31]
                | .documents[] |= "Minutes: " + (split(" ") | reverse | join(" "))'
}

rekey() {
        chroma upsert '.ids[] |= "v2/" + .'
        chroma delete .ids
}

stop_half_way() {
        chroma delete .ids
        chroma upsert 'map_values(.[:70])'
}

# recreate [HNSW [FILTER]]
recreate() {
        chroma drop "$collection"
        chroma load "$collection" "$@"
}

# Chroma names the directories of vector indexes by ids; all of them are the demonstration's.
lose_index() {
        order stop-chroma
        rm -r "$run"/chroma/*-*-*-*-*
        order start-chroma
}

# fault NAME
fault() {
        case $1 in
        removed) delete_every_fifth ;;
        removed-topic) delete_answers ;;
        unfinished) stop_half_way ;;
        edit) edit ;;
        replaced) replace ;;
        mispaired) mispair ;;
        rekeyed) rekey ;;
        reembed) reembed ;;
        scale) stretch ;;
        metric) recreate '{"space": "cosine"}' ;;
        index-loss) lose_index ;;
        ann-recall) recreate '{"max_neighbors": 4, "ef_search": 10}' ;;
        flood) flood ;;
        growth) grow ;;
        removed-and-flooded) delete_security && flood ;;
        removed-and-index-loss) delete_every_fifth && lose_index ;;
        embedder) order change-embedder ;;
        outage) order stop-chroma ;;
        esac
}

# --- what is asked for

list() {
        table | awk -F '|' '{printf "%2d  %-22s  %s\n", $1, $2, $3}'
}

# The name of a fault by its number or name.
name_of() {
        table | awk -F '|' -v wanted="$1" '$1 == wanted || $2 == wanted {print $2}'
}

# drill NAME
drill() {
        find_run
        [ ! -e "$run/drill" ] || die "something is wrong already; undo it first: drill.sh restore"
        [ "$1" != embedder ] || [ -e "$run/has-embedder" ] ||
                die "the demonstration has no embedding server; start it by: sh config/demo/run.sh --embedder"
        echo "$1" >"$run/drill"
        fault "$1"
        echo "Something is wrong now. Find out what; drill.sh reveal says it, drill.sh restore undoes it."
}

choose() {
        find_run
        excluded=
        [ -e "$run/has-embedder" ] || excluded=embedder
        drill "$(table | cut -d '|' -f 2 | grep -vx "$excluded" | shuf -n 1)"
}

reveal() {
        find_run
        [ -e "$run/drill" ] || die "nothing is wrong"
        table | awk -F '|' -v name="$(cat "$run/drill")" '$2 == name {print "exercise " $1 ", " name ": " $3}'
}

# Everything anew, whatever it was, also what whoever mended it has left. driftwatch forgets what it saw: a query
# that moves again and again has to be back for twice as long each time, which is right where it is no drill.
restore() {
        find_run
        order start-chroma
        [ ! -e "$run/has-embedder" ] || order start-embedder
        recreate
        order forget
        rm -f "$run/drill"
        echo "All is as it was."
}

words() {
        find_run
        awk '/^### At the keyboard/ {here = 1} here && /^```$/ {exit} inside {print} here && /^```sh/ {inside = 1}' \
                "$here/../../docs/runbook.md"
        cat "$run/words"
}

case ${1:-} in
list) list ;;
random) choose ;;
reveal) reveal ;;
restore) restore ;;
words) words ;;
restart-chroma) find_run && order stop-chroma && order start-chroma ;;
restart-embedder) find_run && order start-embedder ;;
-h | --help) usage ;;
*)
        name=$(name_of "${1:-}")
        [ -n "$name" ] || {
                usage >&2
                exit 2
        }
        drill "$name"
        ;;
esac
