#!/usr/bin/env bash
# The promise of the README on real MNIST: LeNet-300-100 loses 95% of its weights and keeps its accuracy, the two
# convolutional networks learn. first_light_test.sh PATH_OF_TINYNN; exit code 77 without MNIST.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
if ! compgen -G "${TINYNN_DATA:-datasets}/mnist/train-images*" >/dev/null; then
    echo "skipped: no MNIST; set TINYNN_DATA or run datasets/fetch.sh mnist"
    exit 77
fi

pruned=$out/pruned.safetensors
succeeds "$tinynn" prune --model lenet-300-100 --data mnist --sparsity 0.95 --out "$pruned" --metrics "$out/m.json"
is_true "$out/m.json" "m['dense']['test_accuracy'] >= 0.980"
is_true "$out/m.json" "m['pruned']['test_accuracy'] >= 0.978 and abs(m['pruned']['sparsity'] - 0.95) < 0.0005"

# Counted by others than tinynn, in whichever form each parameter is stored; and the file is smaller for it.
nonzero=$(python3 "$(dirname "${BASH_SOURCE[0]}")/../io/checkpoint.py" "$pruned")
is_true "$out/m.json" "m['pruned']['nonzero'] == $nonzero"
is_true "$out/m.json" "m['pruned']['file_bytes'] == $(stat -c %s "$pruned") < 0.09 * m['dense']['file_bytes']"

succeeds "$tinynn" eval --in "$pruned" --data mnist --metrics "$out/eval.json"
is_true "$out/eval.json" "m['pruned']['test_accuracy'] == json.load(open('$out/m.json'))['pruned']['test_accuracy']"

succeeds "$tinynn" train --model simple-cnn --data mnist --epochs 3 --seed 1 --metrics "$out/m.json"
is_true "$out/m.json" "m['dense']['test_accuracy'] >= 0.980"
succeeds "$tinynn" train --model lenet-5 --data mnist --epochs 3 --metrics "$out/m.json"
is_true "$out/m.json" "m['dense']['test_accuracy'] >= 0.988"

((failed == 0)) && echo "all is well"
exit $failed
