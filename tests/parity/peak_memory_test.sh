#!/usr/bin/env bash
# peak_memory_test.sh TINYNN LIBTORCH: prints what training steps need at their peak in both benchmark programs, and fails if
# tinynn needs more: LeNet-5 with 256 images, ResNet-20 with 32.
set -euo pipefail

peak() { "$@" --threads 1 --momentum 0.9 | python3 -c 'import json, sys; print(json.load(sys.stdin)["peak_bytes"])'; }

for work in "lenet-5 --batch-size 256 --steps 12" "resnet-20 --batch-size 32 --steps 2"; do
    read -ra options <<<"$work"
    tinynn=$(peak "$1" --model "${options[@]}")
    libtorch=$(peak "$2" --model "${options[@]}")
    echo "peak memory of $work: tinynn $tinynn bytes, libtorch $libtorch bytes"
    ((tinynn <= libtorch))
done
