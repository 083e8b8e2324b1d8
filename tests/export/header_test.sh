#!/usr/bin/env bash
# Exported headers compile without warnings as C99 and as C++17, and give what the networks give: header_test.sh WRITE_HEADERS. Random and
# real networks, in floats to 2e-6 of the largest output, in bytes to the bit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder"
cp "$(dirname "${BASH_SOURCE[0]}")/header/check.hpp" "$folder"
cd "$folder"
# immintrin.h is the compiler's own, where there is SSE2.
grep -h '#include <' random_*.hpp | sort -u | grep -vE '<(math|stddef|stdint|immintrin)\.h>' && echo "FAILED: more is included" && exit 1

# All of them in one program, included from a file in C and from one in C++, two from a second one in C++.
printf '%s\n' '#include "random_1.hpp"' '#include "random_2.hpp"' \
    'void other(const float* x, float* y) { random_1_predict(x, y), random_2_predict(x, y); }' >other.cpp
warnings=(-pedantic -Wall -Wextra -Wconversion -Wshadow -Werror -ffp-contract=off)
gcc -std=c99 "${warnings[@]}" -O1 -c in_c.c
g++ -std=c++17 "${warnings[@]}" -O1 cases.cpp other.cpp in_c.o -o cases -lm
./cases
if command -v clang >/dev/null; then
    clang -std=c99 "${warnings[@]}" -fsyntax-only in_c.c
    clang++ -std=c++17 "${warnings[@]}" -fsyntax-only cases.cpp
fi
