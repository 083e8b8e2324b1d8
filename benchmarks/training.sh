#!/usr/bin/env bash
# Times training with tinynn and, where it can be had, with libtorch, side by side:
#   benchmarks/training.sh MODEL [--repetitions R] [OPTION...]
# MODEL is lenet-300-100, lenet-5, simple-cnn or resnet-20. Options are those of the programs that run (see
# build/release/benchmarks/tinynn_bench_training --help), such as --batch-size N, --steps N, --epochs N or
# --data FOLDER; without a folder the images are random. Each program runs with one thread and with all cores, in
# turns, so that a busy moment of the machine strikes both alike.
set -euo pipefail

model=${1:-}
case $model in
    lenet-300-100 | simple-cnn) options=(--optimizer adam --lr 0.001) ;;
    lenet-5) options=(--optimizer sgd --lr 0.01 --momentum 0.9) ;;
    resnet-20) options=(--optimizer sgd --lr 0.1 --momentum 0.9 --weight-decay 5e-4 --batch-size 128 --steps 10) ;;
    *)
        echo "usage: $0 lenet-300-100|lenet-5|simple-cnn|resnet-20 [--repetitions R] [OPTION...]" >&2
        exit 2
        ;;
esac
shift
repetitions=5
while (($#)); do
    case $1 in
        --repetitions)
            repetitions=${2:?"--repetitions needs a number"}
            shift 2
            ;;
        --data)
            options+=(--data "$(realpath "${2:?"--data needs a folder"}")")
            shift 2
            ;;
        *)
            options+=("$1")
            shift
            ;;
    esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh
install_packages "${build_packages[@]}" python3
install_packages libtorch-dev || echo "There is no libtorch to compare with, so this measures tinynn alone."
TINYNN_CMAKE_ARGS="${TINYNN_CMAKE_ARGS:-} -DTINYNN_BUILD_BENCHMARKS=ON" build release tinynn_benchmarks

threads=(1)
(($(nproc) > 1)) && threads+=("$(nproc)")
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((i = 0; i < repetitions; ++i)); do
    for count in "${threads[@]}"; do
        for program in build/release/benchmarks/*_bench_training; do
            "$program" --model "$model" "${options[@]}" --threads "$count" >>"$results"
        done
    done
done
echo "$model ${options[*]}"
benchmarks/training_table.py "$results"
