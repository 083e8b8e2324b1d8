#!/usr/bin/env bash
# The kernels of exported headers, by themselves: as C99 and as C++17, without warnings, against naive loops. Sanitizers
# look for what is read beside arrays or overflows.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
warnings=(-pedantic -Wall -Wextra -Wconversion -Wshadow -Werror)
source=$root/tests/export/header_kernels_test.c
for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for language in "c -std=c99" "c++ -std=c++17" "c -std=c99 -march=native" \
        "c -std=c99 -Dtinynn_plain"; do # vectors that may be longer, and none
        # shellcheck disable=SC2086
        $compiler -x $language "${warnings[@]}" -O3 -I"$root" "$source" -lm -o "$folder/test"
        "$folder/test" || { echo "FAILED: $compiler, $language" && exit 1; }
    done
done
for vectors in "" -march=native; do
    # shellcheck disable=SC2086
    gcc -std=c99 "${warnings[@]}" -O1 $vectors -fsanitize=address,undefined -fno-sanitize-recover=all -I"$root" "$source" \
        -lm -o "$folder/test"
    "$folder/test"
done
