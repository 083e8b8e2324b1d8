#!/usr/bin/env bash
# Digits of MNIST, written by Python in every format that data::open() reads, are the same digits: float by float.
# formats_test.sh PATH_OF_TINYNN_COMPARE_DATA. Exit code 77 where there are none.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/../../../datasets/find.sh"
use_data mnist fashion-mnist || { echo "skipped: $no_data" && exit 77; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

python=python3
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import numpy' 2>/dev/null; then python=$candidate && break; fi
done
"$python" "$here/write.py" "$TINYNN_DATA/$data" "$out" 900 200
files=(torchvision idx4 emnist:digits emnist:letters csv_first csv_last csv_words pictures stored.npz deflated.npz version3.npz)
[[ ! -e $out/numpy.npz ]] || files+=(numpy.npz numpy_compressed.npz)
"$1" "$out/idx" "${files[@]/#/$out/}"
