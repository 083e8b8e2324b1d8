#!/usr/bin/env bash
# The shared library, as BUILD_SHARED_LIBS=ON links and installs it, from objects that are there already (they are
# position-independent): a program that links it needs nothing of what it uses itself.
# shared_test.sh BUILD_FOLDER CMAKE CXX_COMPILER BLAS
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1 cmake=$2 compiler=$3 blas=$4
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
quietly() { "$@" >"$tmp/log" 2>&1 || { cat "$tmp/log" && exit 1; }; }

quietly "$cmake" -S "$here/../.." -B "$tmp/shared" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DTINYNN_BLAS="$blas" -DTINYNN_BUILD_TESTS=OFF \
    -DTINYNN_BUILD_EXAMPLES=OFF -DTINYNN_BUILD_CLI=OFF -DCMAKE_DISABLE_FIND_PACKAGE_Protobuf=ON -DTINYNN_MPI=OFF
cp -r "$build"/tinynn/CMakeFiles/{tinynn,tinynn_program,tinynn_simd_*}.dir "$tmp/shared/tinynn/CMakeFiles"
(cd "$tmp/shared" && ninja -t commands tinynn tinynn_program | grep -v -- ' -c ' |
    sed 's/-shared/& -Wl,--no-undefined/' >link.sh && quietly sh -e link.sh)
quietly "$cmake" --install "$tmp/shared" --prefix "$tmp/prefix"

quietly "$cmake" -S "$here/../../examples/cmake-consumer" -B "$tmp/build" -G Ninja -DCMAKE_PREFIX_PATH="$tmp/prefix" \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON
grep -q "^tinynn_DIR:.*=$tmp/prefix/" "$tmp/build/CMakeCache.txt" || {
    echo "the installed tinynn was not found" && exit 1
}
quietly "$cmake" --build "$tmp/build" --target consumer
"$tmp/build/consumer" "$tmp/circle.plan"

needed=$(readelf -d "$tmp/build/consumer" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
grep -qx 'libtinynn\.so\.[0-9]*' <<<"$needed" || { echo "not linked with libtinynn.so.N: $needed" && exit 1; }
PKG_CONFIG_PATH=$(dirname "$(find "$tmp/prefix" -name tinynn.pc)")
export PKG_CONFIG_PATH
for found in "$needed" "$(pkg-config --libs tinynn)"; do
    if grep -E 'libz|blas|-lz' <<<"$found"; then echo "leaks out of the shared library" && exit 1; fi
done
find "$tmp/prefix" -name 'libtinynn.so*' -type f -printf '%f: %s bytes\n'
