#!/usr/bin/env bash
# The quick tests under valgrind's memcheck: tests/valgrind.sh [PRESET [DOCTEST ARGUMENT...]], by default of release.
# Exit code 1 if a test fails, depends on what was never written, touches what is not its own, or leaks. Valgrind 3.19
# knows no AVX-512 and shows a processor without: tinynn and OpenBLAS choose their loops for AVX2.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh

preset=${1:-release}
shift $(($# > 0))
install_packages "${build_packages[@]}" "${test_packages[@]}" valgrind
build "$preset" tinynn_tests
# Left out is what trains for long, which valgrind makes forty times longer, what measures memory, and where a zero has
# another sign under valgrind. Threads of the pool are never waited for, so what they have is "possibly lost", and lost for
# good in a forked child, which has no threads and is left out.
slow='*random networks*,*learn*,*trains*,*goes on*,*1000*,*steps of every optimizer*,*thousand*,*memory*,*gradcheck*,*threads*'
export OPENBLAS_NUM_THREADS=1
valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite \
    --child-silent-after-fork=yes --fair-sched=yes "build/$preset/tests/tinynn_tests" --test-case-exclude="$slow" "$@"
