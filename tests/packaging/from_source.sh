#!/usr/bin/env bash
# Builds the example of a project with tinynn's sources in it, static and shared, and runs it: from_source.sh [COMPILER
# [CMAKE ARGUMENT...]]. Compiles all of tinynn twice, so it is no part of the tests; shared_test.sh and
# subproject_test.sh see to most of it in seconds.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
compiler=${1:-c++}
shift $(($# > 0))
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for shared in OFF ON; do
    cmake -S "$here/../../examples/cmake-consumer" -B "$tmp/$shared" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
        -DFETCHCONTENT_TRY_FIND_PACKAGE_MODE=NEVER -DBUILD_SHARED_LIBS=$shared "$@" >"$tmp/log" || {
        cat "$tmp/log" && exit 1
    }
    cmake --build "$tmp/$shared" --target consumer smallest
    "$tmp/$shared/consumer" "$tmp/circle.plan"
    "$tmp/$shared/smallest" "$tmp/circle.plan"
    echo "BUILD_SHARED_LIBS=$shared: $(find "$tmp/$shared" -name 'libtinynn*' -type f -printf '%f %s bytes  ')"
done
