#!/usr/bin/env bash
# tinynn beside its peers, in one table of ratios: benchmarks/compare.sh [--avx2] [REPETITIONS [PART...]], with the parts
# training (libtorch, dlib), pruned (PyTorch's pruning masks, and tinynn dense), product (a sparse one, by LIBXSMM, librsb and
# GraphBLAS) and inference (ONNX Runtime, oneDNN, TensorFlow.js; and in 8 bits, against floats); all by default.
# All programs take turns, each with one thread and with all cores; the better median of each counts. A step or call is
# timed alone, without loading, after a warm-up of the machine by the first turn, which does not count. Where a ratio's
# spread reaches over its bar, up to three times as many turns are taken. Images are random: the work does not depend on them.
# With --avx2, on a machine with AVX-512, all that can be told to keep to AVX2; ONNX Runtime and TensorFlow.js cannot and are
# left out. Beside Debian 13's libtorch 2.6: tests/packaging/bare_machine.sh trixie HEAD "benchmarks/compare.sh 3 training".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh
unset OPENBLAS_CORETYPE # OpenBLAS chooses its kernels itself, for this machine
avx2=
if [[ ${1:-} == --avx2 ]]; then
    avx2=yes
    shift
    export TINYNN_BENCH_ISA=x86-64-v3 OPENBLAS_CORETYPE=Haswell ATEN_CPU_CAPABILITY=avx2 DNNL_MAX_CPU_ISA=AVX2 LIBXSMM_TARGET=hsw
fi
repetitions=${1:-5}
shift $(($# > 0))
parts=("$@")
((${#parts[@]})) || parts=(training pruned product inference)
wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }

install_packages "${build_packages[@]}" python3
packages=() in_javascript=()
if wants training || wants pruned; then packages+=(libtorch-dev python3-torch libdlib-dev); fi
if wants product; then packages+=(libxsmm-dev librsb-dev libgraphblas-dev); fi
if wants inference; then
    packages+=(libonnx-dev libprotobuf-dev ocl-icd-opencl-dev libdnnl-dev)
    command -v npm >/dev/null || packages+=(nodejs npm)
    in_javascript=(onnxruntime-node onnxruntime-web @tensorflow/tfjs-layers @tensorflow/tfjs-backend-wasm)
fi
for package in "${packages[@]}"; do
    install_packages "$package" || echo "Without $package there is one peer less." >&2
done
for package in "${in_javascript[@]}"; do
    install_npm "$package" || echo "Without $package there is one peer less." >&2
done
TINYNN_CMAKE_ARGS="${TINYNN_CMAKE_ARGS:-} -DTINYNN_BUILD_BENCHMARKS=ON" build release tinynn_benchmarks

programs=build/release/benchmarks
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
with_torch= # Debian's Python, where another one comes first
for python in python3 /usr/bin/python3; do
    if [[ -z $with_torch ]] && "$python" -c 'import torch' 2>/dev/null; then with_torch=$python; fi
done
if [[ -x $programs/tinynn_bench_inference ]]; then "$programs/tinynn_bench_inference" 1 "$folder"; fi

# train THREADS OPTION...: one run of each library that has the network.
train() {
    local threads=$1 program
    shift
    for program in "$programs"/*_bench_training; do
        [[ $program != */dlib_* || $* != *resnet-20* ]] || continue
        "$program" --threads "$threads" "$@" >>"$folder/results"
    done
}

# One turn of everything.
turn() {
    local threads=$1 sgd=(--optimizer sgd --lr 0.01 --momentum 0.9) adam=(--optimizer adam --lr 0.001) sparsity batch
    [[ ! -x $programs/tinynn_bench_peak ]] || "$programs/tinynn_bench_peak" "$threads" >>"$folder/results"
    if wants training; then
        train "$threads" --model lenet-300-100 "${adam[@]}" --steps 200
        for batch in 1 4 16; do
            train "$threads" --model lenet-300-100 "${adam[@]}" --batch-size $batch --steps 300
        done
        train "$threads" --model simple-cnn "${adam[@]}" --steps 60
        train "$threads" --model lenet-5 "${sgd[@]}" --steps 40
        train "$threads" --model resnet-20 --optimizer sgd --lr 0.1 --momentum 0.9 --weight-decay 5e-4 \
            --batch-size 128 --steps 6
    fi
    if wants pruned; then
        for sparsity in 0 0.95 0.99; do
            "$programs/tinynn_bench_training" --threads "$threads" --model lenet-300-100 "${sgd[@]}" --steps 300 \
                --sparsity "$sparsity" | sed 's/"tinynn"/"tinynn, pruned"/' >>"$folder/results"
            if [[ $with_torch && $sparsity != 0 ]]; then
                "$with_torch" benchmarks/peers/pytorch/pruned_training.py "$sparsity" "$threads" 300 >>"$folder/results"
            fi
        done
        for sparsity in 0 0.95; do
            "$programs/tinynn_bench_training" --threads "$threads" --model lenet-5 "${sgd[@]}" --steps 40 \
                --sparsity "$sparsity" | sed 's/"tinynn"/"tinynn, pruned"/' >>"$folder/results"
        done
        for sparsity in 0 0.9; do
            "$programs/tinynn_bench_training" --threads "$threads" --model resnet-20 "${sgd[@]}" --batch-size 128 --steps 6 \
                --sparsity "$sparsity" | sed 's/"tinynn"/"tinynn, pruned"/' >>"$folder/results"
        done
    fi
    if wants product; then
        for program in "$programs"/*_bench_sparse_product; do "$program" "$threads" >>"$folder/results"; done
    fi
    if wants inference && [[ -x $programs/tinynn_bench_inference ]]; then
        for program in "$programs"/*_bench_inference; do "$program" "$threads" >>"$folder/results"; done
        in_node onnxruntime-node onnxruntime/inference.cjs "$folder" "$threads"
        in_node onnxruntime-web onnxruntime/inference.cjs --web "$folder" "$threads" 1 64
        in_node @tensorflow/tfjs-backend-wasm tfjs/inference.cjs "$threads"
    fi
}

# in_node PACKAGE SCRIPT ARGUMENT...: one run of a peer in JavaScript, where it could be had.
in_node() {
    [[ -z $avx2 && -d build/npm/node_modules/$1 ]] || return 0
    NODE_PATH=build/npm/node_modules node "benchmarks/peers/$2" "${@:3}" >>"$folder/results"
}

threads=(1)
(($(nproc) > 1)) && threads+=("$(nproc)")
turn 1
rm -f "$folder/results"
for ((i = 1; i <= 3 * repetitions; ++i)); do
    ((i <= repetitions)) || ! benchmarks/compare_table.py "$folder/results" --decided || break
    echo "{\"turn\": $i}" >>"$folder/results"
    for count in "${threads[@]}"; do turn "$count"; done
done
benchmarks/compare_table.py "$folder/results"
