#!/usr/bin/env bash
# What takes longer than .ci/run may: a line for each item, which says how it ended and in how many seconds. What they
# print is kept in build/all/. Exit code 1 if one failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p build/all
failed=0

# item NAME COMMAND...
item() {
    local name=$1 code=0 start=$SECONDS result=FAILED
    shift
    "$@" >"build/all/$name.log" 2>&1 || code=$?
    case $code in
        0) result=passed ;;
        77) result=skipped ;;
        *) failed=1 ;;
    esac
    printf '%-12s %-8s %5d s  %s\n' "$name" $result $((SECONDS - start)) \
        "$(grep -E '^(skipped: |[0-9]+% tests passed)' "build/all/$name.log" || tail -n 1 "build/all/$name.log")"
}

item debian-13 tests/packaging/bare_machine.sh trixie # its compiler and libraries are newer
item fuzz tests/fuzz/run.sh --seconds 60              # libFuzzer on every reader; without --seconds an hour or more
item clang tests/run.sh clang                         # with clang as compiler, which warns of nothing
item tidy tests/tidy.sh                               # clang-tidy
item tsan tests/run.sh tsan                           # the quick tests under ThreadSanitizer
item eigen tests/run.sh eigen                         # without BLAS
item aarch64 tests/run.sh aarch64                     # the quick tests on 64-bit Arm, emulated
[[ -x build/release/tinynn/tinynn ]] || tests/run.sh release >build/all/release.log 2>&1 || failed=1
item valgrind tests/valgrind.sh                       # the quick tests under memcheck
item coverage tests/coverage.sh                       # which lines the ordinary tests run
item order tests/order.sh build/release/tests/tinynn_tests # in any order, whatever stdout is
item options python3 tests/cli/options_test.py build/release/tinynn/tinynn # all texts, not one of 24
item kills python3 tests/cli/kill_test.py build/release/tinynn/tinynn 200 # of runs, which end in the same bytes
item from-source tests/packaging/from_source.sh       # as part of another project, static and shared
item labs examples/labs/grade.sh planted              # bugs of students, which have to cost points
item labs-bare tests/packaging/bare_machine.sh bookworm HEAD examples/labs/support/walk.sh # a student's way
item planted tests/planted/run.sh                     # bugs that the quick tests have to catch
exit $failed
