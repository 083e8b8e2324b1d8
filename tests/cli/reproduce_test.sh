#!/usr/bin/env bash
# Tests `tinynn reproduce` on a tiny data set: what it measures, that it makes nothing twice, goes on where it was, and
# leaves no process behind. reproduce_test.sh PATH_OF_TINYNN
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/support.sh"
tinynn=$(realpath "$1")
export TINYNN_DATA=$out/data
tiny_mnist "$TINYNN_DATA/mnist" 300
small_digits "$out/pictures" 40 32
cd "$out"

# untimed METRICS: the same without seconds.
untimed() { grep -v '"seconds"' "$1"; }
processes() { pgrep -f "$out/$1/" || true; }

# --- a table: fields, numbers, the report; and again, with nothing to do

succeeds "$tinynn" reproduce lenet-300-100 --quick --folder "$out/a" --metrics a.json --report a.html
prints '5 trainings, 0 made before; the others take about'
prints 'LeNet-300-100, 100x, seed 1: error [0-9.]+%;'
prints '^LeNet-300-100 +[0-9.]+x +2.36 +[0-9.]+( \(missed\))? +1 +6 '
is_true a.json 'm["table"] == "lenet-300-100" and [r["compression"] for r in m["rows"]] == [20, 50, 60, 100, 200]'
is_true a.json 'all(set(r) == {"network", "compression", "published", "source", "error_mean", "error_std", "seeds", "epochs", "seconds", "variant", "live_weights"} for r in m["rows"])'
is_true a.json 'all(0 <= r["error_mean"] <= 100 and r["error_std"] == 0 and r["seeds"] == 1 and r["epochs"] == 6 and r["seconds"] > 0 for r in m["rows"])'
is_true a.json 'all(0 < sum(r["live_weights"]) <= 266200 / r["compression"] + 1 for r in m["rows"])'
is_true a.json 'm["rows"][4]["published"] is None and m["rows"][3]["published"] == 2.36'
[[ ! $(ls a/*.ckpt 2>/dev/null) ]] || complain "checkpoints are left: $(ls a)"
python3 "$here/report_check.py" a.html "Make it again" lenet-300-100 >check || complain "a.html is not sound"
tail -n +3 check >command
succeeds bash -c "$(sed '1s/ tinynn / "$0" /; s/metrics a.json/metrics again.json/' command)" "$tinynn"
same_file a.json again.json
! grep -q trainings stdout || complain "it trained again: $(<stdout)"

# The command that the page shows makes the network of the row.
words=$(sed -n 's/<[^>]*>/\n/gp' a.html | grep '^tinynn prune.*--sparsity 0.99 ' | head -1)
[[ $words ]] || complain "no command of the row of 100x in the page"
read -ra words <<<"${words/--epochs 3 --ramp-epochs 40 --finetune-epochs 60/--epochs 1 --ramp-epochs 2 --finetune-epochs 3}"
succeeds "$tinynn" "${words[@]:1}" --seed 1 --out by-hand.safetensors
same_file by-hand.safetensors "$(ls a/lenet-300-100-quick-*-seed-1.safetensors | sort -V | tail -2 | head -1)"

# --- seeds: means and standard deviations; variants are of one seed

succeeds "$tinynn" reproduce fashion --seeds 2 --data mnist --folder "$out/b" --metrics b.json --quiet
is_true b.json '[r["seeds"] for r in m["rows"]] == [2, 2, 2] and any(r["error_std"] > 0 for r in m["rows"])'
[[ ! -s stdout ]] || complain "--quiet printed $(<stdout)"

# --- rows that begin with the table's dense network; channels are deleted; bits are counted

succeeds "$tinynn" reproduce resnet-20 --quick --data "$out/pictures" --folder "$out/c" --metrics c.json
is_true c.json '[r["variant"] for r in m["rows"]][:2] == ["dense", ""] and len(m["rows"]) == 4'
is_true c.json 'm["rows"][1]["live_weights"] < m["rows"][0]["live_weights"]'
prints 'drop published +drop here'
succeeds "$tinynn" reproduce storage --quick --folder "$out/d" --metrics d.json
is_true d.json 'len(m["rows"]) == 2'
prints '^LeNet-300-100 +[0-9]{2,3}\.[0-9]x +1.94'

# --- interrupted and killed, it goes on to the same

"$tinynn" reproduce lenet-300-100 --quick --folder "$out/e" --metrics e.json >/dev/null 2>stderr &
parent=$!
until [[ $(ls e/*.command 2>/dev/null | wc -l) == 5 ]] || ! kill -0 $parent 2>/dev/null; do sleep 0.01; done
sleep 0.2
kill -TERM $parent
code=0
wait $parent || code=$?
[[ $code == 143 || $code == 0 ]] || complain "after SIGTERM exit code $code: $(<stderr)"
[[ $code == 0 ]] || grep -q '^tinynn: interrupted; the same command goes on where it was$' stderr || complain "$(<stderr)"
[[ ! $(processes e) ]] || complain "processes are left behind: $(processes e)"
"$tinynn" reproduce lenet-300-100 --quick --folder "$out/e" --quiet 2>/dev/null &
parent=$!
sleep 0.3
kill -KILL $parent 2>/dev/null || true
wait $parent 2>/dev/null || true
for ((k = 0; k < 200; ++k)); do [[ $(processes e) ]] || break; sleep 0.05; done
[[ ! $(processes e) ]] || complain "children outlive their parent: $(processes e)"
succeeds "$tinynn" reproduce lenet-300-100 --quick --folder "$out/e" --metrics e.json
diff <(untimed a.json) <(untimed e.json) || complain "interrupted, it ended in something else"

# --- a row made by another command is made anew; a damaged result is named

printf 'prune --model other\n' >"$(ls a/*.command | head -1)"
succeeds "$tinynn" reproduce lenet-300-100 --quick --folder "$out/a" --metrics again.json
prints '5 trainings, 4 made before'
echo '{"pruned": {"test_accuracy"' >"$(ls a/*seed-1.json | head -1)"
fails 1 'a/lenet-300-100-quick-.*json: ' "$tinynn" reproduce lenet-300-100 --quick --folder "$out/a"

# --- refused

fails 2 'nonsense' "$tinynn" reproduce nonsense
fails 2 'table' "$tinynn" reproduce
fails 2 'seeds' "$tinynn" reproduce fashion --seeds 0
fails 1 'cannot make the folder' "$tinynn" reproduce fashion --folder a.json/folder
fails 1 'reproduce: tinynn prune failed: tinynn: .*nowhere' "$tinynn" reproduce lenet-300-100 --quick --data nowhere --folder f
fails 1 'cannot write no/where' "$tinynn" reproduce fashion --metrics no/where --folder g
exit $failed
