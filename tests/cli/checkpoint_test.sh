#!/usr/bin/env bash
# Tests --checkpoint, --every and --resume: Ctrl-C, other options, a full disk, a folder that vanishes. What is killed is
# tested by kill_test.py. checkpoint_test.sh TINYNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
export TINYNN_DATA=$out/data
tiny_mnist "$TINYNN_DATA/mnist" 600
cd "$out"
train=("$tinynn" train --model lenet-300-100 --data mnist --epochs 40 --quiet --out)
succeeds "${train[@]}" whole

# interrupted SIGNAL CODE: a run that gets the signal after its first checkpoint ends with the code, and says how to go on.
interrupted() {
    local code=0
    rm -f run.ckpt part
    "${train[@]}" part --checkpoint run.ckpt --every 1 2>stderr &
    appears run.ckpt $!
    kill -"$1" $!
    wait $! || code=$?
    [[ $code == "$2" ]] || complain "after SIG$1: exit code $code, expected $2"
    grep -q '^tinynn: interrupted; the same command with --resume goes on from run.ckpt$' stderr || complain "SIG$1: $(<stderr)"
    [[ ! -e part ]] || complain "a model of half a run was written"
}
interrupted INT 130
interrupted TERM 143
succeeds "${train[@]}" part --checkpoint run.ckpt --resume --threads 2
same_file whole part
succeeds "${train[@]}" part --checkpoint run.ckpt --resume # what is through is through
same_file whole part
succeeds "${train[@]}" part --checkpoint new.ckpt --resume # nothing to resume yet
same_file whole part
succeeds "${train[@]}" part --checkpoint run.ckpt # without --resume it begins anew
same_file whole part

fails 1 'run.ckpt: it is of a run with lr=0.1, expected lr=0.2$' "${train[@]}" part --checkpoint run.ckpt --resume --lr 0.2
fails 1 'run.ckpt: it is of a run with epochs=40, expected epochs=3$' "$tinynn" train --model lenet-300-100 --data mnist \
    --epochs 3 --checkpoint run.ckpt --resume
fails 1 'run.ckpt: it is of a run with .*expected criterion=taylor$' "$tinynn" prune --model lenet-300-100 --data mnist \
    --sparsity 0 --criterion taylor --schedule one-shot --epochs 40 --checkpoint run.ckpt --resume
fails 1 'run.ckpt: it is of a run with model=lenet-300-100, expected model=lenet-5$' "$tinynn" train --model lenet-5 --data mnist \
    --epochs 40 --checkpoint run.ckpt --resume
fails 1 'whole is no checkpoint of a run' "${train[@]}" part --checkpoint whole --resume
head -c 1000 run.ckpt >short.ckpt
fails 1 'short.ckpt' "${train[@]}" part --checkpoint short.ckpt --resume
fails 1 'cannot write no/where: folder no: No such file' "${train[@]}" part --checkpoint no/where
fails 2 'needs --checkpoint' "${train[@]}" part --resume
for every in 0 -1 2.5 s 1m 1e99; do fails 2 'neither seconds' "${train[@]}" part --checkpoint run.ckpt "--every=$every"; done

# A checkpoint that cannot be written costs the run nothing.
failed_saves() { grep -qx "tinynn: cannot write $1; the run goes on" stderr || complain "no \"$1\" in $(<stderr)"; }
"${train[@]}" part --checkpoint /dev/full --every 50 2>stderr || complain "exit code $? with a full disk: $(<stderr)"
failed_saves '/dev/full: No space left on device'
same_file whole part
mkdir gone
"${train[@]}" part --checkpoint gone/run.ckpt --every 1 2>stderr &
appears gone/run.ckpt $!
until rm -r gone 2>/dev/null; do :; done
wait $! || complain "exit code $? without the folder: $(<stderr)"
failed_saves 'gone/run.ckpt: No such file or directory'
same_file whole part
mkdir small
if mount -t tmpfs -o size=1m tmpfs small 2>/dev/null; then
    "${train[@]}" part --checkpoint small/run.ckpt --every 50 2>stderr || complain "exit code $? with a small disk: $(<stderr)"
    failed_saves 'small/run.ckpt: No space left on device'
    [[ -z $(ls -A small) ]] || complain "left behind on the full disk: $(ls -A small)"
    umount small
    same_file whole part
fi

((failed == 0)) && echo "all is well"
exit $failed
