#!/usr/bin/env bash
# The command where address space is limited (ulimit -v): it does its work or says in one line why it cannot, and ends.
# memory_test.sh PATH_OF_TINYNN BLAS
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1 blas=$2

use_data mnist fashion-mnist || { echo "skipped: $no_data"; exit 77; }
train=("$tinynn" train --model lenet-300-100 --data "$data" --epochs 1 --quiet)

for kilobytes in 80000 150000 300000 600000; do
    version=$(ulimit -v $kilobytes && exec timeout 10 "$tinynn" --version 2>/dev/null) || true
    [[ $version ]] || continue # OpenBLAS, newer ones above all, asks for ever before it comes to main()
    code=0
    (ulimit -v $kilobytes && exec timeout 60 "${train[@]}") >"$out/stdout" 2>"$out/stderr" || code=$?
    [[ $code == [01] ]] || complain "under $kilobytes kB: exit code $code: $(<"$out/stderr")"
    [[ $(wc -l <"$out/stderr") == "$code" ]] || complain "under $kilobytes kB: not one line: $(<"$out/stderr")"
done
if [[ $blas == Eigen ]]; then
    (ulimit -v 100000 && exec "${train[@]}" --threads 1) || complain "training takes more than 100 MB"
fi
exit $failed
