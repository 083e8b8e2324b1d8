#!/usr/bin/env bash
# What a step of a training that two processes share takes when they are joined by a network of so many Mbit/s, with all
# gradients sent and with those of live weights alone: benchmarks/network.sh [MBIT [MODEL [BATCH [STEPS]]]], by default 100
# lenet-300-100 512 10; and, on the same masks, of PyTorch's DistributedDataParallel. Each process has one thread and, by two network namespaces, an end of a cable; so it needs root,
# iproute2, libopenmpi-dev and openmpi-bin. A JSON object a line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rate=${1:-100} model=${2:-lenet-300-100} batch=${3:-512} steps=${4:-10}
program=$PWD/build/release/benchmarks/tinynn_bench_network
[[ -x $program ]] || { echo "build it first: cmake --preset release -DTINYNN_BUILD_BENCHMARKS=ON, and libopenmpi-dev" >&2 && exit 1; }
((EUID == 0)) || { echo "network namespaces need root" >&2 && exit 1; }

source tests/distributed/machines.sh
tmp=$(mktemp -d)
trap 'remove_machines; rm -rf "$tmp"' EXIT
make_machines 2 "$rate" "$tmp"
join() { # PROGRAM ARGUMENT...: one process at each end
    on_machines --host 10.99.0.1:1,10.99.0.2:1 -x MASTER_ADDR=10.99.0.1 "$@" | sed "s/^{/{\"mbit\": $rate, /"
}
join "$program" "$model" "$batch" "$steps" cable
if [[ $model == lenet-300-100 ]] && /usr/bin/python3 -c "import torch.distributed" 2>/dev/null; then
    join /usr/bin/python3 "$PWD/benchmarks/peers/network.py" "$batch" "$steps" cable
else
    echo "without PyTorch's rows, which need python3-torch and lenet-300-100" >&2
fi
