#!/usr/bin/env bash
# What masks save on disk, in one table: benchmarks/storage.sh [FILE], the file of a dense LeNet-300-100; without it, random
# weights.
set -euo pipefail
file=${1:+$(realpath "$1")}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh
install_packages "${build_packages[@]}"
TINYNN_CMAKE_ARGS="${TINYNN_CMAKE_ARGS:-} -DTINYNN_BUILD_BENCHMARKS=ON" build release tinynn_bench_storage
build/release/benchmarks/tinynn_bench_storage ${file:+"$file"}
