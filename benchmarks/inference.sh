#!/usr/bin/env bash
# Times inference with tinynn and with ONNX Runtime on the same networks, side by side: benchmarks/inference.sh
# [REPETITIONS]. Each runs with one thread and with all cores, in turns; the better median of each counts. ONNX Runtime
# comes from npm (onnxruntime-node); its calls go through JavaScript, whose cost the row "nothing" shows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh
install_packages "${build_packages[@]}" python3 libonnx-dev libprotobuf-dev
install_packages nodejs npm && install_npm onnxruntime-node || echo "There is no ONNX Runtime to compare with, so this measures tinynn alone."
TINYNN_CMAKE_ARGS="${TINYNN_CMAKE_ARGS:-} -DTINYNN_BUILD_BENCHMARKS=ON" build release tinynn_bench_inference

repetitions=${1:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
program=build/release/benchmarks/tinynn_bench_inference
"$program" 1 "$folder"
for ((i = 0; i < repetitions; ++i)); do
    for threads in 1 "$(nproc)"; do
        "$program" "$threads" >>"$folder/results"
        if [[ -d build/npm/node_modules/onnxruntime-node ]]; then
            NODE_PATH=build/npm/node_modules node benchmarks/peers/onnxruntime/inference.cjs "$folder" "$threads" \
                >>"$folder/results"
        fi
    done
done
benchmarks/inference_table.py "$folder/results"
