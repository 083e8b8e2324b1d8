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

# Counted by others than tinynn: the format is simple enough.
nonzero=$(python3 - "$pruned" <<'EOF'
import array, json, struct, sys
file = open(sys.argv[1], "rb").read()
length = struct.unpack("<Q", file[:8])[0]
header = json.loads(file[8:8 + length])
count = 0
for name, tensor in header.items():
    if name != "__metadata__" and tensor["dtype"] == "F32":
        begin, end = tensor["data_offsets"]
        count += sum(x != 0 for x in array.array("f", file[8 + length + begin:8 + length + end]))
print(count)
EOF
)
is_true "$out/m.json" "m['pruned']['nonzero'] == $nonzero"

succeeds "$tinynn" eval --in "$pruned" --data mnist --metrics "$out/eval.json"
is_true "$out/eval.json" "m['pruned']['test_accuracy'] == json.load(open('$out/m.json'))['pruned']['test_accuracy']"

succeeds "$tinynn" train --model simple-cnn --data mnist --epochs 3 --seed 1 --metrics "$out/m.json"
is_true "$out/m.json" "m['dense']['test_accuracy'] >= 0.980"
succeeds "$tinynn" train --model lenet-5 --data mnist --epochs 3 --metrics "$out/m.json"
is_true "$out/m.json" "m['dense']['test_accuracy'] >= 0.988"

((failed == 0)) && echo "all is well"
exit $failed
