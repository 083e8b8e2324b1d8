#!/usr/bin/env bash
# Tests in which form the command stores what is pruned, and what it exports. export_test.sh TINYNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
export TINYNN_DATA=$out/data
tiny_mnist "$TINYNN_DATA/mnist" 60
dense=$out/dense.safetensors pruned=$out/pruned.safetensors exported=$out/exported.safetensors
once=(--data mnist --steps 1 --finetune-epochs 0 --scope local)
"$tinynn" train --model lenet-300-100 --data mnist --epochs 1 --quiet --out "$dense"

# --- each parameter takes the smallest form, and inspect says which

succeeds "$tinynn" inspect "$dense"
prints 'fc1.weight .* dense +940,800$'
prints '^all .* 1,066,440$'
succeeds "$tinynn" prune --in "$dense" "${once[@]}" --sparsity 0.5 --out "$pruned" --metrics "$out/half.json"
succeeds "$tinynn" inspect "$pruned"
prints 'fc1.weight .* compressed +3[89][0-9],[0-9]{3}$'
prints 'fc1.bias .* dense +1,200$'
succeeds "$tinynn" prune --in "$dense" "${once[@]}" --sparsity 0.95 --out "$pruned" --metrics "$out/m.json"
succeeds "$tinynn" inspect "$pruned"
prints 'fc1.weight .* compressed +[34][0-9],[0-9]{3}$'
is_true "$out/m.json" "m['pruned']['file_bytes'] == $(stat -c %s "$pruned") < 0.07 * m['dense']['file_bytes']"
is_true "$out/half.json" "0.4 < m['pruned']['file_bytes'] / m['dense']['file_bytes'] < 0.44"
[[ $(python3 "$(dirname "${BASH_SOURCE[0]}")/../io/checkpoint.py" "$pruned") == $(python3 -c "import json; print(json.load(open('$out/m.json'))['pruned']['nonzero'])") ]] ||
    complain "another reader counts other non-zero values"

# --- what is exported computes the same, is dense, and has no masks

for _ in 1 2; do
    succeeds "$tinynn" export --in "$pruned" --format safetensors --out "$exported" --metrics "$out/x.json"
    prints 'its zeros are kept, its masks are not'
    is_true "$out/x.json" "m['pruned']['file_bytes'] == $(stat -c %s "$exported") and m['model'] == 'lenet-300-100'"
    is_true "$out/x.json" "m['pruned']['nonzero'] == json.load(open('$out/m.json'))['pruned']['nonzero']"
    cp "$exported" "$out/again.safetensors"
done
same_file "$exported" "$out/again.safetensors"
succeeds "$tinynn" inspect "$exported"
prints 'fc1.weight .* 5.00% +0 +dense +940,800$'
python3 "$(dirname "${BASH_SOURCE[0]}")/../io/checkpoint.py" "$exported" "$pruned" >/dev/null ||
    complain "another reader finds other values in what is compressed than in what is dense"
succeeds "$tinynn" eval --in "$exported" --metrics "$out/e.json"
is_true "$out/e.json" "m['pruned']['test_accuracy'] == json.load(open('$out/m.json'))['pruned']['test_accuracy']"
succeeds "$tinynn" export --in "$dense" --format safetensors --out "$exported" --quiet
same_file "$dense" "$exported"

# --- programs and ONNX; a build without the schema says so and writes nothing

succeeds "$tinynn" export --in "$pruned" --format program --out "$out/a.plan"
succeeds "$tinynn" export --in "$pruned" --format program --raw-input --out "$out/b.plan"
succeeds "$tinynn" export --in "$pruned" --format program --quantize int8 --data mnist --out "$out/c.plan" --metrics "$out/c.json"
prints 'test accuracy, as exported'
is_true "$out/c.json" "abs(m['pruned']['test_accuracy'] - json.load(open('$out/m.json'))['pruned']['test_accuracy']) < 0.02"
(($(wc -c <"$out/c.plan") * 2 < $(wc -c <"$out/a.plan"))) || complain "a program in eight bits is not half as large"
grep -q '"tinynn.plan"' "$out/a.plan" || complain "no plan in a.plan"
! cmp -s "$out/a.plan" "$out/b.plan" || complain "--raw-input changed nothing"
if "$tinynn" export --in "$pruned" --format onnx --out "$out/a.onnx" 2>"$out/stderr" >/dev/null; then
    [[ $(head -c 100 "$out/a.onnx" | tr -d '\0') == *tinynn* ]] || complain "a.onnx does not name its producer"
else
    grep -q 'built without libonnx-dev' "$out/stderr" || complain "no reason in $(<"$out/stderr")"
    [[ ! -e $out/a.onnx ]] || complain "a.onnx was written all the same"
fi
succeeds "$tinynn" export --in "$pruned" --format safetensors --quantize codebook:16 --out "$out/shared.safetensors"
succeeds "$tinynn" inspect "$out/shared.safetensors"
prints 'fc1.weight .* compressed +1[0-9],[0-9]{3}$'
succeeds "$tinynn" export --in "$out/shared.safetensors" --format safetensors --out "$out/unshared.safetensors"
python3 "$(dirname "${BASH_SOURCE[0]}")/../io/checkpoint.py" "$out/shared.safetensors" "$out/unshared.safetensors" >/dev/null ||
    complain "another reader finds other shared values in what is compressed than in what is dense"
succeeds "$tinynn" eval --in "$out/shared.safetensors" --data mnist
fails 1 'expected codebook:K with K from 1 to 256' "$tinynn" export --in "$pruned" --format safetensors --quantize codebook:0 --out "$exported"
fails 1 'only --format safetensors has one' "$tinynn" export --in "$pruned" --format onnx --quantize codebook:8 --out "$exported"
fails 1 'only --format header and program have bytes' "$tinynn" export --in "$dense" --format onnx --quantize int8 --out "$exported"
fails 1 'has no place for it' "$tinynn" export --in "$dense" --format safetensors --raw-input --out "$out/none"

# --- what is wrong is said in one line

fails 2 'tinynn: .*--format.*safetensors' "$tinynn" export --in "$dense" --format pickle --out "$exported"
fails 2 'tinynn: .*--format' "$tinynn" export --in "$dense" --out "$exported"
fails 2 'tinynn: .*--out' "$tinynn" export --in "$dense" --format safetensors
fails 1 'cannot read .*nowhere' "$tinynn" export --in "$out/nowhere" --format safetensors --out "$exported"
fails 1 'cannot write .*No such file' "$tinynn" export --in "$dense" --format safetensors --out "$out/no/where"
sed 's/fc1.weight_compressed/fc1.weight_comprezzed/' "$pruned" >"$out/bad.safetensors"
fails 1 'bad.safetensors does not fit its own graph: it lacks "fc1.weight"' "$tinynn" eval --in "$out/bad.safetensors"
truncate -s -1 "$pruned"
fails 1 'pruned.safetensors: tensor "fc3.weight_[a-z_]+", data_offsets .*: outside the file' "$tinynn" inspect "$pruned"
same_file "$dense" "$exported"

((failed == 0)) && echo "all is well"
exit $failed
