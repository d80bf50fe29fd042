#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What this source tree is called, in one line.
#
#   version.sh version [SAID]  SAID, if it is not empty. Else 0.2.0 at its tag, 0.2.0+5.g2ae7203f306c five commits
#                              later. Without any tag, what the project will be: 0.2.0~412.g2ae7203f306c, which dpkg
#                              sorts before 0.2.0. Outside a checkout the project's version
#   version.sh revision        the commit; with "-dirty" where files differ from it
set -eu
top=$(dirname "$(realpath "$0")")/../..
# "git archive" and build.sh write the commit here, so that what they copy knows it, too.
commit='$Format:%H$'
project=$(sed -n "s/^  version: '\(.*\)',$/\1/p" "$top/meson.build")
# Not the repository that a tarball may have been unpacked in.
checkout() {
        [ -e "$top/.git" ]
}

case $1 in
revision)
        if checkout; then
                git -C "$top" describe --always --dirty --abbrev=12 --exclude='*'
        else
                echo "$commit" | sed 's/^\([0-9a-f]\{12\}\)[0-9a-f]*/\1/; s/^[^0-9a-f].*/unknown/'
        fi
        ;;
version)
        if [ -n "${2:-}" ]; then
                echo "$2"
        elif ! checkout; then
                echo "$project"
        elif described=$(git -C "$top" describe --tags --match='v[0-9]*' --abbrev=12 2>/dev/null); then
                echo "$described" | sed 's/^v//; s/-\([0-9]*\)-g/+\1.g/'
        else
                commits=$(git -C "$top" rev-list --count HEAD)
                commit=$(git -C "$top" rev-parse --short=12 HEAD)
                echo "$project~$commits.g$commit"
        fi
        ;;
esac
