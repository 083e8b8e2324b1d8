#!/usr/bin/env bash
# libFuzzer on every reader, with AddressSanitizer and UndefinedBehaviorSanitizer: tests/fuzz/run.sh [--seconds S]
# [--runs N] [FORMAT...]. Each format (tests/fuzz/formats.hpp; by default all) is tried N times (1,000,000), or for S
# seconds (1800) if that is over first. A line for each says how often and how long it was, how many edges of the whole
# program were reached, and how many of those in the reader's own files. What was found to reach something new is kept
# in build/fuzz/corpus and is where the next run begins. Exit code 1 if a file was read wrong; it is then in
# tests/fuzz/crashes/FORMAT/, where the ordinary tests read it, too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source .ci/setup.sh

seconds=1800 runs=1000000 formats=()
while (($#)); do
    case $1 in
        --seconds) seconds=$2 && shift 2 ;;
        --runs) runs=$2 && shift 2 ;;
        -*) echo "unknown option $1, expected --seconds S, --runs N or formats" >&2 && exit 2 ;;
        *) formats+=("$1") && shift ;;
    esac
done

install_packages "${build_packages[@]}" "${test_packages[@]}" clang libclang-rt-14-dev llvm
build fuzz tinynn_fuzz
fuzz=$PWD/build/fuzz/tests/tinynn_fuzz corpus=$PWD/build/fuzz/corpus logs=$PWD/build/fuzz/logs
mkdir -p "$logs"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OPENBLAS_NUM_THREADS=1 ASAN_OPTIONS=malloc_context_size=3:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1
[[ ! -d /dev/shm ]] || export TMPDIR=/dev/shm # readers read from paths
TINYNN_FUZZ_SEEDS=$folder/seeds "$fuzz"
((${#formats[@]})) || mapfile -t formats < <(cut -d' ' -f1 "$folder/seeds/formats")

# own_edges LOG SOURCE...: "reached/all" edges of these files, from what -print_coverage=1 says of each function:
# COVERED_FUNC: hits: 3 edges: 5/8 name /.../tinynn/data/idx.cpp:40
own_edges() {
    local log=$1 pattern
    shift
    pattern=$(printf 'tinynn/%s:|' "$@")
    grep -aE "^(UN)?COVERED_FUNC: .*(${pattern%|})" "$log" | sed -E 's,.* edges: ([0-9]+)/([0-9]+) .*,\1 \2,' |
        awk '{ reached += $1; all += $2 } END { printf "%d/%d", reached, all }'
}

failed=0
printf '%-12s %10s %8s %8s %10s %10s\n' format executions seconds edges features "of reader"
for format in "${formats[@]}"; do
    read -r _ has_words sources < <(grep "^$format " "$folder/seeds/formats") ||
        { echo "no format $format in tests/fuzz/formats.hpp" >&2 && exit 2; }
    crashes=tests/fuzz/crashes/$format log=$logs/$format.log start=$SECONDS result=''
    mkdir -p "$corpus/$format" "$folder/$format"
    inputs=("$corpus/$format" "$folder/seeds/$format")
    [[ ! -d $crashes ]] || inputs+=("$crashes")
    options=(-runs="$runs" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=512 -max_len=20000
        -print_final_stats=1 -print_coverage=1 -artifact_prefix="$folder/$format/" -close_fd_mask=1)
    [[ $has_words == no ]] || options+=(-dict=tests/fuzz/words.dict)
    TINYNN_FUZZ_FORMAT=$format "$fuzz" "${options[@]}" "${inputs[@]}" >"$log" 2>&1 || result=FAILED
    for file in "$folder/$format"/*; do
        [[ -e $file ]] || continue
        mkdir -p "$crashes" && cp "$file" "$crashes/"
        result="FAILED: $crashes/${file##*/}"
    done
    [[ -z $result ]] || failed=1
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    [[ -n $executions ]] || executions=$(grep -aoE '^#[0-9]+' "$log" | tail -n 1 | tr -d '#')
    read -r edges features < <(grep -aE '^#[0-9]+.* cov: ' "$log" | tail -n 1 |
        sed -E 's/.* cov: ([0-9]+) ft: ([0-9]+).*/\1 \2/') || true
    # shellcheck disable=SC2086
    printf '%-12s %10s %8d %8s %10s %10s  %s\n' "$format" "${executions:-0}" $((SECONDS - start)) "${edges:-0}" \
        "${features:-0}" "$(own_edges "$log" $sources)" "$result"
done
exit $failed
