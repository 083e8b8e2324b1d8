# Sourced by benchmarks that train: takes --keep FOLDER off the arguments. $out is that folder, or one that is removed at
# the end.
# shellcheck shell=bash
if [[ ${1:-} == --keep ]]; then
    out=$2
    mkdir -p "$out"
    shift 2
else
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
fi
