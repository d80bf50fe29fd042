#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing (Debian 12), builds, and runs every test. The last line counts them.
#
#   sh tests/run.sh [--list] [PART...]
#
# Parts, in the order of a run without arguments:
#   unit         modules, and I/O modules against a scripted server; warnings are errors
#   style        layout, layers, sizes, wording, documentation
#   system       the program with real Chroma, Prometheus, Alertmanager and systemd
#   real-small   what happens to a part of some handbooks, embedded by a real model: each change once
#   valgrind     unit again, under memcheck
#   asan         unit again, with the address and undefined behaviour sanitizers
#   tsan         what two threads share, with the thread sanitizer
#   system-asan  system again on the older Chroma, with the sanitized program
#   system-tsan  and where it serves or reads while it measures, with the thread sanitizer
# Only on request:
#   real         each change, three times, to three whole corpora in two spaces on both Chromas: for hours; and what
#                takes long: churn, an index that is written anew, other methods on the same answers
#   bench        ratios against something that runs in the same minute
#
# A test that cannot run here is a failure; DRIFTWATCH_REQUIRE_ALL=0 lets it be skipped, except in CI.
# DRIFTWATCH_CHURN_SECONDS=1800 and DRIFTWATCH_REBUILDS=50 are what the long runs of `real` do.
# DRIFTWATCH_RELOAD_QUERIES=100000 makes what is reloaded in test_lateness.py as large as it may be.
# DRIFTWATCH_KILLS=200 is how often test_state.py goes through an incident, killing the daemon three times in each.
# DRIFTWATCH_HOSTILE=all gives every shape of a reply to every question in test_hostile.py.
# DRIFTWATCH_DAMAGES=100 is how many states test_damage.py garbles, and tears.
# DRIFTWATCH_STORM=whole makes the storm in test_storm.py as large as it is documented.
# DRIFTWATCH_VISITED_QUERIES=20000 makes the reports that test_visitors.py asks for take half a second.
# DRIFTWATCH_SOAK_SECONDS=300 makes the soak test as long as before a release.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
PATH=$PATH:/usr/sbin:/sbin
export PATH
if [ "${CI:-}" = true ]; then
        DRIFTWATCH_REQUIRE_ALL=1
fi
export DRIFTWATCH_REQUIRE_ALL="${DRIFTWATCH_REQUIRE_ALL:-1}"
# Debian's, with Debian's modules: another python3 may come first in PATH.
python=/usr/bin/python3
results=$top/build-tests/results

# package probe argument
needs() {
        cat <<'LIST'
git                       command git
gcc                       command gcc
libc6-dev                 file /usr/include/stdio.h
meson                     command meson
ninja-build               command ninja
pkg-config                command pkg-config
cmark-gfm                 command cmark-gfm
libmicrohttpd-dev         library libmicrohttpd
libcurl4-gnutls-dev       library libcurl
libjansson-dev            library jansson
libsystemd-dev            library libsystemd
systemd                   library systemd
libyaml-dev               library yaml-0.1
libyajl-dev               library yajl
libgnutls28-dev           library gnutls
libcrypt-dev              library libcrypt
libsqlite3-dev            library sqlite3
sqlite3                   command sqlite3
zlib1g-dev                library zlib
libcmocka-dev             library cmocka
build-essential           file /usr/share/build-essential/list
debhelper                 command dh
lintian                   command lintian
mmdebstrap                command mmdebstrap
squashfs-tools            command mksquashfs
umoci                     command umoci
clang-format              command clang-format
universal-ctags           command ctags
man-db                    command man
mandoc                    command mandoc
zsh                       command zsh
fish                      command fish
valgrind                  command valgrind
libxml2-utils             command xmllint
python3                   file /usr/bin/python3
python3-pytest            module pytest
python3-pytest-xdist      module xdist
python3-numpy             module numpy
python3-requests          module requests
python3-yaml              module yaml
python3-prometheus-client module prometheus_client
python3-aiosmtpd          module aiosmtpd
python3-selenium          module selenium
chromium                  command chromium
chromium-driver           command chromedriver
prometheus                command prometheus
prometheus-alertmanager   command prometheus-alertmanager
curl                      command curl
openssl                   command openssl
jq                        command jq
shellcheck                command shellcheck
yamllint                  command yamllint
ca-certificates           file /etc/ssl/certs/ca-certificates.crt
nodejs                    command node
npm                       command npm
dbus                      command dbus-daemon
iproute2                  command ip
procps                    file /bin/kill
util-linux                command unshare
LIST
}

present() {
        case $1 in
        command) command -v "$2" >/dev/null ;;
        library) command -v pkg-config >/dev/null && pkg-config --exists "$2" ;;
        module) $python -c "import $2" 2>/dev/null ;;
        file) [ -e "$2" ] ;;
        esac
}

install_missing() {
        missing=$(needs | while read -r package probe argument; do
                present "$probe" "$argument" || echo "$package"
        done)
        if [ -z "$missing" ]; then
                return
        fi
        echo "== installing: $(echo $missing)"
        as_root=
        if [ "$(id -u)" != 0 ]; then
                as_root=sudo
        fi
        export DEBIAN_FRONTEND=noninteractive
        $as_root apt-get update -q
        $as_root apt-get install -q -y --no-install-recommends $missing
}

# build DIR OPTION... [-- TARGET...]
build() {
        dir=$1 options=
        shift
        while [ $# -gt 0 ] && [ "$1" != -- ]; do
                options="$options $1"
                shift
        done
        if [ ! -e "$dir/build.ninja" ]; then
                meson setup "$dir" -Dwerror=true -Dtests=true $options
        fi
        shift $(($# > 0))
        meson compile -C "$dir" "$@"
}

# run_meson NAME DIR ARGUMENT...
run_meson() {
        name=$1 dir=$2
        shift 2
        status=0
        # One more than there are processors: some wait.
        meson test -C "$dir" --no-rebuild --print-errorlogs --logbase "$name" \
                --num-processes $(($(nproc) + 1)) "$@" || status=$?
        # Meson appends the name of a test setup to the base.
        cp "$dir/meson-logs/$name"*.junit.xml "$results/$name.xml"
        return $status
}

# run_pytest NAME BUILD ARGUMENT...
run_pytest() {
        name=$1
        export DRIFTWATCH_BUILD="$top/$2"
        shift 2
        $python -m pytest -q -p no:cacheprovider --junitxml="$results/$name.xml" "$@"
}

# A sanitized program need not be fast, but it must be compiled. -g1 is what a trace needs.
quickly='-Db_lundef=false -Doptimization=1 -Dc_args=-g1'
sanitize_memory="-Db_sanitize=address,undefined $quickly"
sanitize_threads="-Db_sanitize=thread $quickly"

build_asan() {
        build build-asan $sanitize_memory
}

build_tsan() {
        build build-tsan $sanitize_threads -- driftwatch test_handover test_worker test_reader test_state \
                test_http_server test_http_limits test_http_answers test_press test_traffic test_watch
}

# What the parts named need later is compiled while tests of an earlier one wait for servers. What goes wrong is seen
# where it is needed, and built once more.
build_ahead() {
        case " $* " in *asan*) build_asan ;; esac
        case " $* " in *tsan*) build_tsan ;; esac
}

part() {
        case $1 in
        unit)
                build build-tests &&
                        run_meson unit build-tests --suite unit --suite component
                ;;
        style)
                build build-tests && run_pytest style build-tests tests/style
                ;;
        valgrind)
                build build-tests &&
                        run_meson valgrind build-tests --setup valgrind \
                                --suite unit --suite component
                ;;
        asan)
                build_asan && run_meson asan build-asan --suite unit --suite component
                ;;
        tsan)
                build_tsan && run_meson tsan build-tsan handover worker reader state http_server \
                                http_limits http_answers press traffic watch
                ;;
        system)
                # Three to a processor: most of them wait for a server or a second to pass.
                build build-tests &&
                        run_pytest system build-tests -n 6 --dist loadfile tests/system
                ;;
        real-small)
                export DRIFTWATCH_REAL=once
                build build-tests && run_pytest real-small build-tests -n 4 tests/real
                ;;
        real)
                export DRIFTWATCH_REAL=whole
                build build-tests && run_pytest real build-tests -n 2 tests/real
                ;;
        system-asan)
                # Not under systemd: the hardened unit forbids what the sanitizer needs, and packages are of the plain
                # program. And on one Chroma: it is the program's code that is looked at, and both make it run.
                # A preloaded clock, what memory and a crowd cost, and what a browser shows are the plain one's. What is
                # told when is a matter of seconds, in which a sanitized program does less; the demonstration,
                # documents, dashboards, rules and the long calm wait for what other files make happen sooner, every
                # label is seen in test_agreement.py, and pipelines are shell.
                build_asan &&
                        run_pytest system-asan build-asan -n 4 --dist loadfile tests/system \
                                --ignore=tests/system/test_systemd.py \
                                --ignore=tests/system/test_package.py \
                                --ignore=tests/system/test_incident.py \
                                --ignore=tests/system/test_ingest.py \
                                --ignore=tests/system/test_clock.py \
                                --ignore=tests/system/test_crowd.py \
                                --ignore=tests/system/test_storm.py \
                                --ignore=tests/system/test_rules.py \
                                --ignore=tests/system/test_hostile.py \
                                --ignore=tests/system/test_lateness.py \
                                --ignore=tests/system/test_visitors.py \
                                --ignore=tests/system/test_demo.py \
                                --ignore=tests/system/test_documents.py \
                                --ignore=tests/system/test_page.py \
                                --ignore=tests/system/test_dashboards.py \
                                --ignore=tests/system/test_endurance.py \
                                --ignore=tests/system/test_pipeline.py \
                                --ignore=tests/system/test_runbook.py \
                                --ignore=tests/system/test_drill.py \
                                --ignore=tests/system/test_documents.py \
                                -k 'not 1.5.9 and not test_label and not however_many and not test_what_happens'
                ;;
        system-tsan)
                build_tsan &&
                        run_pytest system-tsan build-tsan -n 2 --dist loadfile \
                                tests/system/test_http.py tests/system/test_scrape.py \
                                tests/system/test_reload.py tests/system/test_soak.py \
                                tests/system/test_lock.py::test_a_certificate_is_renewed_without_a_dropped_scrape
                ;;
        bench)
                build build-tests && run_meson bench build-tests --benchmark --verbose
                ;;
        esac
}

all='unit style system real-small valgrind asan tsan system-asan system-tsan'
on_request='real bench'
if [ "${1:-}" = --list ]; then
        echo "$all $on_request"
        exit
fi
for name in "$@"; do
        case " $all $on_request " in
        *" $name "*) ;;
        *)
                echo "tests/run.sh: there is no part \"$name\"; --list names them" >&2
                exit 2
                ;;
        esac
done
if [ $# = 0 ]; then
        set -- $all
fi

install_missing
mkdir -p "$results"
rm -f "$results"/*
began=$(date +%s)
ahead=
for name in "$@"; do
        echo "== $name, after $(($(date +%s) - began)) s"
        case $name in
        system)
                (build_ahead "$@") >"$results/ahead.log" 2>&1 &
                ahead=$!
                renice -n 19 -p $ahead >/dev/null
                ;;
        asan | tsan | system-asan | system-tsan)
                [ -z "$ahead" ] || wait "$ahead" || true
                ahead=
                ;;
        esac
        status=0
        (part "$name") || status=$?
        echo $status >"$results/$name.status"
done
exec $python tests/tally.py "$results"
