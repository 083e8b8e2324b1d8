#!/usr/bin/env bash
# Runs of mpirun on any number of processes end in the same bytes as one without it, also where a process is killed and
# another number goes on; they send no more than what is alive; whatever fails ends all of them.
# ranks_test.sh TINYNN GROUP_PROGRAM MPIRUN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../cli/support.sh"
tinynn=$1 program=$2 mpirun=$3
export TINYNN_DATA=$out/data
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none # which containers forbid
tiny_mnist "$TINYNN_DATA/mnist" 200
cd "$out"
on() { "$mpirun" --bind-to none -n "$@"; } # on N PROGRAM ARGUMENT...

on 2 true || {
    echo "skipped: mpirun starts nothing here"
    exit 77
}
for n in 1 2 3 4 8; do on "$n" "$program" || complain "the group of $n"; done

# same NAME "N ..." ARGUMENT...: on so many processes, and without mpirun, weights, masks and metrics are equal.
same() {
    local name=$1 numbers=$2 n
    shift 2
    local run=("$tinynn" prune --data mnist --batch-size 50 --quiet --threads 1 "$@")
    "${run[@]}" --shards 8 --out "$name.0" --metrics "$name.0.json" || complain "$name: exit code $?"
    for n in $numbers; do
        on "$n" "${run[@]}" --out "$name.$n" --metrics "$name.$n.json" || complain "$name on $n: exit code $?"
        same_file "$name.0" "$name.$n"
        python3 - "$name.0.json" "$name.$n.json" "$n" <<'P' || complain "$name on $n: other metrics"
import json, sys
def timeless(path):
    found = json.load(open(path))
    for part in [found, *found.get("steps", []), *(v for v in found.values() if isinstance(v, dict))]:
        for name in ("latency_us", "epoch_seconds", "ranks", "bytes_sent"):
            part.pop(name, None)
    return found
ranks = int(sys.argv[3])
assert timeless(sys.argv[1]) == timeless(sys.argv[2])
assert json.load(open(sys.argv[2])).get("ranks", 1) == ranks and timeless(sys.argv[2])["shards"] == 8
P
    done
}
same regrown "1 2 4 8" --model lenet-300-100 --sparsity 0.9 --criterion movement --regrow rigl --update-every 2 --steps 2 --epochs 1 \
    --finetune-epochs 2
same synced "1 2 4 8" --model lenet-5-bn --sync-bn --granularity channel --to-macs 0.5 --steps 2 --epochs 1 --finetune-epochs 1
same channels "1 2 4 8" --model lenet-5-bn --granularity channel --to-macs 0.5 --steps 2 --epochs 1 --finetune-epochs 1
same scored "2 8" --model lenet-5-bn --criterion taylor --granularity filter --sparsity 0.5 --steps 2 --epochs 1 --finetune-epochs 1
same limited "2" --model lenet-300-100 --sparsity 0.9 --max-loss 0.02 --steps 2 --epochs 1 --finetune-epochs 1
same gates "4" --model "conv 4 5, bn, relu, maxpool, flatten, dropout 0.3, linear 10" --regularizer l0:1e-4 --epochs 2 \
    --finetune-epochs 1
same ramp "2 8" --model lenet-5 --sparsity 0.95 --ramp-epochs 1 --update-every 2 --regrow gradient-sum:2 --cut-dead-units --epochs 1 \
    --finetune-epochs 1 --input-dropout 0.1
same residual "2" --model resnet-20 --resize 32 --channels 3 --granularity channel --to-macs 0.6 --steps 1 --epochs 1 \
    --finetune-epochs 1

# Bytes: in one fine-tuning with so many zeros, beside what the dense network sends.
sent() { # sent SPARSITY
    on 2 "$tinynn" prune --model lenet-300-100 --data mnist --batch-size 50 --sparsity "$1" --schedule one-shot --epochs 0 \
        --finetune-epochs 5 --quiet --metrics sent.json || complain "at sparsity $1: exit code $?"
    python3 -c 'import json; print(json.load(open("sent.json"))["bytes_sent"])'
}
dense=$(sent 0)
for zeros in 50 90 95 99; do
    bytes=$(sent "0.$zeros")
    ((bytes * 100 <= dense * (101 - zeros))) || complain "with $zeros% zeros $bytes bytes are sent, dense $dense"
done

# A process that is killed ends all; another number of them goes on to the same bytes.
train=("$tinynn" train --model lenet-300-100 --data mnist --epochs 60 --batch-size 50 --quiet --threads 1 --out)
succeeds "${train[@]}" whole --shards 8
# ended SIGNAL: 4 processes end once the third got the signal, after a checkpoint.
ended() {
    local code=0 third
    rm -f run.ckpt
    "$mpirun" --bind-to none -n 4 "${train[@]}" part --checkpoint run.ckpt --every 5 >stdout 2>stderr &
    appears run.ckpt $!
    third=$(pgrep -P $! tinynn | sort -n | sed -n 3p)
    kill -"$1" "$third"
    timeout 20 tail --pid=$! -f /dev/null || complain "20 seconds after SIG$1 it still runs"
    wait $! || code=$?
    [[ $code != 0 && ! -e part ]] || complain "after SIG$1: exit code $code"
}
ended KILL
on 2 "${train[@]}" part --checkpoint run.ckpt --resume || complain "not resumed on 2: exit code $?"
same_file whole part
rm part
ended TERM
grep -q '^tinynn: rank 0: interrupted; the same command with --resume goes on from run.ckpt$' stderr || complain "$(<stderr)"
succeeds "${train[@]}" part --checkpoint run.ckpt --resume --shards 8
same_file whole part

# all_fail MESSAGE COMMAND...: it ends soon, and says so, once.
all_fail() {
    local message=$1
    shift
    if timeout 30 "$@" >stdout 2>stderr; then complain "succeeded: $*"; fi
    [[ $(grep -c "^tinynn: .*$message" stderr) == 1 ]] || complain "not \"$message\" once, but $(<stderr)"
}
all_fail 'rank 0: fit: the loss became' "$mpirun" --bind-to none -n 4 "${train[@]}" part --lr 1e30
for ((k = 0; k < 5; ++k)); do # whichever of them comes first
    all_fail 'rank 0: .*not expected' "$mpirun" --bind-to none -n 4 "${train[@]}" part --nonsense
done
all_fail 'rank 0: rank 1: .*not expected' "$mpirun" -n 1 "${train[@]}" part : -n 1 "${train[@]}" part --nonsense
all_fail 'run.ckpt: it is of a run with shards=8, expected the usual shards$' "${train[@]}" part --checkpoint run.ckpt --resume
tiny_mnist other/mnist 201
all_fail 'rank 0: mnist is not the same on all machines' "$mpirun" -n 1 "${train[@]}" part : -n 1 env TINYNN_DATA=other \
    "${train[@]}" part
all_fail 'rank 0: run.ckpt is not the same file on all machines' "$mpirun" -n 1 "${train[@]}" part --checkpoint run.ckpt --resume \
    : -n 1 -wdir "$out/data" "${train[@]}" part --checkpoint run.ckpt --resume
all_fail 'rank 0: Group: 3 processes, expected a power of two' "$mpirun" --bind-to none -n 3 "${train[@]}" part
all_fail 'rank 0: shards: 2 processes for 5 shards, expected a power of two' "$mpirun" --bind-to none -n 2 "${train[@]}" part \
    --shards 5
all_fail 'rank 0: rank 1 has lr=0.3, expected lr=0.1, as rank 0$' "$mpirun" -n 1 "${train[@]}" part : -n 1 "${train[@]}" part --lr 0.3
prune=("$tinynn" prune --model lenet-300-100 --data mnist --batch-size 50 --epochs 1 --quiet --sparsity)
all_fail 'rank 0: rank 1 has sparsity=0.8, expected sparsity=0.9, as rank 0$' "$mpirun" -n 1 "${prune[@]}" 0.9 : \
    -n 1 "${prune[@]}" 0.8
all_fail 'rank 0: rank 1 has blas=.*, expected blas=.*, as rank 0$' "$mpirun" -n 1 "${train[@]}" part : \
    -n 1 env OPENBLAS_CORETYPE=Prescott "${train[@]}" part
all_fail 'rank 1: data set mnist not found' "$mpirun" -n 1 "${train[@]}" part : -n 1 env TINYNN_DATA=nowhere "${train[@]}" part
[[ ! -w /dev/full ]] || all_fail 'rank 0: cannot write /dev/full' "$mpirun" -n 2 "${train[@]}" /dev/full

# Of a table each process makes a part, and the first one prints all.
"$tinynn" reproduce lenet-300-100 --quick --folder alone --metrics alone.json --quiet
on 3 "$tinynn" reproduce lenet-300-100 --quick --folder shared --metrics shared.json >stdout || complain "reproduce on 3: exit code $?"
diff <(grep -v '"seconds"' alone.json) <(grep -v '"seconds"' shared.json) || complain "a table made by 3 is another"
[[ $(grep -c ' trainings, 0 made before' stdout) == 1 && $(grep -c 'seed 1: error ' stdout) == 2 ]] || complain "reproduce on 3 prints $(<stdout)"
"$mpirun" --bind-to none -n 2 "$tinynn" reproduce fashion --seeds 50 --data mnist --folder ended >stdout 2>stderr &
until compgen -G 'ended/*.json' >/dev/null || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
kill -TERM "$(pgrep -P $! tinynn | sort -n | tail -1)"
timeout 20 tail --pid=$! -f /dev/null || complain "20 seconds after SIGTERM it still runs"
if wait $!; then complain "after SIGTERM reproduce on 2 succeeds"; fi
for ((k = 0; k < 200; ++k)); do [[ $(pgrep -f "$out/ended/" || true) ]] || break; sleep 0.05; done
[[ ! $(pgrep -f ended/fashion || true) ]] || complain "children outlive their parents"

# What is not shared is done once.
on 3 "$tinynn" eval --in whole --data mnist >stdout || complain "eval on 3: exit code $?"
[[ $(grep -c 'test accuracy' stdout) == 1 ]] || complain "eval on 3 prints $(<stdout)"
timeout 60 "$mpirun" --bind-to none -n 2 "$tinynn" reproduce structured --quick --folder folder >stdout || complain "reproduce on 2: exit code $?"
[[ $(grep -c 'channels deleted' stdout) == 1 ]] || complain "reproduce on 2 prints $(<stdout)"
((failed == 0)) && echo "all is well"
exit $failed
