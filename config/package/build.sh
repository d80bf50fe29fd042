#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Debian package of this source tree, which may be a checkout or a tarball.
#
#   build.sh DIRECTORY [VERSION]    leaves driftwatch_VERSION_ARCHITECTURE.deb and what belongs to it in DIRECTORY
#
# Needs what "apt-get build-dep ./config/package" installs. The same tree gives the same bytes, wherever it lies: no
# time is later than the last commit.
set -eu
package=$(dirname "$(realpath "$0")")
top=$(realpath "$package/../..")
directory=$(realpath "$1")
version=$("$package/version.sh" version "${2:-}")
revision=$("$package/version.sh" revision)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/driftwatch
mkdir "$tree"
cd "$top"
if [ -e .git ]; then
        git ls-files -z --cached --others --exclude-standard >"$work/files"
        SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
else
        find . -path './build*' -prune -o ! -type d -print0 >"$work/files"
        SOURCE_DATE_EPOCH=$(stat -c %Y CHANGELOG.md)
fi
xargs -0 cp --parents --no-dereference --target-directory="$tree" <"$work/files"
export SOURCE_DATE_EPOCH

cd "$tree"
sed -i "s/^commit=.*/commit='$revision'/" config/package/version.sh
cp -R config/package/debian debian
cat >debian/changelog <<EOC
driftwatch ($version) unstable; urgency=medium

  * Built from revision $revision; changelog.gz says what is new.

 -- $(sed -n 's/^Maintainer: //p' debian/control)  $(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
EOC
dpkg-buildpackage --build=binary --jobs=auto --unsigned-changes --unsigned-buildinfo
mv ../*.deb ../*.buildinfo ../*.changes "$directory"
