#!/usr/bin/env bash
# What examples/many_machines.md says, word by word where ssh allows: four machines, a host file, one training, the bytes of
# a single process; and after one of them went, two go on. machines_test.sh TINYNN
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../cli/support.sh"
source "$here/machines.sh"
tinynn=$1
if ((EUID != 0)) || ! command -v ip mpirun >/dev/null || ! ip netns add tinynn$$t 2>/dev/null; then
    echo "skipped: machines of one's own need root, iproute2 and Open MPI"
    exit 77
fi
ip netns del tinynn$$t
trap 'remove_machines; rm -rf "$out"' EXIT
make_machines 4 1000 "$out" && on_machines --host 10.99.0.1:1,10.99.0.2:1 true || {
    echo "skipped: no machines can be made here"
    exit 77
}
export TINYNN_DATA=$out/data PATH=$(dirname "$tinynn"):$PATH
tiny_mnist "$TINYNN_DATA/mnist" 200
cd "$out"
for k in 1 2 3 4; do echo "10.99.0.$k slots=1"; done >hosts
grep -q -- '--hostfile hosts -n 8 -x PATH -x TINYNN_DATA tinynn prune --model lenet-300-100 --data mnist' \
    "$here/../../examples/many_machines.md" || complain "the page has another command"

prune=(tinynn prune --model lenet-300-100 --data mnist --batch-size 50 --sparsity 0.95 --epochs 20 --steps 2 --quiet)
succeeds "${prune[@]}" --shards 8 --threads 1 --out alone.safetensors
on_machines --hostfile hosts -n 4 -x PATH -x TINYNN_DATA "${prune[@]}" --checkpoint run.ckpt --resume --out pruned.safetensors ||
    complain "on four machines: exit code $?"
same_file alone.safetensors pruned.safetensors

rm run.ckpt
on_machines --hostfile hosts -n 4 -x PATH -x TINYNN_DATA "${prune[@]}" --checkpoint run.ckpt --every 5 --resume --out again \
    >stdout 2>stderr &
appears run.ckpt $!
ip netns pids tinynn$$m3 | xargs kill -KILL # the third machine goes
timeout 30 tail --pid=$! -f /dev/null || complain "30 seconds after a machine went it still runs"
wait $! && complain "a run without one of its machines succeeds"
on_machines --hostfile hosts -n 2 -x PATH -x TINYNN_DATA "${prune[@]}" --checkpoint run.ckpt --resume --out again ||
    complain "on two machines: exit code $?"
same_file alone.safetensors again
((failed == 0)) && echo "all is well"
exit $failed
