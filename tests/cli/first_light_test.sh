#!/usr/bin/env bash
# The promise of the README on real MNIST: LeNet-300-100 loses 95% of its weights and keeps its accuracy, the two
# convolutional networks learn. first_light_test.sh PATH_OF_TINYNN. Where there is no MNIST, the same on Fashion-MNIST
# with accuracies of its own; exit code 77 where there is neither.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
use_data mnist fashion-mnist || { echo "skipped: $no_data" && exit 77; }
echo "on $data"
if [[ $data == mnist ]]; then
    dense=0.980 pruned=0.978 simple_cnn=0.980 lenet_5=0.988
else
    dense=0.890 pruned=0.885 simple_cnn=0.880 lenet_5=0.895
fi

file=$out/pruned.safetensors
succeeds "$tinynn" prune --model lenet-300-100 --data "$data" --sparsity 0.95 --out "$file" --metrics "$out/m.json"
is_true "$out/m.json" "m['dense']['test_accuracy'] >= $dense"
is_true "$out/m.json" "m['pruned']['test_accuracy'] >= $pruned and abs(m['pruned']['sparsity'] - 0.95) < 0.0005"

# Counted by others than tinynn, in whichever form each parameter is stored; and the file is smaller for it.
nonzero=$(python3 "$(dirname "${BASH_SOURCE[0]}")/../io/checkpoint.py" "$file")
is_true "$out/m.json" "m['pruned']['nonzero'] == $nonzero"
is_true "$out/m.json" "m['pruned']['file_bytes'] == $(stat -c %s "$file") < 0.09 * m['dense']['file_bytes']"

succeeds "$tinynn" eval --in "$file" --data "$data" --metrics "$out/eval.json"
is_true "$out/eval.json" "m['pruned']['test_accuracy'] == json.load(open('$out/m.json'))['pruned']['test_accuracy']"

succeeds "$tinynn" train --model simple-cnn --data "$data" --epochs 3 --seed 1 --metrics "$out/m.json"
is_true "$out/m.json" "m['dense']['test_accuracy'] >= $simple_cnn"
succeeds "$tinynn" train --model lenet-5 --data "$data" --epochs 3 --metrics "$out/m.json"
is_true "$out/m.json" "m['dense']['test_accuracy'] >= $lenet_5"

((failed == 0)) && echo "all is well"
exit $failed
