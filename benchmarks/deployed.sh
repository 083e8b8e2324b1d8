#!/usr/bin/env bash
# The three ways into somebody's program side by side, in one table: the exported header, the inference program and ONNX
# Runtime, on one image and one thread: benchmarks/deployed.sh [REPETITIONS [MODEL...]]. Headers are compiled by g++
# -O3, and once more with -march=native. All take turns; each time is the median of the repetitions, 5 by default, each
# of which is a median of calls.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh
repetitions=${1:-5}
shift $(($# > 0))

install_packages "${build_packages[@]}" python3 libonnx-dev libprotobuf-dev
command -v npm >/dev/null || install_packages nodejs npm || true
install_npm onnxruntime-node || echo "Without onnxruntime-node its column stays empty." >&2
TINYNN_CMAKE_ARGS="${TINYNN_CMAKE_ARGS:-} -DTINYNN_BUILD_BENCHMARKS=ON" build release tinynn_bench_deployed

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
build/release/benchmarks/tinynn_bench_deployed "$folder" "$@" >"$folder/bytes"
for header in "$folder"/*.hpp; do
    case=$(basename "$header" .hpp)
    for flags in "-O3" "-O3 -march=native"; do
        # shellcheck disable=SC2086
        g++ -std=c++17 $flags -I. -include "$header" "-DCASE=\"$case\"" "-DCOMPILED=\"$flags\"" \
            benchmarks/deployed_header.cpp -o "$folder/$case$flags.program"
    done
done
first=() # before whatever else the machine does, where that may be asked for
if chrt -f 50 true 2>/dev/null; then first=(chrt -f 50); fi
turn() {
    for program in "$folder"/*.program; do "${first[@]}" "$program"; done
    "${first[@]}" build/release/benchmarks/tinynn_bench_deployed time "$folder"
    if [[ -d build/npm/node_modules/onnxruntime-node ]]; then
        NODE_PATH=build/npm/node_modules "${first[@]}" node benchmarks/peers/onnxruntime/inference.cjs "$folder" 1 1
    fi
}
turn >/dev/null # warms the machine up
for ((i = 0; i < repetitions; ++i)); do turn >>"$folder/times"; done
benchmarks/deployed_table.py "$folder/times" "$folder/bytes"
