# Sourced: machines of this machine's own, network namespaces 10.99.0.1 to .N joined by a switch, and mpirun among them.
# Needs root, iproute2 and Open MPI.
# shellcheck shell=bash

# make_machines N MBIT FOLDER: each with a cable of so many Mbit/s. They are gone by remove_machines.
make_machines() {
    machines=$1 switch=tinynn$$s
    local mbit=$2 k
    ip netns add "$switch" && ip -n "$switch" link add switch type bridge && ip -n "$switch" link set switch up
    for ((k = 1; k <= machines; ++k)); do
        mkdir -p "$3/tmp$k" # where Open MPI of this machine writes
        ip netns add "tinynn$$m$k"
        ip link add cable netns "tinynn$$m$k" type veth peer name "port$k" netns "$switch"
        ip -n "$switch" link set "port$k" master switch up
        ip -n "tinynn$$m$k" addr add "10.99.0.$k/24" dev cable
        ip -n "tinynn$$m$k" link set lo up
        ip -n "tinynn$$m$k" link set cable up
        ip netns exec "tinynn$$m$k" tc qdisc add dev cable root tbf rate "${mbit}mbit" burst 64kb latency 400ms
    done
    # In place of ssh HOST COMMAND...
    agent=$3/agent
    cat >"$agent" <<A
#!/bin/sh
machine=\${1##*.}
shift
exec env TMPDIR="$3/tmp\$machine" ip netns exec "tinynn$$m\$machine" sh -c "\$*"
A
    chmod +x "$agent"
}
remove_machines() {
    local k
    for ((k = 1; k <= machines; ++k)); do ip netns del "tinynn$$m$k" 2>/dev/null || true; done
    ip netns del "$switch" 2>/dev/null || true
}
# on_machines ARGUMENT...: mpirun on the first of them.
on_machines() {
    TMPDIR=${agent%/*}/tmp1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ip netns exec "tinynn$$m1" \
        mpirun --mca plm_rsh_agent "$agent" --mca btl tcp,self --mca btl_tcp_if_include cable \
        --mca oob_tcp_if_include cable --bind-to none "$@"
}
