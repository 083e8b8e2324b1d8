#!/usr/bin/env bash
# Tests that PyTorch loads what tinynn writes, and the other way round, with the same outputs.
# pytorch_test.sh PATH_OF_TINYNN PATH_OF_FORWARD [pytorch_test.py|state_dict_test.py]; exit code 77 where no Python with PyTorch is found (Debian's
# python3-torch).
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/../cli/support.sh"
# Debian's packages are known to Debian's Python alone, which another one may hide.
for python in python3 /usr/bin/python3; do
    if "$python" -c 'import torch' 2>/dev/null; then
        export TINYNN_DATA=$out/data PYTHONDONTWRITEBYTECODE=1
        tiny_mnist "$TINYNN_DATA/mnist" 60
        "$python" "$here/${3:-pytorch_test.py}" "$1" "$2" "$out"
        exit 0
    fi
done
echo "skipped: no Python with PyTorch; install python3-torch"
exit 77
