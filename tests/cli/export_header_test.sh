#!/usr/bin/env bash
# Tests `tinynn export --format header`: what it writes, and what it refuses. export_header_test.sh TINYNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
export TINYNN_DATA=$out/data
tiny_mnist "$TINYNN_DATA/mnist" 60
cd "$out"
succeeds "$tinynn" prune --model lenet-300-100 --data mnist --epochs 1 --sparsity 0.9 --steps 1 --finetune-epochs 1 --quiet \
    --out p.safetensors

succeeds "$tinynn" export --in p.safetensors --format header --name digits --out digits.hpp
prints 'bytes of constants'
grep -q '^//   made by     tinynn export --in p.safetensors --format header --name digits --out digits.hpp$' digits.hpp ||
    complain "no command in $(head -20 digits.hpp)"
grep -q accuracy digits.hpp && complain "an accuracy that nobody measured"

# In bytes: small, with an accuracy, and the same from another folder at another time.
common=(--format header --name digits --quantize int8 --raw-input)
succeeds "$tinynn" export --in p.safetensors "${common[@]}" --data mnist --out digits.hpp --metrics m.json
is_true m.json "m['pruned']['file_bytes'] == $(stat -c %s digits.hpp) and 0 <= m['pruned']['test_accuracy'] <= 1"
grep -q '^//   accuracy .* of the 60 test images of mnist$' digits.hpp || complain "no accuracy in $(head -20 digits.hpp)"
mkdir other
(cd other && succeeds "$tinynn" export --in "$out/p.safetensors" "${common[@]}" --out "$out/other/digits.hpp" --quiet) || failed=1
same_file digits.hpp other/digits.hpp # --data is the data set of the training, paths lose their folders
printf '%s\n' '#include "digits.hpp"' 'int main() { uint8_t x[784] = {}; float y[10]; digits_predict(x, y); return y[0] != y[0]; }' >main.cpp
succeeds g++ -std=c++17 -Wall -Wextra -Wconversion -Werror main.cpp -o main
succeeds ./main

fails 1 'the name is "a b", expected letters' "$tinynn" export --in p.safetensors --format header --name "a b" --out no.hpp
fails 1 'unknown data set' "$tinynn" export --in p.safetensors --format header --quantize int8 --data nowhere --out no.hpp
fails 2 'not in' "$tinynn" export --in p.safetensors --format pdf --out no.hpp
fails 1 'cannot write' "$tinynn" export --in p.safetensors --format header --out no/folder.hpp
[[ ! -e no.hpp ]] || complain "something was written"

((failed == 0)) && echo "all is well"
exit $failed
