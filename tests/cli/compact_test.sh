#!/usr/bin/env bash
# Tests that pruned channels are deleted, by `tinynn compact` and by `tinynn prune` itself. compact_test.sh TINYNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
export TINYNN_DATA=$out/data
tiny_mnist "$TINYNN_DATA/mnist" 60
dense=$out/dense.safetensors small=$out/small.safetensors masked=$out/masked.safetensors
"$tinynn" train --model simple-cnn --data mnist --epochs 1 --quiet --out "$dense"
common=(--in "$dense" --data mnist --finetune-epochs 1 --batch-size 20 --metrics "$out/m.json")

# A budget is met, and nothing is left of what was pruned: in the metrics, in the file, and in a network made of it.
for criterion in magnitude taylor fpgm random; do
    succeeds "$tinynn" prune "${common[@]}" --granularity channel --to-macs 0.5 --steps 2 --criterion $criterion --out "$small"
    is_true "$out/m.json" "0.3 < m['compact']['macs'] / m['dense']['macs'] <= 0.5"
    is_true "$out/m.json" "m['compact']['parameters'] == m['compact']['nonzero'] < m['dense']['parameters']"
    is_true "$out/m.json" "m['compact']['output_difference'] < 1e-5 and m['compact']['test_accuracy'] == m['pruned']['test_accuracy']"
    is_true "$out/m.json" "m['compact']['file_bytes'] == $(stat -c %s "$small")"
done
succeeds "$tinynn" eval --in "$small" --data mnist --metrics "$out/e.json"
is_true "$out/e.json" "m['dense']['parameters'] == $(python3 -c "import json; print(json.load(open('$out/m.json'))['compact']['parameters'])")"
succeeds "$tinynn" inspect "$small"
prints 'conv1.weight +\([123], 1, 3, 3\)'
succeeds "$tinynn" prune --in "$small" --data mnist --granularity neuron --to-params 0.5 --steps 1 --finetune-epochs 1 --metrics "$out/m.json"
is_true "$out/m.json" "m['compact']['parameters'] <= 0.5 * m['dense']['parameters']"
succeeds "$tinynn" prune "${common[@]}" --granularity channel --sparsity 0.5 --steps 1 --round-to 2 --out "$small"
succeeds "$tinynn" inspect "$small"
prints 'conv1.weight +\([24], 1, 3, 3\)'

# Masks of another run become deletion; without data there is no accuracy, but all else.
succeeds "$tinynn" prune "${common[@]}" --granularity filter --sparsity 0.5 --steps 1 --out "$masked"
succeeds "$tinynn" compact --in "$masked" --out "$small" --metrics "$out/m.json"
prints 'channels deleted'
is_true "$out/m.json" "m['compact']['parameters'] < m['pruned']['parameters'] and 'test_accuracy' not in m['compact']"
succeeds "$tinynn" compact --in "$masked" --out "$small" --metrics "$out/m.json" --data mnist
is_true "$out/m.json" "set(m['compact']) >= {'test_accuracy', 'parameters', 'macs', 'file_bytes', 'output_change_by_bias', 'output_difference', 'latency_us'}"
succeeds "$tinynn" compact --in "$small" --out "$out/again.safetensors"
same_file "$small" "$out/again.safetensors" # nothing was left to delete

# Times of the network as it was made, as it is in the file, and without what is dead.
succeeds "$tinynn" bench --in "$masked" --batch 1,4 --threads 1 --metrics "$out/b.json"
prints 'as in the file'
is_true "$out/b.json" "[form['name'] for form in m['forms']] == ['dense, all of it', 'as in the file', 'compacted']"
is_true "$out/b.json" "all(form['latency_us']['4'] > 0 for form in m['forms']) and m['forms'][2]['parameters'] < m['forms'][0]['parameters']"
succeeds "$tinynn" bench --in "$masked" --batch 1,4 --threads 1 --profile --metrics "$out/b.json"
prints 'compacted, batch 4, step by step'
prints 'conv2d [0-9]+ x 28 x 28, relu .*%'
is_true "$out/b.json" "all(sum(step['macs'] for step in form['profile']['4']) == form['macs'] for form in m['forms'])"
succeeds "$tinynn" bench --in "$masked" --batch 1,4 --threads 1 --int8 --profile --metrics "$out/b.json"
is_true "$out/b.json" "[form['name'] for form in m['forms']][-2:] == ['compacted', 'compacted, 8 bits']"
is_true "$out/b.json" "m['forms'][-1]['profile']['4'][0]['bytes'] < m['forms'][-2]['profile']['4'][0]['bytes']"
fails 2 'batch' "$tinynn" bench --in "$masked" --batch 0

succeeds "$tinynn" inspect "$small" --trace --groups --dot "$out/net.dot"
prints 'conv2d_0 \(\*, [0-9]+, 28, 28\) = conv2d\(input, conv1.weight, conv1.bias\)'
prints '[0-9]+ channels, each [0-9]+ parameters and [0-9]+ multiply-adds'
[[ $(head -1 "$out/net.dot") == "digraph model {" ]] || complain "no graph in $(cat "$out/net.dot")"

# Residual blocks that are missed least go as wholes; the file says so, and is read again.
mkdir -p "$TINYNN_DATA/cifar10"
for part in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
    python3 -c "import random, sys; random.seed('$part'); [sys.stdout.buffer.write(bytes([i % 10]) + random.randbytes(3072)) for i in range(4)]" \
        >"$TINYNN_DATA/cifar10/$part.bin"
done
succeeds "$tinynn" prune --model resnet-20 --data cifar10 --epochs 1 --batch-size 10 --granularity layer --to-macs 0.8 --steps 1 \
    --finetune-epochs 1 --out "$small" --metrics "$out/m.json"
is_true "$out/m.json" "0.6 < m['compact']['macs'] / m['dense']['macs'] <= 0.8 and m['compact']['output_difference'] < 1e-5"
succeeds "$tinynn" eval --in "$small" --data cifar10 --metrics "$out/e.json"
is_true "$out/e.json" "m['dense']['macs'] < 33000000"
fails 2 'layer needs to-macs' "$tinynn" prune --in "$small" --data cifar10 --granularity layer --sparsity 0.5

fails 2 'need whole channels' "$tinynn" prune "${common[@]}" --granularity row --to-macs 0.5
fails 2 'exclude each other' "$tinynn" prune "${common[@]}" --granularity channel --to-macs 0.5 --sparsity 0.5
fails 2 'neither threshold nor regrow' "$tinynn" prune "${common[@]}" --granularity channel --to-macs 0.5 --regrow set
fails 1 'the amount cannot be reached' "$tinynn" prune "${common[@]}" --granularity channel --to-macs 0.001 --steps 1
fails 1 'cannot write' "$tinynn" compact --in "$masked" --out "$out/no/folder.safetensors"

((failed == 0)) && echo "all is well"
exit $failed
