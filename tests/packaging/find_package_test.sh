#!/usr/bin/env bash
# Installs tinynn into a folder of its own and builds a program against it.
# find_package_test.sh BUILD_FOLDER CMAKE CXX_COMPILER [CMAKE ARGUMENT...]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1 cmake=$2 compiler=$3
shift 3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$cmake" --install "$build" --prefix "$tmp/prefix" >"$tmp/log" || { cat "$tmp/log"; exit 1; }
"$cmake" -S "$here/consumer" -B "$tmp/build" -DCMAKE_PREFIX_PATH="$tmp/prefix" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wconversion -Werror" "$@" >"$tmp/log" || { cat "$tmp/log"; exit 1; }
"$cmake" --build "$tmp/build" >"$tmp/log" || { cat "$tmp/log"; exit 1; }
"$tmp/build/consumer"
