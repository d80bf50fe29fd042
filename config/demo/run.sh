#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The demonstration: a real Chroma with a sample collection, and driftwatch watching it. Made for a
# fresh Debian 12 on x86-64; installs what is missing, builds, runs until Ctrl-C, leaves nothing
# running. Only the packages, the build directory and Chroma's program (in the cache) stay.
set -eu

usage() {
        cat <<EOF
usage: sh config/demo/run.sh [--once] [--embedder]
  --once              stop as soon as every canonical query passes: exit 0, or 1 if that fails
  --embedder          start an embedding server too, which driftwatch watches; needs Python
Environment:
  CHROMA_PORT=8000      port of Chroma on 127.0.0.1
  DRIFTWATCH_PORT=9820  port of driftwatch on 127.0.0.1
  EMBEDDER_PORT=8081    port of the embedding server on 127.0.0.1
  DRIFTWATCH_CONFIG=FILE  configure driftwatch by this instead of driftwatch.yaml
  DRIFTWATCH=PATH       use this driftwatch instead of building one
  DRIFTWATCH_BUILD=DIR  build directory, build-demo in the source tree by default
EOF
}

say() {
        echo "demo: $*"
}

die() {
        echo "demo: $*" >&2
        exit 1
}

# --- what is needed

# command_or PACKAGE COMMAND, header_or PACKAGE HEADER: prints the package when it is missing.
command_or() {
        command -v "$2" >/dev/null 2>&1 || echo "$1"
}

header_or() {
        for directory in /usr/include /usr/include/*-linux-gnu /usr/local/include; do
                [ ! -e "$directory/$2" ] || return 0
        done
        echo "$1"
}

missing_packages() {
        command_or curl curl
        command_or jq jq
        command_or nodejs node
        command_or npm npm
        [ -z "$embedder" ] || command_or python3 python3
        [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
        [ -z "${DRIFTWATCH:-}" ] || return 0
        command_or gcc cc
        command_or meson meson
        command_or ninja-build ninja
        command_or pkg-config pkg-config
        command_or cmark-gfm cmark-gfm
        header_or libc6-dev stdio.h
        header_or libmicrohttpd-dev microhttpd.h
        header_or libcurl4-gnutls-dev curl/curl.h
        header_or libjansson-dev jansson.h
        header_or libsystemd-dev systemd/sd-event.h
        header_or libyaml-dev yaml.h
        header_or libyajl-dev yajl/yajl_parse.h
        header_or libgnutls28-dev gnutls/gnutls.h
        header_or libcrypt-dev crypt.h
        header_or libsqlite3-dev sqlite3.h
        header_or zlib1g-dev zlib.h
}

apt_install() {
        apt-get install -qq -y --no-install-recommends "$@" >"$tmp/apt.log" 2>&1
}

install_packages() {
        # shellcheck disable=SC2046 # one word per package
        set -- $(missing_packages)
        [ $# -gt 0 ] || return 0
        command -v apt-get >/dev/null 2>&1 ||
                die "this is not Debian; install what these packages hold, then try again: $*"
        [ "$(id -u)" -eq 0 ] ||
                die "packages are missing; run this, then try again: sudo apt-get install $*"
        say "installing $*"
        export DEBIAN_FRONTEND=noninteractive
        if ! apt-cache show "$@" >/dev/null 2>&1 || ! apt_install "$@"; then
                apt-get update -qq || die "apt-get update failed, see above"
                apt_install "$@" || die "apt-get could not install $*: $(tail -n 5 "$tmp/apt.log")"
        fi
}

# Runs a long command in the background, so that a signal reaches this script at once.
step() {
        "$@" >"$tmp/step.log" 2>&1 &
        step_pid=$!
        if ! wait "$step_pid"; then
                step_pid=
                tail -n 30 "$tmp/step.log" >&2
                die "failed: $*"
        fi
        step_pid=
}

# bindings 1.0.5 are the newest that load on Debian 12's C library.
install_chroma() {
        mkdir -p "$cache"
        cat >"$cache/package.json" <<EOF
{"dependencies": {"chromadb": "3.0.14"},
 "overrides": {"chromadb-js-bindings-linux-x64-gnu": "1.0.5"}}
EOF
        node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' ||
                die "node $(node --version) is too old for Chroma's server; it needs 18 or later"
        cmp -s "$cache/package.json" "$cache/installed.json" && return
        say "installing Chroma into $cache"
        # Of two demonstrations that start at once, one waits for the other.
        step flock "$cache/lock" npm install --prefix "$cache" --no-package-lock --no-audit --no-fund
        cp "$cache/package.json" "$cache/installed.json"
}

build_driftwatch() {
        [ -z "${DRIFTWATCH:-}" ] || return 0
        build=${DRIFTWATCH_BUILD:-$root/build-demo}
        say "building driftwatch in $build"
        [ -f "$build/build.ninja" ] || step meson setup -Dtests=false "$build" "$root"
        step ninja -C "$build"
        DRIFTWATCH=$build/driftwatch
}

# --- what runs

check_port() {
        case $2 in
        '' | *[!0-9]*) die "$1=$2 is not a port number" ;;
        esac
        status=0
        curl -s --noproxy '*' --max-time 1 -o "$tmp/port" "http://127.0.0.1:$2/" || status=$?
        [ "$status" -eq 7 ] || # connection refused: nobody listens
                die "port $2 on 127.0.0.1 is taken; choose another one: $1=PORT sh config/demo/run.sh"
}

# A child that ended but was not waited for is a zombie: not alive.
alive() {
        stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
        case $stat in
        *') Z '*) return 1 ;;
        esac
}

# must_live NAME PID: NAME is also that of its log.
must_live() {
        alive "$2" && return
        tail -n 20 "$tmp/$1.log" >&2
        die "$1 ended; its last words are above"
}

get() {
        curl -sf --noproxy '*' --max-time 2 "$1"
}

start_chroma() {
        node "$cache/node_modules/.bin/chroma" run --path "$tmp/chroma" --host 127.0.0.1 \
                --port "$CHROMA_PORT" >"$tmp/chroma.log" 2>&1 &
        chroma_pid=$!
        tries=0
        until get "http://127.0.0.1:$CHROMA_PORT/api/v2/heartbeat" >"$tmp/heartbeat"; do
                must_live chroma "$chroma_pid"
                tries=$((tries + 1))
                [ "$tries" -lt 300 ] || die "Chroma gave no heartbeat within half a minute"
                sleep 0.1
        done
        must_live chroma "$chroma_pid"
}

# start_embedder [OPTION...]: of embedder.py. By itself it is another model than the one that made
# the pinned vectors.
start_embedder() {
        python3 "$here/embedder.py" --port "$EMBEDDER_PORT" "$@" >"$tmp/embedder.log" 2>&1 &
        embedder_pid=$!
}

# What answers as the model that made the pinned vectors: it has them, and driftwatch knows of which texts.
start_pinned_embedder() {
        get "$web/api/v1/queries?collection=original_agents" |
                jq --slurpfile pinned "$here/vectors.json" \
                        'reduce .data.queries[] as $one ({}; .[$one.text] = $pinned[0].vectors[$one.id])' \
                        >"$tmp/known.json"
        start_embedder --known "$tmp/known.json"
}

# The configuration as checked in, or a copy for another port of Chroma or with an embedder. Relative
# paths in it are relative to the file, so its neighbours are copied too.
choose_config() {
        config=${DRIFTWATCH_CONFIG:-$here/driftwatch.yaml}
        [ "$CHROMA_PORT$embedder" != 8000 ] || return 0
        mkdir "$tmp/config"
        cp "$here/queries.yaml" "$here/vectors.json" "$tmp/config"
        sed "s#http://127\.0\.0\.1:8000#http://127.0.0.1:$CHROMA_PORT#" "$config" \
                >"$tmp/config/driftwatch.yaml"
        config=$tmp/config/driftwatch.yaml
        [ -n "$embedder" ] || return 0
        sed -i -e "/^collections:/i embedders:\\n\
  - {name: demo, api: openai, url: 'http://127.0.0.1:$EMBEDDER_PORT', model: tfidf-svd-96}" \
                -e '/^    vectors:/a \    embedder: demo\n    embed_interval: 2s' "$config"
}

start_driftwatch() {
        mkdir -p "$tmp/state"
        "$DRIFTWATCH" run --config.file "$config" --web.listen-address "127.0.0.1:$DRIFTWATCH_PORT" \
                --storage.path "$tmp/state" >"$tmp/driftwatch.log" 2>&1 &
        driftwatch_pid=$!
}

outcomes() {
        get "$web/metrics" | grep '^driftwatch_queries{.*collection="original_agents"'
}

await_pass() {
        wanted=$(jq '.vectors | length' "$here/vectors.json")
        tries=0
        until [ "$(outcomes | awk '/outcome="pass"/ {print $2}')" = "$wanted" ]; do
                must_live driftwatch "$driftwatch_pid"
                must_live chroma "$chroma_pid"
                tries=$((tries + 1))
                if [ "$tries" -ge 150 ]; then
                        tail -n 20 "$tmp/driftwatch.log" >&2
                        outcomes >&2 || true
                        die "not all $wanted canonical queries pass after half a minute, see above"
                fi
                sleep 0.2
        done
        must_live driftwatch "$driftwatch_pid"
        say "all $wanted canonical queries pass"
}

# Without a baseline there is nothing to say why answers differ from.
approve() {
        step "$DRIFTWATCH" baseline propose --config.file "$config" --storage.path "$tmp/state" \
                --pause 200ms
        step "$DRIFTWATCH" baseline approve --config.file "$config" --storage.path "$tmp/state" \
                --by demo --reason 'all canonical queries pass'
        mkdir "$tmp/approved"
        cp -r "$tmp/state/baselines" "$tmp/approved"
        say "what they answer now is the baseline"
}

explain() {
        ports='' at=''
        [ "$CHROMA_PORT" = 8000 ] || ports="CHROMA_PORT=$CHROMA_PORT "
        [ "$DRIFTWATCH_PORT" = 9820 ] || at=" --web.listen-address 127.0.0.1:$DRIFTWATCH_PORT"
        cat <<EOF

Look
  status page   $web/
  metrics       $web/metrics
  alerts        $web/api/v1/alerts
  table         $DRIFTWATCH status$at
  the gate      $DRIFTWATCH check --baseline --config.file $config --storage.path $tmp/state

Try, in another terminal, and look again
  delete an agent; RetrievalExpectedResultMissing fires after some 15 seconds, because of REMOVED
    ${ports}sh $here/chroma.sh delete-agent frontend-architect
  turn an agent's vectors away, as another embedding model would; a third of the queries moves up, and
  after half a minute RetrievalSetDrift fires and names the worst, because of EDIT
    ${ports}sh $here/chroma.sh disturb-agent backend-architect
  mend both; the alerts resolve
    ${ports}sh $here/chroma.sh restore

  or let something go wrong that you are not told, as in docs/training/course.md
    ${ports}sh $here/drill.sh random

Ctrl-C stops everything.
EOF
}

# What drill.sh needs to know; it finds this directory by the port of Chroma. The words have the values
# of this run for those that docs/runbook.md leaves to its reader.
tell_drill() {
        program=$(realpath "$(command -v "$DRIFTWATCH")")
        cat >"$tmp/words" <<EOF
collection=original_agents
daemon=$web
collections=http://127.0.0.1:$CHROMA_PORT/api/v2/tenants/default_tenant/databases/default_database/collections
embedder=http://127.0.0.1:$EMBEDDER_PORT model=tfidf-svd-96
ingest() { CHROMA_PORT=$CHROMA_PORT sh '$here/chroma.sh' load "\$@"; }
restart_chroma() { CHROMA_PORT=$CHROMA_PORT sh '$here/drill.sh' restart-chroma; }
restart_embedder() { CHROMA_PORT=$CHROMA_PORT sh '$here/drill.sh' restart-embedder; }
driftwatch() {
        case \$1 in
        status | ack | unack | silence)
                '$program' "\$@" --web.listen-address='127.0.0.1:$DRIFTWATCH_PORT' ;;
        *) '$program' "\$@" --config.file='$config' --storage.path='$tmp/state' ;;
        esac
}
EOF
        [ -z "$embedder" ] || : >"$tmp/has-embedder"
        echo "$tmp" >"$note"
}

# One order of drill.sh: a file with one word, gone when it is carried out.
obey() {
        case $(cat "$tmp/order") in
        stop-chroma)
                stop "$chroma_pid"
                chroma_pid=''
                ;;
        start-chroma) [ -n "$chroma_pid" ] || start_chroma ;;
        change-embedder)
                stop "$embedder_pid"
                start_embedder
                ;;
        start-embedder)
                stop "$embedder_pid"
                start_embedder --known "$tmp/known.json"
                ;;
        forget) # all but the first baseline
                stop "$driftwatch_pid"
                rm -r "$tmp/state"
                cp -r "$tmp/approved" "$tmp/state"
                start_driftwatch
                await_pass
                ;;
        *) die "no such order: $(cat "$tmp/order")" ;;
        esac
        rm "$tmp/order"
}

watch_over() {
        running=yes
        while :; do
                [ ! -e "$tmp/order" ] || obey
                must_live driftwatch "$driftwatch_pid"
                [ -z "$chroma_pid" ] || must_live chroma "$chroma_pid"
                [ -z "$embedder_pid" ] || must_live embedder "$embedder_pid"
                sleep 0.2
        done
}

# --- how it ends

# Ends a child by TERM, after ten seconds by KILL.
stop() {
        [ -n "$1" ] || return 0
        kill "$1" 2>/dev/null || true
        tries=0
        while alive "$1" && [ "$tries" -lt 100 ]; do
                tries=$((tries + 1))
                sleep 0.1
        done
        kill -KILL "$1" 2>/dev/null || true
        wait "$1" 2>/dev/null || true
}

clean_up() {
        trap '' INT TERM HUP
        stop "$step_pid"
        stop "$driftwatch_pid"
        stop "$embedder_pid"
        stop "$chroma_pid"
        rm -rf "$tmp"
        [ -z "$running" ] || rm -f "$note"
}

# Ctrl-C is the way to end a running demonstration, and an interruption before.
interrupted() {
        [ -z "$running" ] || { say "stopping" && exit 0; }
        exit "$1"
}

main() {
        once='' embedder=''
        for option; do
                case $option in
                --once) once=yes ;;
                --embedder) embedder=yes ;;
                -h | --help) usage && exit ;;
                *) usage >&2 && exit 2 ;;
                esac
        done

        here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
        root=$(CDPATH='' cd -- "$here/../.." && pwd)
        cache=${XDG_CACHE_HOME:-${HOME:?must be set}/.cache}/driftwatch-demo
        CHROMA_PORT=${CHROMA_PORT:-8000}
        DRIFTWATCH_PORT=${DRIFTWATCH_PORT:-9820}
        EMBEDDER_PORT=${EMBEDDER_PORT:-8081}
        export CHROMA_PORT
        note=$cache/runs-$CHROMA_PORT
        web=http://127.0.0.1:$DRIFTWATCH_PORT
        step_pid='' driftwatch_pid='' chroma_pid='' embedder_pid='' running=''
        tmp=$(mktemp -d "${TMPDIR:-/tmp}/driftwatch-demo.XXXXXX")
        trap clean_up EXIT
        trap 'interrupted 130' INT
        trap 'interrupted 143' TERM HUP

        install_packages
        check_port CHROMA_PORT "$CHROMA_PORT"
        check_port DRIFTWATCH_PORT "$DRIFTWATCH_PORT"
        [ -z "$embedder" ] || check_port EMBEDDER_PORT "$EMBEDDER_PORT"
        [ "$CHROMA_PORT" != "$DRIFTWATCH_PORT" ] ||
                die "CHROMA_PORT and DRIFTWATCH_PORT are both $CHROMA_PORT; choose two ports"
        install_chroma
        build_driftwatch
        say "starting Chroma on port $CHROMA_PORT and driftwatch on port $DRIFTWATCH_PORT"
        start_chroma
        sh "$here/chroma.sh" load
        choose_config
        start_driftwatch
        await_pass
        [ -z "$embedder" ] || start_pinned_embedder
        approve
        [ -z "$once" ] || return 0
        tell_drill
        explain
        watch_over
}

main "$@"
