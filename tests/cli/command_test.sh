#!/usr/bin/env bash
# Tests the tinynn command on a tiny data set: what it writes, and what it says when something is wrong.
# command_test.sh PATH_OF_TINYNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
export TINYNN_DATA=$out/data
tiny_mnist "$TINYNN_DATA/mnist" 60
dense=$out/dense.safetensors pruned=$out/pruned.safetensors

# --- train, prune, eval and inspect agree with each other

succeeds "$tinynn" train --model lenet-300-100 --data mnist --epochs 2 --seed 3 --out "$dense" --metrics "$out/train.json"
prints 'saved: +.*dense.safetensors'
is_true "$out/train.json" "m['model'] == 'lenet-300-100' and m['dataset'] == 'mnist' and m['seed'] == 3"
is_true "$out/train.json" "m['dense']['parameters'] == 266610 and len(m['dense']['epoch_seconds']) == 2"
is_true "$out/train.json" "m['dense']['file_bytes'] == $(stat -c %s "$dense")"

succeeds "$tinynn" prune --in "$dense" --data mnist --sparsity 0.9 --steps 3 --finetune-epochs 1 --out "$pruned" --metrics "$out/prune.json"
is_true "$out/prune.json" "len(m['steps']) == 3 and abs(m['pruned']['sparsity'] - 0.9) < 0.0005"
is_true "$out/prune.json" "m['steps'][-1]['test_accuracy'] == m['pruned']['test_accuracy'] and m['pruned']['macs'] == 26620"
is_true "$out/prune.json" "m['dense']['test_accuracy'] == $(python3 -c "import json; print(json.load(open('$out/train.json'))['dense']['test_accuracy'])")"
is_true "$out/prune.json" "m['pruned']['file_bytes'] == $(stat -c %s "$pruned") and set(m['pruned']['latency_us']) == {'1', '64'}"

succeeds "$tinynn" eval --in "$pruned" --data mnist --metrics "$out/eval.json"
is_true "$out/eval.json" "m['pruned']['test_accuracy'] == json.load(open('$out/prune.json'))['pruned']['test_accuracy']"
is_true "$out/eval.json" "m['pruned']['nonzero'] == json.load(open('$out/prune.json'))['pruned']['nonzero']"
succeeds "$tinynn" eval --in "$pruned" --quiet
[[ ! -s $out/stdout ]] || complain "--quiet printed $(<"$out/stdout")"

succeeds "$tinynn" inspect "$pruned"
prints 'fc1.weight +\(300, 784\)'
prints 'tinynn.model: lenet-300-100'

for schedule in one-shot linear cubic; do
    for scope in local global; do
        succeeds "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 --steps 2 --schedule $schedule --scope $scope \
            --finetune-epochs 0 --metrics "$out/m.json"
        is_true "$out/m.json" "m['pruned']['sparsity'] == 0.5 and len(m['steps']) == (1 if '$schedule' == 'one-shot' else 2)"
    done
done
for model in lenet-5 simple-cnn; do
    succeeds "$tinynn" prune --model $model --data mnist --epochs 1 --sparsity 0.5 --steps 1 --finetune-epochs 1 --optimizer adam
done
succeeds "$tinynn" train --model lenet-300-100 --data "$TINYNN_DATA/mnist" --epochs 1 --l1 0.001 --lr-schedule constant

for augment in "" none crop:2; do
    succeeds "$tinynn" train --model lenet-300-100 --data mnist --epochs 1 ${augment:+--augment $augment} --metrics "$out/m$augment.json"
done
python3 - "$out" <<'END' || complain "--augment changes nothing, or too much"
import json, sys
plain, none, crop = (json.load(open(f"{sys.argv[1]}/m{a}.json"))["dense"]["test_accuracy"] for a in ["", "none", "crop:2"])
sys.exit(not (plain == none != crop))
END

# --- equal seeds give equal bytes, whatever the number of threads

for threads in 1 2; do
    succeeds "$tinynn" prune --model simple-cnn --data mnist --epochs 2 --sparsity 0.8 --steps 2 --seed 5 --threads $threads --out "$out/$threads.safetensors"
done
succeeds "$tinynn" prune --model simple-cnn --data mnist --epochs 2 --sparsity 0.8 --steps 2 --seed 5 --threads 2 --out "$out/again.safetensors"
same_file "$out/1.safetensors" "$out/2.safetensors"
same_file "$out/2.safetensors" "$out/again.safetensors"

# --- help reads, and is no error

succeeds "$tinynn" --help
for command in train prune eval inspect; do
    prints "$command"
    "$tinynn" $command --help >"$out/help" || complain "$command --help"
    grep -q -- --metrics "$out/help" || complain "$command --help does not name --metrics"
done
succeeds "$tinynn" train --help
prints 'lenet-300-100 .*cosine'
prints '--epochs INT:0 or more'
prints '--momentum FLOAT:0 to 1'

# --- wrong usage: exit code 2

fails 2 'tinynn: .*subcommand' "$tinynn"
fails 2 'tinynn: .*--nonsense' "$tinynn" train --model lenet-5 --data mnist --nonsense
fails 2 'tinynn: .*lenet-6.*lenet-300-100' "$tinynn" train --model lenet-6 --data mnist
fails 2 'tinynn: .*--data' "$tinynn" train --model lenet-5
fails 2 'tinynn: .*--sparsity.*1.5' "$tinynn" prune --in "$dense" --data mnist --sparsity 1.5
fails 2 'tinynn: how much to prune. Give sparsity' "$tinynn" prune --in "$dense" --data mnist
fails 2 'tinynn: .*--in or --model' "$tinynn" prune --data mnist --sparsity 0.5
fails 2 'tinynn: .*--steps' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 --steps 0
fails 2 'tinynn: .*--epochs' "$tinynn" train --model lenet-5 --data mnist --epochs -1
fails 2 'tinynn: .*--lr' "$tinynn" train --model lenet-5 --data mnist --lr fast
fails 2 'tinynn: .*optimizer: "luck" is none of sgd, adam' "$tinynn" train --model lenet-5 --data mnist --optimizer luck
fails 2 'tinynn: .*augment: "moon" is none of crop:PIXELS, flip' "$tinynn" train --model lenet-5 --data mnist --augment flip,moon
fails 2 'tinynn: .*lr-schedule: "moon" is none of constant' "$tinynn" train --model lenet-5 --data mnist --lr-schedule moon
fails 2 'tinynn: criterion: "luck" is none of magnitude, ln' "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 --criterion luck

# --- what cannot be done: exit code 1, and earlier files stay as they were

fails 1 'unknown data set "cats", expected mnist' "$tinynn" train --model lenet-5 --data cats
fails 1 "data set cifar10 not found; tried $TINYNN_DATA/cifar10, datasets/cifar10, /usr/share/datasets/cifar10" \
    "$tinynn" train --model resnet-20 --data cifar10
fails 1 'mnist has images of 1 x 28 x 28, resnet-20 takes 3 x 32 x 32' "$tinynn" train --model resnet-20 --data mnist --epochs 9999
fails 1 'mnist has images of 1 x 28 x 28, vgg-small takes' "$tinynn" prune --model vgg-small --data mnist --sparsity 0.5
small_digits "$out/small" 60 16
fails 1 'small has images of 1 x 16 x 16, lenet-5 takes 1 x 28 x 28' "$tinynn" train --model lenet-5 --data "$out/small"
fails 1 'small has images of 1 x 16 x 16, lenet-300-100 takes 1 x 28 x 28' "$tinynn" eval --in "$dense" --data "$out/small"
# What a Debian package has put there is found without any setting.
if [[ -d /usr/share/datasets/fashion-mnist ]]; then
    succeeds "$tinynn" train --model lenet-300-100 --data fashion-mnist --epochs 0
fi
fails 1 'cannot read .*nowhere.safetensors: No such file' "$tinynn" eval --in "$out/nowhere.safetensors" --data mnist
head -c 100000 "$dense" >"$out/short.safetensors"
fails 1 'short.safetensors: ' "$tinynn" eval --in "$out/short.safetensors" --data mnist
sed 's/lenet-300-100/simple-cnn   /' "$dense" >"$out/other.safetensors"
succeeds "$tinynn" eval --in "$out/other.safetensors" --data mnist # its graph says what it is
fails 1 'it is a folder' "$tinynn" train --model lenet-5 --data mnist --out "$out"
fails 1 'No such file or directory' "$tinynn" train --model lenet-5 --data mnist --out "$out/no/where.safetensors"
if [[ -c /dev/full ]]; then
    fails 1 'cannot write /dev/full: No space left on device' "$tinynn" train --model lenet-300-100 --data mnist --epochs 1 --out /dev/full
fi
# Paths that cannot be looked at: links that lead to each other, names that are too long.
ln -s loop-b "$out/loop-a" && ln -s loop-a "$out/loop-b"
long=$out/$(printf 'a%.0s' {1..300})
for bad in "$out/loop-a:Too many levels of symbolic links" "$out/loop-a/x:Too many levels" "$long:File name too long"; do
    path=${bad%%:*} says=${bad#*:}
    fails 1 "cannot read .*$says" "$tinynn" eval --in "$path"
    fails 1 "unknown data set .*$says" "$tinynn" eval --in "$dense" --data "$path"
    for option in --out --metrics --report --checkpoint; do
        fails 1 "tinynn: cannot write .*$says" "$tinynn" prune --in "$dense" --data mnist --sparsity 0.5 "$option" "$path"
    done
    fails 1 "tinynn: cannot write .*$says" "$tinynn" export --in "$dense" --format header --out "$path"
    fails 1 "cannot write .*$says" "$tinynn" inspect "$dense" --dot "$path"
done
python3 - "$dense" "$out/nan.safetensors" <<'END'
import struct, sys
content = bytearray(open(sys.argv[1], "rb").read())
content[-4:] = struct.pack("<f", float("nan"))
open(sys.argv[2], "wb").write(content)
END
fails 1 'nan.safetensors: tensor "fc3.bias" has 1 values that are NaN, the first at element 9' "$tinynn" eval --in "$out/nan.safetensors"
if [[ -c /dev/full ]]; then
    for command in "inspect $dense" "eval --in $dense" "train --help" "--version" "completion"; do
        code=0
        # shellcheck disable=SC2086
        "$tinynn" $command >/dev/full 2>"$out/stderr" || code=$?
        [[ $code == 1 ]] || complain "$command into a full disk: exit code $code"
        grep -q 'tinynn: cannot write to standard output' "$out/stderr" || complain "$command into a full disk: $(<"$out/stderr")"
    done
fi
cp "$pruned" "$out/before.safetensors"
mkdir "$out/folder" && cp "$pruned" "$out/folder/kept.safetensors"
if ((EUID != 0)); then
    chmod a-w "$out/folder"
    fails 1 'Permission denied' "$tinynn" train --model lenet-300-100 --data mnist --epochs 1 --out "$out/folder/kept.safetensors"
    chmod u+w "$out/folder"
fi
fails 1 'the loss became' "$tinynn" train --model lenet-300-100 --data mnist --lr 1e30 --out "$pruned"
same_file "$pruned" "$out/before.safetensors"
same_file "$out/folder/kept.safetensors" "$out/before.safetensors"

# --- a file whose network cannot be run, or that holds none

# with_graph FILE GRAPH: the dense network with another graph in its metadata.
with_graph() {
    python3 - "$dense" "$1" "$2" <<'END'
import json, struct, sys
content = open(sys.argv[1], "rb").read()
length = struct.unpack("<Q", content[:8])[0]
header = json.loads(content[8:8 + length])
if sys.argv[3]:
    header["__metadata__"]["tinynn.graph"] = sys.argv[3]
else:
    del header["__metadata__"]["tinynn.graph"]
text = json.dumps(header).encode()
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + content[8 + length:])
END
}
layers='in n,1,28,28;flatten %0 start=1;linear %1 fc1.weight .bias;relu %2;linear %3 fc2.weight .bias;relu %4;linear %5 fc3.weight .bias'
with_graph "$out/graph.safetensors" "$layers;out %6"
succeeds "$tinynn" inspect "$out/graph.safetensors"
with_graph "$out/graph.safetensors" ''
succeeds "$tinynn" inspect "$out/graph.safetensors" # its metadata name a model
sed 's/tinynn.model/tinynn.muddl/' "$out/graph.safetensors" >"$out/weights.safetensors"
fails 1 'weights.safetensors has weights, but does not say of which network; give --model' "$tinynn" eval --in "$out/weights.safetensors" --data mnist
succeeds "$tinynn" inspect "$out/weights.safetensors"
prints '^fc1.weight +F32 +\(300, 784\) +235,200$'
with_graph "$out/graph.safetensors" "$layers;out %7"
fails 1 'graph.safetensors: graph: item 8 reads value %7 before it is there; there are 7' "$tinynn" inspect "$out/graph.safetensors"
with_graph "$out/graph.safetensors" "${layers/28,28/28,27};out %6"
fails 1 'graph.safetensors: the network cannot be run: linear: input \(1, 756\) does not fit weight' "$tinynn" inspect "$out/graph.safetensors"
with_graph "$out/graph.safetensors" "${layers/fc2.weight/fc4.weight};out %6"
fails 1 'graph.safetensors does not fit its own graph: it lacks "fc4.weight"' "$tinynn" inspect "$out/graph.safetensors"
mkdir -p "$TINYNN_DATA/cifar10"
for part in data_batch_{1..5} test_batch; do
    python3 -c "import sys; sys.stdout.buffer.write(bytes(range(256)) * 12 + b'\0')" >"$TINYNN_DATA/cifar10/$part.bin"
done

# --- bad data files name the file and what was expected

bad_data() { # PATTERN: the damaged copy in $out/bad must be refused with it
    fails 1 "$1" "$tinynn" train --model lenet-300-100 --data "$out/bad" --epochs 1
    rm -rf "$out/bad"
}
copy() { cp -r "$TINYNN_DATA/mnist" "$out/bad"; }
copy && rm "$out/bad/t10k-labels-idx1-ubyte"
bad_data 't10k-labels-idx1-ubyte.*t10k-labels.idx1-ubyte'
copy && truncate -s 20000 "$out/bad/train-images-idx3-ubyte"
bad_data 'train-images-idx3-ubyte: '
copy && cp "$out/bad/train-labels-idx1-ubyte" "$out/bad/train-images-idx3-ubyte"
bad_data 'train-images-idx3-ubyte: .*expected'
copy && echo "not IDX at all" >"$out/bad/train-images-idx3-ubyte"
bad_data 'train-images-idx3-ubyte: .*expected'
copy && tiny_mnist "$out/more" 61 && cp "$out/more/train-labels-idx1-ubyte" "$out/bad"
bad_data '61.*60|60.*61'
copy && printf '\x0b' | dd of="$out/bad/train-labels-idx1-ubyte" bs=1 seek=20 conv=notrunc status=none
bad_data 'has 12 classes, lenet-300-100 gives 10 outputs'

((failed == 0)) && echo "all is well"
exit $failed
