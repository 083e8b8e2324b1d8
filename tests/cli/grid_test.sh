#!/usr/bin/env bash
# Tests that what `tinynn prune` offers combines: every criterion, granularity, schedule, regularizer and regrowth,
# on a tiny data set. grid_test.sh PATH_OF_TINYNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
export TINYNN_DATA=$out/data
tiny_mnist "$TINYNN_DATA/mnist" 60
dense=$out/dense.safetensors
"$tinynn" train --model simple-cnn --data mnist --epochs 1 --quiet --out "$dense"

# prunes WHAT OPTION...: the run succeeds, and WHAT holds of its metrics `m`.
prunes() {
    local what=$1
    shift
    succeeds "$tinynn" prune --in "$dense" --data mnist --finetune-epochs 1 --batch-size 20 --metrics "$out/m.json" "$@"
    is_true "$out/m.json" "$what"
}
half="abs(m['pruned']['sparsity'] - 0.5) < 0.0005"
about_half="abs(m['pruned']['sparsity'] - 0.5) < 0.05"
about_half_of_layers="abs(m['steps'][-1]['sparsity'] - 0.5) < 0.05"

for criterion in magnitude ln random sensitivity threshold-sensitivity snip taylor hessian lamp; do
    prunes "$half" --sparsity 0.5 --steps 2 --criterion $criterion
    prunes "$about_half" --sparsity 0.5 --steps 1 --criterion $criterion --granularity row --scope local
done
for criterion in activation apoz fpgm lsh; do
    prunes "$about_half" --sparsity 0.5 --steps 1 --criterion $criterion --granularity filter
done
prunes "$about_half" --sparsity 0.5 --steps 2 --criterion bernoulli
prunes "$about_half" --sparsity 0.5 --steps 1 --granularity column
prunes "$about_half" --sparsity 0.5 --steps 1 --granularity block:4
prunes "abs(m['pruned']['sparsity'] - 0.5) < 0.02" --granularity 2:4 # 9 inputs a kernel position leave a rest
prunes "m['pruned']['sparsity'] == m['steps'][0]['sparsity'] > 0" --threshold 0.01
prunes "m['pruned']['sparsity'] > 0" --threshold 0.1 --criterion threshold-sensitivity

prunes "[round(s['target_sparsity'], 3) for s in m['steps']] == [0.2, 0.36, 0.4]" --sparsity 0.4 --schedule constant:0.2
prunes "[s['target_sparsity'] for s in m['steps']] == [0.1, 0.3]" --schedule list:0.1,0.3
prunes "$half" --sparsity 0.5 --steps 3 --schedule exponential

# A step that costs too much is undone, and the rest is not tried; a floor under every layer.
fitted=$out/fitted.safetensors
"$tinynn" train --model simple-cnn --data mnist --epochs 60 --batch-size 20 --optimizer adam --quiet --out "$fitted"
succeeds "$tinynn" prune --in "$fitted" --data mnist --schedule list:0.01,0.999,0.9999 --finetune-epochs 0 --max-loss 0.1 --metrics "$out/m.json"
is_true "$out/m.json" "len(m['steps']) == 1 and abs(m['pruned']['sparsity'] - 0.01) < 0.0005"
prints 'step 2 lost more than --max-loss and was undone'
fails 2 'cannot undo a step of regrow dns' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 --max-loss 0.1 --regrow dns
prunes "$half" --sparsity 0.5 --steps 1 --keep-at-least 0.4
fails 1 'cannot be reached|at least' "$tinynn" prune --in "$dense" --data mnist --granularity channel --to-macs 0.2 --steps 1 --keep-at-least 0.9

# One layer alone: the sparsity is its own, and the others keep all their weights.
prunes "abs(m['steps'][-1]['sparsity'] - 0.5) < 0.0005 and m['pruned']['nonzero'] == m['dense']['nonzero'] - 392 * 32" \
    --sparsity 0.5 --steps 2 --layers fc1
prunes "m['pruned']['nonzero'] == round(m['dense']['nonzero'] - 0.5 * (25088 + 288 + 36))" --sparsity 0.5 --steps 1 --layers -fc2
prunes "$about_half_of_layers" --sparsity 0.5 --steps 1 --layers conv2,fc1 --granularity filter

for regrow in set rigl sparse-momentum dns; do
    prunes "$half" --sparsity 0.5 --steps 2 --regrow $regrow
done
for regularizer in l2:1e-4 group-lasso:1e-4 l1:1e-4 bn-l1:1e-3; do
    prunes "$half" --sparsity 0.5 --steps 1 --regularizer $regularizer
done
prunes "m['pruned']['sparsity'] > 0.1" --regularizer l1:0.1
succeeds "$tinynn" prune --model lenet-300-100 --data mnist --epochs 40 --batch-size 20 --finetune-epochs 0 --regularizer l0:1e-4 --metrics "$out/m.json"
is_true "$out/m.json" "0 < m['pruned']['sparsity'] < 1"
succeeds "$tinynn" prune --model lenet-300-100 --data mnist --epochs 2 --sparsity 0.5 --steps 2 --rewind 0 --criterion movement
# On a saved network, what learns before the first cut does so in a fine-tuning.
prunes "$half" --sparsity 0.5 --steps 2 --criterion movement
succeeds "$tinynn" prune --in "$dense" --data mnist --batch-size 20 --regularizer l0:1e-4 --finetune-epochs 40 --metrics "$out/m.json"
is_true "$out/m.json" "0 < m['pruned']['sparsity'] < 1"

succeeds "$tinynn" prune --model lenet-5-bn --data mnist --epochs 1 --finetune-epochs 1 --sparsity 0.5 --steps 1 --criterion bn-scale \
    --granularity filter --layers conv1,conv2 --regularizer bn-l1:1e-3 --metrics "$out/m.json"
is_true "$out/m.json" "$about_half_of_layers and m['pruned']['macs'] < 0.9 * m['dense']['macs']"

succeeds "$tinynn" sensitivity --in "$dense" --data mnist --metrics "$out/m.json"
prints 'conv1.weight'
is_true "$out/m.json" "[l['name'] for l in m['layers']] == ['conv1.weight', 'conv2.weight', 'fc1.weight', 'fc2.weight']"
is_true "$out/m.json" "all(len(l['sparsity']) == len(l['accuracy']) == 12 for l in m['layers'])"

fails 1 'bn_scale: no BatchNorm' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 --criterion bn-scale --granularity filter
fails 1 'no layer with weights is called "conv3", expected some of: conv1, conv2, fc1, fc2' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 \
    --layers conv1,conv3
fails 1 'only 0.310345 of the weights can be pruned' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 \
    --granularity filter --layers conv2,fc2
fails 2 'criterion movement learns in training before the first cut' "$tinynn" prune --in "$dense" --data mnist \
    --sparsity 0.5 --criterion movement --finetune-epochs 0
fails 2 'criterion apoz scores whole outputs, which granularity block:4 divides' "$tinynn" prune --in "$dense" --data mnist \
    --sparsity 0.5 --criterion apoz --granularity block:4
fails 1 'no kernels' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 --granularity kernel
fails 2 'rewind needs dense training' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 --rewind 0
fails 2 'regularizer l0:1e-6 learns in training' "$tinynn" prune --in "$dense" --data mnist --regularizer l0:1e-6 --finetune-epochs 0
fails 2 'exclude each other' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 --threshold 0.1
fails 2 '"many" is no number' "$tinynn" prune --in "$dense" --data mnist --schedule list:many
fails 2 'must not fall' "$tinynn" prune --in "$dense" --data mnist --schedule list:0.5,0.3
fails 2 'no N:M' "$tinynn" prune --in "$dense" --data mnist --granularity 5:4
fails 2 'is none of l1' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 --regularizer l7:1
fails 2 'is no number' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 --regularizer l1
exit "$failed"
