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

tmp=$(mktemp -d)
first=tinynn$$a second=tinynn$$b
trap 'ip netns del $first 2>/dev/null; ip netns del $second 2>/dev/null; rm -rf "$tmp"' EXIT
ip netns add $first
ip netns add $second
ip link add cable netns $first type veth peer name cable netns $second
for end in 1 2; do
    namespace=$([[ $end == 1 ]] && echo $first || echo $second)
    ip -n $namespace addr add 10.99.0.$end/24 dev cable
    ip -n $namespace link set lo up
    ip -n $namespace link set cable up
    ip netns exec $namespace tc qdisc add dev cable root tbf rate "${rate}mbit" burst 64kb latency 400ms
done

# In place of ssh: the second namespace.
printf '#!/bin/sh\nshift\nexec ip netns exec %s sh -c "$*"\n' $second >"$tmp/agent"
chmod +x "$tmp/agent"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
join() { # PROGRAM ARGUMENT...: one process at each end
    ip netns exec $first mpirun --host 10.99.0.1:1,10.99.0.2:1 --mca plm_rsh_agent "$tmp/agent" --mca btl tcp,self \
        --mca btl_tcp_if_include cable --mca oob_tcp_if_include cable --bind-to none -x MASTER_ADDR=10.99.0.1 "$@"
}
join "$program" "$model" "$batch" "$steps" cable
if [[ $model == lenet-300-100 ]] && /usr/bin/python3 -c "import torch.distributed" 2>/dev/null; then
    join /usr/bin/python3 "$PWD/benchmarks/peers/network.py" "$batch" "$steps" cable
else
    echo "without PyTorch's rows, which need python3-torch and lenet-300-100" >&2
fi
