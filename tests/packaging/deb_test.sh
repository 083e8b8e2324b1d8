#!/usr/bin/env bash
# The Debian package holds the library, its headers and what finds them, and names what it depends on.
# deb_test.sh BUILD_FOLDER; skipped where there is no dpkg.
set -euo pipefail
command -v dpkg-deb >/dev/null || { echo "skipped: no dpkg" && exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$1" && cpack -G DEB -B "$tmp") >"$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
deb=$(echo "$tmp"/libtinynn-dev_*.deb)
dpkg-deb -c "$deb" >"$tmp/content"
for file in include/tinynn/tinynn.hpp libtinynn libtinynn_program.a tinynnConfig.cmake tinynn.pc bin/tinynn; do
    grep -q "$file" "$tmp/content" || { echo "no $file in $(cat "$tmp/content")" && exit 1; }
done
dpkg-deb -f "$deb" Depends | grep -q 'zlib1g-dev' || { echo "depends on $(dpkg-deb -f "$deb" Depends)" && exit 1; }
echo "$(basename "$deb"): $(stat -c %s "$deb") bytes"
