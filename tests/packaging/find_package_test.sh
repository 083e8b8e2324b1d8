#!/usr/bin/env bash
# Installs tinynn into a folder of its own and builds the example of a project against it: all of it, and the program
# that asks for the component that needs no other library, where none is to be found.
# find_package_test.sh BUILD_FOLDER CMAKE CXX_COMPILER [CMAKE ARGUMENT...]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1 cmake=$2 compiler=$3
shift 3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
quietly() { "$@" >"$tmp/log" 2>&1 || { cat "$tmp/log" && exit 1; }; }
arguments=(-DCMAKE_PREFIX_PATH="$tmp/prefix" -DCMAKE_CXX_COMPILER="$compiler"
    -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wconversion -Werror" "$@")

quietly "$cmake" --install "$build" --prefix "$tmp/prefix"
quietly "$cmake" -S "$here/../../examples/cmake-consumer" -B "$tmp/build" "${arguments[@]}"
grep -q "^tinynn_DIR:.*=$tmp/prefix/" "$tmp/build/CMakeCache.txt" || {
    echo "the installed tinynn was not found" && exit 1
}
quietly "$cmake" --build "$tmp/build"
"$tmp/build/consumer" "$tmp/circle.plan"

quietly "$cmake" -S "$here/smallest" -B "$tmp/smallest" "${arguments[@]}" -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON \
    -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON
quietly "$cmake" --build "$tmp/smallest"
"$tmp/smallest/smallest" "$tmp/circle.plan" >"$tmp/circle"
cmp "$tmp/circle" <("$tmp/build/smallest" "$tmp/circle.plan")
# 21 lines of 41 characters: the middle is inside, the corners are not.
[[ $(sed -n 11p "$tmp/circle") == ..*####################*.. && $(head -1 "$tmp/circle") != *#* ]] || {
    echo "no circle:" && cat "$tmp/circle" && exit 1
}
if [[ -n $(find "$tmp/prefix" -name tinynn_mpi_targets.cmake) ]]; then # built with MPI
    mkdir "$tmp/ranks"
    cp "$here/../distributed/group_program.cpp" "$tmp/ranks"
    cat >"$tmp/ranks/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(ranks CXX)
find_package(tinynn REQUIRED COMPONENTS mpi)
add_executable(ranks group_program.cpp)
target_link_libraries(ranks PRIVATE tinynn::mpi)
END
    quietly "$cmake" -S "$tmp/ranks" -B "$tmp/ranks/build" "${arguments[@]}"
    quietly "$cmake" --build "$tmp/ranks/build"
    quietly "$tmp/ranks/build/ranks" # one process, without mpirun
fi
needed=$(readelf -d "$tmp/smallest/smallest" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
if grep -vE '^(libstdc\+\+|libm|libgcc_s|libc|libpthread|ld-linux.*)\.so' <<<"$needed"; then
    echo "is more than the C++ standard library"
    exit 1
fi
strip "$tmp/smallest/smallest"
echo "smallest: $(stat -c %s "$tmp/smallest/smallest") bytes, needs ${needed//$'\n'/ }"
