#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boots systemd in namespaces of its own over a throw-away copy of this machine's root, or of the one that BOX_ROOT
# names, runs one program in it as a unit, prints its output and the journal of driftwatch, and ends with the program's
# status.
#
#   systemd-box.sh PROGRAM FILES     FILES is laid over the root, PROGRAM is run in it as /box/test
#
# The box has control groups of version 2. Where the machine keeps its memory controller in version 1, which one at a
# time may have, the box has that one beside them with BOX_MEMORY=yes.
#
# Needs root and util-linux, no package. Nothing outside changes: the overlay's upper side is a tmpfs, and mounts,
# processes, network and control groups are private. Mounts below / (a bind-mounted home, say) are not in the box,
# nor is what a driftwatch of this machine's own has configured or kept.
set -eu
seconds=150

# Outside, in a mount namespace: the overlay, control groups, and the boot in further namespaces.
prepare() {
        local program=$1 files=$2 scratch group groups status=0
        scratch=$(mktemp -d)
        mount -t tmpfs -o size=1g,mode=755 box "$scratch"
        mkdir "$scratch"/{upper,work,root}
        mount -t overlay box "$scratch/root" \
                -o "lowerdir=${BOX_ROOT:-/},upperdir=$scratch/upper,workdir=$scratch/work"
        fill "$scratch/root" "$program" "$files"

        # Only version 2 of control groups, seen from a group of the box's own.
        umount --lazy --recursive /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        groups=$(mktemp -d /sys/fs/cgroup/driftwatch-box.XXXXXX)
        if [ "${BOX_MEMORY:-}" = yes ] && ! grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
                mkdir "$scratch/memory"
                mount -t cgroup -o memory memory "$scratch/memory"
                groups="$groups $(mktemp -d "$scratch/memory/driftwatch-box.XXXXXX")"
        fi
        (
                for group in $groups; do echo "$BASHPID" >"$group/cgroup.procs"; done
                exec timeout --signal=KILL "$seconds" unshare --uts --ipc --net --pid --cgroup --mount \
                        --fork --kill-child "$0" --boot "$scratch/root"
        ) || status=$?
        cat "$scratch/root/box/log"
        for group in $groups; do find "$group" -depth -type d -exec rmdir {} +; done
        umount --lazy --recursive "$scratch"
        rmdir "$scratch"
        return "$status"
}

# fill ROOT PROGRAM FILES
fill() {
        # An overlay cannot rename a directory of its lower side, which DynamicUser= would do with the state.
        rm -rf "$1"/etc/driftwatch "$1"/etc/systemd/system/driftwatch.* \
                "$1"/var/lib/driftwatch "$1"/var/lib/private/driftwatch
        tr -d - </proc/sys/kernel/random/uuid >"$1/etc/machine-id"
        # tar and not cp: /lib may be a link in the root and a directory in FILES, whose own mode means nothing.
        tar -C "$3" -c . | tar -C "$1" -x --keep-directory-symlink \
                --no-overwrite-dir --no-same-owner
        install -D -m755 "$2" "$1/box/test"
        touch "$1/box/log"
        cat >"$1/etc/systemd/system/box.service" <<EOU
[Unit]
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
TimeoutStartSec=$((seconds - 10))
ExecStart=/box/test
ExecStopPost=-/bin/sh -c 'echo; journalctl --no-pager --output=short-precise --unit=driftwatch.service'
StandardOutput=append:/box/log
StandardError=inherit
EOU
        cat >"$1/etc/systemd/system/box.target" <<EOU
[Unit]
Requires=basic.target dbus.socket box.service
After=basic.target
EOU
}

# As systemd finds them: of version 2 alone, or of both ("hybrid") with one controller of version 1.
control_groups() {
        local root=$1 at=$1/sys/fs/cgroup
        if [ ! -d "$root/../memory" ]; then
                mount -t cgroup2 cgroup2 "$at"
                return
        fi
        mount -t tmpfs -o mode=755 cgroup "$at"
        mkdir "$at"/{unified,memory}
        mount -t cgroup2 cgroup2 "$at/unified"
        mount -t cgroup -o memory memory "$at/memory"
        printf '#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t1\t1\t1\n' >"$root/box/cgroups"
        mount --bind "$root/box/cgroups" "$root/proc/cgroups"
}

# Inside all namespaces: what a container manager provides, then PID 1.
boot() {
        local root=$1 node
        mount -t proc proc "$root/proc"
        mount -t tmpfs -o mode=755 dev "$root/dev"
        mount -t tmpfs -o mode=755 run "$root/run"
        mount -t tmpfs tmp "$root/tmp"
        for node in null zero full random urandom tty; do
                touch "$root/dev/$node"
                mount --bind "/dev/$node" "$root/dev/$node"
        done
        mkdir "$root"/dev/{pts,shm}
        mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
        ln -s pts/ptmx "$root/dev/ptmx"
        mount -t tmpfs shm "$root/dev/shm"
        mount -t sysfs -o ro sysfs "$root/sys"
        control_groups "$root"
        cd "$root"
        mkdir -p box/old
        pivot_root . box/old
        umount --lazy box/old
        # PID 1 leaves this to container managers; credentials reach a unit by propagation.
        mount --make-rshared /
        exec env --ignore-environment container=driftwatch-box PATH=/usr/sbin:/usr/bin:/sbin:/bin \
                /lib/systemd/systemd --system --unit=box.target --show-status=no </dev/null
}

case ${1:-} in
--prepare)
        shift
        prepare "$@"
        ;;
--boot)
        shift
        boot "$@"
        ;;
*)
        [ $# -eq 2 ] || {
                echo "usage: systemd-box.sh PROGRAM FILES" >&2
                exit 2
        }
        exec unshare --mount --propagation private \
                "$(realpath "$0")" --prepare "$(realpath "$1")" "$(realpath "$2")"
        ;;
esac
