#!/usr/bin/env bash
# What each way of pruning costs, in tables: benchmarks/grid.sh [--keep FOLDER] [MODEL [SPARSITY...]]
# MODEL is lenet-300-100 (the default) or lenet-5, which has one table more: channels of a LeNet-5 with BatchNorm.
# All rows of a table start from one network, trained for 3 epochs, and prune it in 5 steps with one epoch of
# fine-tuning after each, with the same seed; those whose way begins in dense training (movement, snip before it, L1 on
# the scales of BatchNorm) do it anew, with as many epochs in all. With --keep, each run's metrics stay in FOLDER, and
# what is there already is not run again. Needs MNIST; see datasets/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh
source benchmarks/results_folder.sh
model=${1:-lenet-300-100}
shift $(($# > 0))
sparsities=("$@")
# What is fitting for 470 steps an epoch at a learning rate of 0.1 is not for 940 steps at 0.02.
case $model in
lenet-300-100) of_weights=(0.9 0.95 0.98) whole=neuron to_macs=(0.25 0.1) l1=2e-5 group_lasso=1e-4 surgery_lr=0.005 ;;
lenet-5) of_weights=(0.95) whole=channel to_macs=(0.125) l1=5e-5 group_lasso=2.5e-4 surgery_lr=0.002 ;;
*) echo "grid.sh: there is no grid for \"$model\", only for lenet-300-100 and lenet-5" >&2 && exit 2 ;;
esac
((${#sparsities[@]})) || sparsities=("${of_weights[@]}")
install_packages "${build_packages[@]}" python3
build release tinynn_cli
export TINYNN_DATA=${TINYNN_DATA:-$PWD/datasets}

unstructured=(
    "magnitude:" "magnitude, each layer the same:--scope local" "lamp:--criterion lamp"
    "sensitivity:--criterion sensitivity" "|w| / sensitivity:--criterion threshold-sensitivity" "snip:--criterion snip"
    "snip at the start:--from-scratch 0 --criterion snip --schedule one-shot --finetune-epochs 8"
    "taylor:--criterion taylor" "hessian:--criterion hessian" "movement:--from-scratch 3 --criterion movement"
    "bernoulli:--criterion bernoulli" "random:--criterion random"
    "magnitude, exponential schedule:--schedule exponential" "magnitude, one shot:--schedule one-shot --finetune-epochs 5"
    "magnitude + l1:--regularizer l1:$l1" "magnitude + l2:--regularizer l2:2e-4"
    "magnitude + set:--regrow set" "magnitude + rigl:--regrow rigl" "magnitude + sparse momentum:--regrow sparse-momentum"
    "dns (surgery), lr $surgery_lr:--regrow dns --lr $surgery_lr" "blocks of 4 x 4 weights:--granularity block:4"
)
norms=("l1 norm:--criterion magnitude" "l2 norm:--criterion ln --norm 2" "fpgm:--criterion fpgm"
    "taylor:--criterion taylor" "mean activation:--criterion activation")
structured=("${norms[@]}" "apoz:--criterion apoz" "random:--criterion random"
    "l2 norm + group lasso:--criterion ln --norm 2 --regularizer group-lasso:$group_lasso")
with_batch_norm=("scale of the BatchNorm:--criterion bn-scale"
    "the same + l1 on scales:--from-scratch 3 --criterion bn-scale --regularizer bn-l1:1e-2"
    "${norms[@]}" "random:--criterion random")

tinynn=build/release/tinynn/tinynn

# run KIND MODEL "NAME:OPTIONS" AMOUNT-OPTION AMOUNT...: one row. "--from-scratch N" first in OPTIONS: train N dense
# epochs anew.
run() {
    local kind=$1 model=$2 name=${3%%:*} amount_option=$4 options amount metrics
    local dense="$out/$model.safetensors"
    [[ -e $dense ]] || "$tinynn" train --model "$model" --data mnist --epochs 3 --seed 1 --quiet --out "$dense"
    read -ra options <<<"${3#*:}"
    if [[ ${options[0]:-} == --from-scratch ]]; then
        options=(--model "$model" --epochs "${options[@]:1}")
    else
        options=(--in "$dense" "${options[@]}")
    fi
    [[ " ${options[*]} " == *" --finetune-epochs "* ]] || options+=(--finetune-epochs 1)
    shift 4
    for amount in "$@"; do
        metrics="$out/$model, $kind, ${name//\// by }, $amount.json"
        [[ -e $metrics ]] || "$tinynn" prune --data mnist --seed 1 --steps 5 --quiet "$amount_option" "$amount" \
            --metrics "$metrics" "${options[@]}"
        printf '%s\t' "$kind" "$name" "$amount" >>"$out/rows"
        echo "$metrics" >>"$out/rows"
    done
}
rm -f "$out/rows"
for row in "${unstructured[@]}"; do run "single weights" "$model" "$row" --sparsity "${sparsities[@]}"; done
for row in "${structured[@]}"; do run "${whole}s" "$model" "$row --granularity $whole" --to-macs "${to_macs[@]}"; done
if [[ $model == lenet-5 ]]; then
    for row in "${with_batch_norm[@]}"; do
        run "channels, with BatchNorm" lenet-5-bn "$row --granularity channel --layers conv1,conv2" --to-macs "${to_macs[@]}"
    done
fi
benchmarks/grid_table.py "$out/rows"
