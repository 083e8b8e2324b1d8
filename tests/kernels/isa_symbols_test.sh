#!/usr/bin/env bash
# What is compiled for newer instructions must stay where only machines that have them get to: an object file
# of one instruction set defines nothing outside its namespace, and nothing weak, of which the linker would
# keep one copy for all. isa_symbols_test.sh NM OBJECT...
set -euo pipefail
nm=$1
shift
(($#)) || { echo "no object files"; exit 1; }
found=0
for object in "$@"; do
    symbols=$("$nm" --defined-only --extern-only "$object")
    found=$((found + $(grep -c . <<<"$symbols" || true)))
    leaks=$(grep -vE '^[0-9a-f]* [TDRB] _ZNK?6tinynn7kernels4simd[0-9]+(baseline|x86_64_v[34](_vnni)?)[0-9]' <<<"$symbols" |
        grep . || true)
    if [[ -n $leaks ]]; then
        echo "$object defines, outside the namespace of its instruction set or weakly:"
        echo "$leaks"
        exit 1
    fi
done
((found > 0)) || { echo "the object files define nothing at all"; exit 1; }
echo "$found symbols in $# objects, all in the namespaces of their instruction sets"
