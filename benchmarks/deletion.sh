#!/usr/bin/env bash
# What deleting channels is worth, in one table: benchmarks/deletion.sh [REPETITIONS [THREADS]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh
install_packages "${build_packages[@]}"
TINYNN_CMAKE_ARGS="${TINYNN_CMAKE_ARGS:-} -DTINYNN_BUILD_BENCHMARKS=ON" build release tinynn_bench_deletion
build/release/benchmarks/tinynn_bench_deletion "$@"
