#!/usr/bin/env bash
# Tests the pages that --report writes, on a tiny data set: what is in them, that they are safe, with gnuplot and
# without. report_test.sh PATH_OF_TINYNN
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/support.sh"
tinynn=$(realpath "$1")
export TINYNN_DATA=$out/data
tiny_mnist "$TINYNN_DATA/mnist" 60
dense=$out/dense.safetensors page=$out/page.html
parts=("Make it again" "Measured" "Accuracy over sparsity" "Training" "Layers" "Filters of the first layer" "Masks")

# In place of gnuplot: keeps the script it is given and draws next to nothing.
mkdir "$out/no-gnuplot" "$out/gnuplot" "$out/bad-gnuplot"
cat >"$out/gnuplot/gnuplot" <<EOF
#!/bin/sh
/bin/cat >>"$out/script"
echo 'chatter <svg viewBox="0 0 9 9"><title>Gnuplot</title><g id="a"/><g id='"'b'"'/></svg>'
EOF
printf '#!/bin/sh\necho "<svg>"; exit 1\n' >"$out/bad-gnuplot/gnuplot"
chmod +x "$out"/*gnuplot/gnuplot

# page_has PLOTS PART...: the page is sound and has so many plots drawn; its command is then in $out/command.
page_has() {
    local plots=$1
    shift
    python3 "$here/report_check.py" "$page" "$@" >"$out/check" || complain "$page is not sound"
    [[ $(head -1 "$out/check") == "$plots" ]] || complain "not $plots plots but $(head -1 "$out/check")"
    tail -n +3 "$out/check" >"$out/command"
}
shows() { grep -qF -e "$1" "$page" || complain "no \"$1\" in the page"; }
runs_command() { eval "$(sed '1s/ tinynn / "$tinynn" /' "$out/command")" >/dev/null; }
with_path() { PATH=$1 "${@:2}"; }

# --- the page of prune: every part, plots by gnuplot or tables

prune=("$tinynn" prune --model simple-cnn --data mnist --epochs 2 --batch-size 20 --sparsity 0.8 --steps 2
    --finetune-epochs 1 --out "$out/pruned.safetensors" --metrics "$out/m.json" --report "$page")
succeeds with_path "$out/gnuplot" "${prune[@]}"
prints 'report: +.*page.html'
page_has 4 "${parts[@]}"
grep -q "set logscale y" "$out/script" || complain "gnuplot drew no loss"
shows "$(python3 -c "import json; m = json.load(open('$out/m.json')); print('%.2f%% → %.2f%%' % (100 * m['dense']['test_accuracy'], 100 * m['pruned']['test_accuracy']))")"
shows '(64, 392)'
shows 'milliseconds a batch of 64'
is_true "$out/m.json" "set(m['dense']['latency_us']) == {'1', '64'}"

# The command in it makes the same file again.
mv "$out/pruned.safetensors" "$out/first.safetensors"
grep -q -e '--seed 1' "$out/command" || complain "no seed in $(<"$out/command")"
(unset TINYNN_DATA && runs_command) || complain "$(<"$out/command")"
same_file "$out/first.safetensors" "$out/pruned.safetensors"

succeeds with_path "$out/no-gnuplot" "$tinynn" prune --in "$out/first.safetensors" --data mnist --sparsity 0.9 --schedule one-shot --finetune-epochs 0 --report "$page"
page_has 0 "${parts[@]}"
shows 'gnuplot is not installed'
shows 'No epoch was trained'
for gnuplot in bad-gnuplot gnuplot; do
    succeeds with_path "$out/$gnuplot" "$tinynn" prune --model lenet-300-100 --data mnist --epochs 1 --sparsity 0.9 --steps 1 --report "$page" --quiet
    page_has "$([[ $gnuplot == gnuplot ]] && echo 4 || echo 0)" "${parts[@]}"
done
if command -v gnuplot >/dev/null; then
    succeeds "${prune[@]}"
    page_has 4 "${parts[@]}"
    shows 'fine-tuning, epochs'
fi

# --- the page of sensitivity

succeeds "$tinynn" train --model lenet-300-100 --data mnist --epochs 1 --out "$dense"
for gnuplot in no-gnuplot gnuplot; do
    succeeds with_path "$out/$gnuplot" "$tinynn" sensitivity --in "$dense" --report "$page"
    page_has "$([[ $gnuplot == gnuplot ]] && echo 1 || echo 0)" "Make it again" "Sensitivity" "As a table"
    shows 'fc3.weight'
done

# --- names that would like to be more than text

hostile="$out/"$'<img src=x onerror=y>&amp;\'"`touch pwned`$(touch pwned)\n\x01\xff\xed\xa0\x80'
mkdir "$hostile"
cp -r "$TINYNN_DATA/mnist" "$dense" "$hostile"
(
    cd "$out"
    succeeds with_path "$out/no-gnuplot" "$tinynn" prune --in "$hostile/dense.safetensors" --data "$hostile/mnist" \
        --sparsity 0.5 --steps 1 --finetune-epochs 1 --report "$hostile/page.html" --out=-o
    page="$hostile/page.html" page_has 0 "${parts[@]}"
    mv -- -o first
    runs_command || complain "$(<"$out/command")"
    same_file first ./-o
    [[ ! -e pwned ]] || complain "a name was run as a command"
    exit "$failed"
) || failed=1

# --- what cannot be written is said before anything else is done, and nothing is half-written

fails 1 'cannot write .*nowhere/page.html: folder .*: No such file' \
    "$tinynn" prune --model lenet-5 --data cats --sparsity 0.5 --report "$out/nowhere/page.html"
fails 1 'it is a folder' "$tinynn" sensitivity --in "$out/none.safetensors" --report "$out"
echo kept >"$page"
fails 1 'the loss became' "$tinynn" prune --model lenet-300-100 --data mnist --lr 1e30 --sparsity 0.5 --report "$page"
[[ $(<"$page") == kept ]] || complain "a page was written though training failed"
if ((EUID != 0)); then
    chmod a-w "$page"
    fails 1 'page.html: Permission denied' "$tinynn" prune --model lenet-5 --data cats --sparsity 0.5 --report "$page"
fi

for command in prune sensitivity; do
    "$tinynn" $command --help >"$out/help"
    grep -q -- '--report' "$out/help" || complain "$command --help does not name --report"
done

((failed == 0)) && echo "all is well"
exit $failed
