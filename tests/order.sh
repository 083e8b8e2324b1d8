#!/usr/bin/env bash
# No test may depend on those before it, or on what stdout is: tests/order.sh PROGRAM [ORDERS] runs all tests of it
# in that many random orders (three), and with stdout a file, a pipe that nobody reads, and nothing at all.
set -euo pipefail
program=$1 orders=${2:-3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# try WORDS COMMAND...: what is wrong is printed; stdout is the caller's.
try() {
    local words=$1 code=0
    shift
    "$@" || code=$?
    ((code == 0)) && echo "passed: $words" >&2 && return
    echo "FAILED ($code): $words" >&2
    failed=1
}
for ((seed = 1; seed <= orders; ++seed)); do
    try "random order $seed" "$program" --order-by=rand --rand-seed=$seed >"$folder/log"
    grep -E '^(\[doctest\] (test cases|Status)|tests?/.*ERROR)' "$folder/log" >&2 || true
done
try "stdout is a file that is written to as tests go" "$program" --success --test-case='io.*,core.*' >"$folder/log"
try "stdout is /dev/null" "$program" --test-case='io.*,core.*,cli.*' >/dev/null
try "stdout is closed" "$program" --test-case='io.*,core.*' >&-
# A program that prints to a pipe without a reader is ended by it, so this one prints nothing until its end.
mkfifo "$folder/pipe"
(exec 3<"$folder/pipe" && sleep 1) &
try "stdout is a pipe without a reader" bash -c 'trap "" PIPE; "$0" --test-case="io.*,core.*" >"$1"' "$program" "$folder/pipe"
exit $failed
