#!/usr/bin/env bash
# What each form of a pruned network costs and saves, in one table of accuracy, bytes and time: floats, 8 bits,
# and codebooks of 8, 16 and 32 values: benchmarks/quantization.sh [--keep FOLDER] [REPETITIONS]. Accuracy is that of
# MNIST's 10,000 test images. Times are of one image on one thread, medians of the repetitions, 5 by default, that take
# turns; headers are compiled by g++ -O3. With --keep, the networks stay in FOLDER, and those that are there already are
# not trained again. Needs MNIST; see datasets/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh
source benchmarks/results_folder.sh
repetitions=${1:-5}
install_packages "${build_packages[@]}" python3 libonnx-dev libprotobuf-dev
TINYNN_CMAKE_ARGS="${TINYNN_CMAKE_ARGS:-} -DTINYNN_BUILD_BENCHMARKS=ON" build release tinynn_cli tinynn_bench_deployed
export TINYNN_DATA=${TINYNN_DATA:-$PWD/datasets}
tinynn=build/release/tinynn/tinynn

# header CASE IN OPTION...: exports it and compiles the program that times it.
header() {
    local case=$1 in=$2
    shift 2
    "$tinynn" export --in "$in" --format header --data mnist --quiet --metrics "$out/$case.json" \
        --out "$out/$case.hpp" "$@"
    g++ -std=c++17 -O3 -I. -include "$out/$case.hpp" "-DCASE=\"$case\"" '-DCOMPILED="-O3"' benchmarks/deployed_header.cpp \
        -o "$out/$case.program"
}
# file CASE IN: what it scores, what it weighs, and the program that it becomes.
file() {
    "$tinynn" eval --in "$2" --data mnist --quiet --metrics "$out/$1.json" >/dev/null
    "$tinynn" export --in "$2" --format program --quiet --out "$out/$1.plan"
    printf '{"case": "%s", "bytes": %d}\n' "$1" "$(stat -c %s "$2")" >>"$out/bytes"
}
# network NAME MODEL OPTION...: all forms of a network that is pruned with these options.
network() {
    local name=$1 model=$2 dense="$out/$2.safetensors" pruned="$out/$1.safetensors" values
    shift 2
    [[ -e $dense ]] || "$tinynn" train --model "$model" --data mnist --quiet --out "$dense"
    [[ -e $pruned ]] || "$tinynn" prune --in "$dense" --data mnist --quiet --out "$pruned" "$@"
    file "$name: dense, file" "$dense"
    file "$name: float, file" "$pruned"
    header "$name: float, header" "$pruned"
    header "$name: 8 bits, header" "$pruned" --quantize int8
    for values in 8 16 32; do
        "$tinynn" export --in "$pruned" --format safetensors --quantize codebook:$values --quiet \
            --out "$out/codebook.safetensors"
        file "$name: $values values, file" "$out/codebook.safetensors"
    done
}
rm -f "$out/bytes" "$out/times"
network "LeNet-300-100, 92% zero" lenet-300-100 --sparsity 0.92 --finetune-epochs 4
network "LeNet-300-100, 95% zero" lenet-300-100 --sparsity 0.95 --finetune-epochs 4
network "LeNet-300-100, 98% zero" lenet-300-100 --sparsity 0.98
network "LeNet-5, 98% zero" lenet-5 --sparsity 0.98

turn() {
    for program in "$out"/*.program; do "$program"; done
    build/release/benchmarks/tinynn_bench_deployed time "$out"
}
turn >/dev/null # warms the machine up
for ((i = 0; i < repetitions; ++i)); do turn >>"$out/times"; done
benchmarks/quantization_table.py "$out"
