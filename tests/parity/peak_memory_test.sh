#!/usr/bin/env bash
# peak_memory_test.sh TINYNN LIBTORCH: prints what a LeNet-5 training step of 256 images needs at its peak in both
# benchmark programs, and fails if tinynn needs more.
set -euo pipefail

peak() { "$1" --model lenet-5 --batch-size 256 --steps 12 --threads 1 --momentum 0.9 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["peak_bytes"])'; }

tinynn=$(peak "$1")
libtorch=$(peak "$2")
echo "peak memory of a LeNet-5 training step at batch 256: tinynn $tinynn bytes, libtorch $libtorch bytes"
((tinynn <= libtorch))
