#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes two images of one root, which holds the package, what it needs, certificates and time zones, and no shell:
#
#   image.sh PACKAGE DIRECTORY
#
#   DIRECTORY/driftwatch_VERSION.raw        a portable service: portablectl attach
#   DIRECTORY/driftwatch_VERSION.oci.tar    for container engines, as an OCI layout
#
# PACKAGE is what build.sh made; the rest comes from where this machine has its own Debian from, with what was mended
# since. Needs root, mmdebstrap, dpkg-dev, squashfs-tools and umoci. Packages being the same, so are the bytes.
set -eu
package=$(realpath "$1")
directory=$(realpath "$2")
. /etc/os-release
version=$(dpkg-deb --field "$package" Version)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt reads the repository as a user of its own.
chmod 755 "$work"
mkdir "$work/repository"
cp "$package" "$work/repository"
(cd "$work/repository" && dpkg-scanpackages --multiversion . >Packages)
apt-get indextargets --format 'deb $(SITE) $(CODENAME) $(COMPONENT)' 'Origin: Debian' 'Created-By: Packages' \
        >"$work/sources"
grep " $VERSION_CODENAME.* main$" "$work/sources" >"$work/sources.list" || {
        echo "image.sh: apt has no list of Debian $VERSION_CODENAME; apt-get update fetches it" >&2
        exit 1
}
echo "deb [trusted=yes] copy:$work/repository ./" >>"$work/sources.list"

root=$work/root
mmdebstrap --quiet --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --include=base-files,ca-certificates,driftwatch,tzdata,usr-is-merged \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        "$VERSION_CODENAME" "$root" "$work/sources.list"

# What is extracted and not installed runs no scripts, so the list of authorities is put together here. Nothing of this
# machine stays; systemd and container engines mount over what is empty, and bring their own devices.
cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
echo PORTABLE_PREFIXES=driftwatch >>"$root/usr/lib/os-release"
# It would be started with the service, and take the place of the address that somebody configured.
rm "$root/usr/lib/systemd/system/driftwatch.socket"
for empty in etc/hostname etc/machine-id etc/resolv.conf; do
        : >"$root/$empty"
done
rm -rf "$root"/dev/* "$root"/etc/apt "$root"/etc/dpkg "$root"/var/cache/apt "$root"/var/lib/apt "$root"/var/lib/dpkg
SOURCE_DATE_EPOCH=$(stat -c %Y "$root/usr/bin/driftwatch")
export SOURCE_DATE_EPOCH
install -d -o 65532 -g 65532 "$root/var/lib/driftwatch"
tar -c --sort=name --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime --file="$work/root.tar" -C "$root" .

mksquashfs - "$directory/driftwatch_$version.raw" -tar -noappend -quiet -no-progress <"$work/root.tar"

time=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
cd "$work"
umoci init --layout=oci
umoci new --image=oci:driftwatch
umoci raw add-layer --image=oci:driftwatch --history.created="$time" --history.created_by=image.sh root.tar
umoci config --image=oci:driftwatch --no-history --created="$time" --author='driftwatch maintainers' \
        --config.entrypoint=/usr/bin/driftwatch --config.cmd=run --config.cmd=--web.listen-address=:9820 \
        --config.user=65532:65532 --config.exposedports=9820/tcp \
        --config.volume=/etc/driftwatch --config.volume=/var/lib/driftwatch \
        --config.label=org.opencontainers.image.title=driftwatch \
        --config.label=org.opencontainers.image.licenses=Apache-2.0 \
        --config.label="org.opencontainers.image.version=$version"
umoci gc --layout=oci
tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --mode=go=rX,u+rw,a-s \
        --file="$directory/driftwatch_$version.oci.tar" -C oci .
