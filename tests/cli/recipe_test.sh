#!/usr/bin/env bash
# Tests that examples/recipe.cpp and the command of the same recipe give the same bytes, but for what the command says
# of itself in the metadata. recipe_test.sh PATH_OF_TINYNN PATH_OF_RECIPE
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1 recipe=$2
tiny_mnist "$out/mnist" 300
"$recipe" "$out/mnist" "$out/program.safetensors" >"$out/stdout"
succeeds env TINYNN_DATA="$out" "$tinynn" prune --model lenet-300-100 --data mnist --epochs 1 --finetune-epochs 1 --criterion taylor \
    --granularity block:4 --sparsity 0.9 --steps 2 --regularizer l2:1e-5 --regrow set --out "$out/command.safetensors"

cmp <(tensors "$out/program.safetensors") <(tensors "$out/command.safetensors") || failed=1
[[ $(tensors "$out/program.safetensors" | wc -c) -gt 50000 ]] || failed=1
exit "$failed"
