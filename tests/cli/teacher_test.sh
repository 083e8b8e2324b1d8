#!/usr/bin/env bash
# --teacher: a network is imitated, of the file alone; what does not fit is told where it is. teacher_test.sh TINYNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
export TINYNN_DATA=$out/data
tiny_mnist "$TINYNN_DATA/mnist" 300
cd "$out"
succeeds "$tinynn" train --model lenet-5 --data mnist --epochs 2 --quiet --out "a teacher.safetensors"
prune=("$tinynn" prune --model lenet-300-100 --data mnist --sparsity 0.8 --steps 1 --epochs 1 --finetune-epochs 1 --quiet)

# It decides what is trained, and a share of nothing decides nothing.
succeeds "${prune[@]}" --out without
succeeds "${prune[@]}" --teacher "a teacher.safetensors" --teacher-share 0 --out nothing
succeeds "${prune[@]}" --teacher "a teacher.safetensors" --temperature 2 --checkpoint run.ckpt --out with
cmp <(tensors without) <(tensors nothing) || complain "a share of 0 changes the weights"
if cmp -s <(tensors without) <(tensors with); then complain "the teacher changes nothing"; fi
succeeds "$tinynn" inspect with
prints 'teacher=a_teacher.safetensors temperature=2 teacher-share=0.5'

# A network that is pruned imitates what it was, also in shards.
succeeds "$tinynn" prune --in "a teacher.safetensors" --teacher "a teacher.safetensors" --data mnist --sparsity 0.8 --steps 1 \
    --finetune-epochs 1 --shards 2

train=("$tinynn" train --data mnist --epochs 1 --teacher)
fails 1 'nowhere.safetensors: No such file' "${train[@]}" nowhere.safetensors --model lenet-5
fails 1 'a teacher.safetensors takes samples of shape \(1, 28, 28\), the data have \(1, 16, 16\)' \
    "${train[@]}" "a teacher.safetensors" --resize 16 --model "linear 10"
fails 1 'a teacher.safetensors gives outputs of shape \([0-9]+, 10\), linear 12 of shape \([0-9]+, 12\)' \
    "${train[@]}" "a teacher.safetensors" --model "linear 12"
fails 1 '^tinynn: --teacher: --loss reconstruction has no classes to imitate' \
    "${train[@]}" "a teacher.safetensors" --model "linear 784" --loss reconstruction
fails 2 'temperature' "${train[@]}" "a teacher.safetensors" --model lenet-5 --temperature 0
((failed == 0)) && echo "all is well"
exit $failed
