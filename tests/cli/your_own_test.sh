#!/usr/bin/env bash
# Every command of examples/your_own.md, in order, in a folder of its own; its C program tells a square.
# your_own_test.sh TINYNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$out/build/release" "$out/examples"
ln -s "$(dirname "$tinynn")" "$out/build/release/tinynn"
cp "$root/examples/draw_shapes.py" "$out/examples/"
cd "$out"
python3 - "$root/examples/your_own.md" <<'END'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)
(program,) = [block for kind, block in blocks if kind == "c"]
open("which_shape.c", "w").write(program)
commands = [block for kind, block in blocks if kind == "sh"]
assert len(commands) >= 8
open("walk.sh", "w").write("set -euo pipefail\n" + "".join(commands))
END
succeeds bash walk.sh
prints '^set aside|40 to test on'
prints '^my_pictures/circle/1.png +circle '
prints '^my_pictures/cross/2.png +cross '
prints '^square$'
prints '^--model "conv [0-9]+ 3 pad 1, bn, relu, maxpool 2, '
[[ -s sheet.png ]] || complain "there is no contact sheet"
succeeds "$tinynn" eval --in houses.safetensors --data houses.csv --metrics m.json # --target is in the file
is_true m.json "'test_loss' in m['dense'] and 'test_accuracy' not in m['dense']"

# --- the network of the repository needs neither data nor training
digits=$root/examples/embed/digits.safetensors
[[ $(stat -c %s "$digits") -lt 20000 ]] || complain "$digits is large"
succeeds "$tinynn" predict --in "$digits" "$root/examples/embed/seven.png"
prints 'seven.png +7 +[0-9.]+%'
succeeds "$tinynn" export --in "$digits" --format header --raw-input --name digits --out digits.h
succeeds "$tinynn" export --in "$digits" --format program --raw-input --out digits.plan

# --- what goes wrong is told where it is
train=("$tinynn" train --data my_pictures --epochs 1)
fails 1 'my_pictures has 4 classes, linear 3 gives 3 outputs' "${train[@]}" --model 'linear 3'
fails 1 'model: layer 2, "maxpol 2", of input \(1, 8, 30, 30\): there is no layer "maxpol"; the nearest is "maxpool"' \
    "${train[@]}" --model 'conv 8 3, maxpol 2, linear 4'
fails 1 'my_pictures has images of 3 x 32 x 32|takes 1 x 28 x 28' "${train[@]}" --model lenet-5 --channels 3
fails 1 '--augment: houses.csv has no pictures' "$tinynn" train --model 'linear 4' --data houses.csv --target price --augment flip
fails 1 'has classes as targets, --loss mse is for numbers' "${train[@]}" --model 'linear 4' --loss mse
fails 1 'houses.csv has numbers as targets, --loss cross-entropy is for classes' \
    "$tinynn" train --model 'linear 4' --data houses.csv --target price --loss cross-entropy
fails 1 'takes \(2\), expected pictures' "$tinynn" predict --in houses.safetensors sheet.png
fails 1 'nowhere.png: cannot open: No such file' "$tinynn" predict --in small.safetensors nowhere.png
succeeds "$tinynn" predict --in small.safetensors my_pictures/square/3.png --json --top 2 --metrics m.json
is_true m.json "[len(p['classes']) for p in m] == [2] and m[0]['classes'][0]['class'] == 'square'"
succeeds "$tinynn" train --model "linear 12, relu, linear 3072" --data my_pictures --loss reconstruction --epochs 2 --out ae.safetensors
succeeds "$tinynn" prune --in ae.safetensors --data my_pictures --sparsity 0.5 --steps 1 --finetune-epochs 1 --metrics m.json --report r.html
is_true m.json "m['pruned']['test_loss'] > 0 and 'loss_before_finetune' in m['steps'][0]"

((failed == 0)) && echo "all is well"
exit $failed
