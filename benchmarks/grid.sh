#!/usr/bin/env bash
# What each way of pruning costs, in one table: benchmarks/grid.sh [MODEL [SPARSITY...]]
# MODEL is lenet-300-100 (the default) or lenet-5. All rows start from one network, trained for 3 epochs, and prune it
# in 5 steps with one epoch of fine-tuning after each, with the same seed; those whose way begins in dense training
# (movement, snip before it) do it anew, with as many epochs in all. Needs MNIST; see datasets/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh

model=${1:-lenet-300-100}
shift $(($# > 0))
sparsities=("$@")
((${#sparsities[@]})) || sparsities=(0.9 0.95 0.98)
install_packages "${build_packages[@]}" python3
build release tinynn_cli
export TINYNN_DATA=${TINYNN_DATA:-$PWD/datasets}

common=(--data mnist --seed 1 --steps 5 --quiet)
unstructured=(
    "magnitude:" "magnitude, each layer the same:--scope local" "lamp:--criterion lamp"
    "sensitivity:--criterion sensitivity" "|w| / sensitivity:--criterion threshold-sensitivity" "snip:--criterion snip"
    "snip at the start:--criterion snip --from-scratch 0 --schedule one-shot --finetune-epochs 8" "taylor:--criterion taylor" "hessian:--criterion hessian"
    "movement:--criterion movement --from-scratch 3"
    "bernoulli:--criterion bernoulli" "random:--criterion random"
    "magnitude, exponential schedule:--schedule exponential" "magnitude, one shot:--schedule one-shot --finetune-epochs 5"
    "magnitude + l1:--regularizer l1:2e-5" "magnitude + l2:--regularizer l2:2e-4"
    "magnitude + set:--regrow set" "magnitude + rigl:--regrow rigl"
    "magnitude + sparse momentum:--regrow sparse-momentum" "dns (surgery), lr 0.005:--regrow dns --lr 0.005"
    "blocks of 4 x 4 weights:--granularity block:4"
)
structured=(
    "l1 norm:--criterion magnitude" "l2 norm:--criterion ln --norm 2" "fpgm:--criterion fpgm" "taylor:--criterion taylor"
    "mean activation:--criterion activation" "apoz:--criterion apoz" "random:--criterion random"
    "l2 norm + group lasso:--criterion ln --norm 2 --regularizer group-lasso:1e-4"
)

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
tinynn=build/release/tinynn/tinynn
"$tinynn" train --model "$model" --data mnist --epochs 3 --seed 1 --quiet --out "$out/dense.safetensors" --metrics "$out/dense.json"

# run KIND "NAME:OPTIONS" SPARSITY...: one row.
run() {
    local kind=$1 name=${2%%:*} options sparsity source
    read -ra options <<<"${2#*:}"
    shift 2
    for sparsity in "$@"; do
        source=(--in "$out/dense.safetensors")
        local rest=() i
        for ((i = 0; i < ${#options[@]}; ++i)); do
            if [[ ${options[i]} == --from-scratch ]]; then
                source=(--model "$model" --epochs "${options[++i]}")
            else
                rest+=("${options[i]}")
            fi
        done
        [[ " ${rest[*]} " == *" --finetune-epochs "* ]] || rest+=(--finetune-epochs 1)
        "$tinynn" prune "${source[@]}" "${common[@]}" --sparsity "$sparsity" --metrics "$out/m.json" "${rest[@]}"
        python3 -c 'import json, sys
m = json.load(open(sys.argv[1]))
print(json.dumps({"kind": sys.argv[2], "name": sys.argv[3], "asked": sys.argv[4], "test_accuracy": m["pruned"]["test_accuracy"]}))' \
            "$out/m.json" "$kind" "$name" "$sparsity" >>"$out/rows"
    done
}
for row in "${unstructured[@]}"; do run "single weights" "$row" "${sparsities[@]}"; done
for row in "${structured[@]}"; do run "rows and filters" "$row --granularity row" 0.5 0.75; done
benchmarks/grid_table.py "$out/dense.json" "$out/rows"
