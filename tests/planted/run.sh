#!/usr/bin/env bash
# Plants the bugs of tests/planted/*.txt one by one in copies of the tree, build/planted/, and runs the quick tests
# without MNIST on each, those of its room first: tests/planted/run.sh [OPTION | ROOM | ROOM.NAME | FILE]... A line each
# says which test caught it, or that it survived; the last one how many were caught. Exit code 1 if less than 95% were,
# or one survived that is not known to. As many are planted at a time as there are cores, or TINYNN_PLANTED_JOBS.
#   --resume     what was caught before counts as caught: a run that was stopped goes on where it was
#   --own-room   only the tests of a bug's own room: quick, for what has just been written
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source .ci/setup.sh
# shellcheck disable=SC2154
install_packages "${build_packages[@]}" "${test_packages[@]}" ccache

folder=$PWD/build/planted
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

# compile FOLDER TARGET... -- CMAKE-ARGUMENT...: a copy of the tree, and what becomes of it, in little time and file by
# file. The library is shared, so that tests need not be linked again.
compile() {
    local where=$1 targets=()
    shift
    while [[ $1 != -- ]]; do targets+=("$1") && shift; done
    shift
    mkdir -p "$where/tree"
    python3 tests/planted/run.py copy "$where/tree"
    if ! { cmake -S "$where/tree" -B "$where/build" -G Ninja -Wno-dev -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS=-w \
        -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DBUILD_SHARED_LIBS=ON -DTINYNN_UNITY=OFF \
        -DTINYNN_BUILD_CLI=OFF -DTINYNN_BUILD_EXAMPLES=OFF -DTINYNN_INSTALL=OFF \
        -DCMAKE_DISABLE_FIND_PACKAGE_Protobuf=ON -DCMAKE_DISABLE_FIND_PACKAGE_Torch=ON "$@" &&
        cmake --build "$where/build" --parallel "$(nproc)" --target "${targets[@]}"; } >"$where/log" 2>&1; then
        tail -n 50 "$where/log" >&2
        return 1
    fi
}

jobs=${TINYNN_PLANTED_JOBS:-$(nproc)}
compile "$folder" tinynn_tests tinynn_hostile_files tinynn_write_headers tinynn_leaving tinynn_failing_allocation -- -DCMAKE_LINK_DEPENDS_NO_SHARED=ON
for ((k = 1; k <= jobs; ++k)); do compile "$folder/$k" tinynn -- -DTINYNN_BUILD_TESTS=OFF; done
exec python3 tests/planted/run.py run "$folder" "$jobs" "$@"
