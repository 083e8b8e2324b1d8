#!/usr/bin/env bash
# A network that only a program knows goes through the command and comes back. own_network_test.sh TINYNN OWN_NETWORK
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1 own=$2
export TINYNN_DATA=$out/data
tiny_mnist "$TINYNN_DATA/mnist" 60
cd "$out"
succeeds "$own" save mine.safetensors
succeeds "$tinynn" inspect mine.safetensors --trace --groups
prints 'concat'
common=(--data mnist --batch-size 20 --finetune-epochs 1)
succeeds "$tinynn" prune --in mine.safetensors "${common[@]}" --sparsity 0.8 --steps 2 --out sparse.safetensors
succeeds "$tinynn" prune --in mine.safetensors "${common[@]}" --granularity channel --to-macs 0.5 --steps 1 --out small.safetensors --metrics m.json
is_true m.json "m['compact']['macs'] <= 0.5 * m['dense']['macs'] and m['model'] == 'mine'"
succeeds "$tinynn" prune --in small.safetensors "${common[@]}" --granularity filter --sparsity 0.3 --steps 1 --out masked.safetensors
succeeds "$tinynn" compact --in masked.safetensors --out smaller.safetensors
formats=(header program safetensors)
! "$tinynn" export --in mine.safetensors --format onnx --out mine.onnx >/dev/null 2>&1 || formats+=(onnx) # if built so
for file in mine sparse small smaller; do
    succeeds "$tinynn" eval --in $file.safetensors --data mnist
    succeeds "$tinynn" sensitivity --in $file.safetensors --data mnist
    succeeds "$tinynn" bench --in $file.safetensors --batch 1
    for format in "${formats[@]}"; do
        succeeds "$tinynn" export --in $file.safetensors --format $format --out $file.$format
    done
    succeeds "$own" back $file.safetensors
done
prints '^[1-7] channels of the stem'
((failed == 0)) && echo "all is well"
exit $failed
