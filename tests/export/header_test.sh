#!/usr/bin/env bash
# Exported headers compile without warnings and give what the networks give: header_test.sh WRITE_HEADERS. Random and
# real networks, in floats to 1e-5 of the largest output, in bytes to 2% of it (a rare tie is rounded the other way).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder"
cp "$(dirname "${BASH_SOURCE[0]}")/header/check.hpp" "$folder"
cd "$folder"
grep -h '#include <' random_*.hpp | sort -u | grep -vE '<(cmath|cstddef|cstdint)>' && echo "FAILED: more is included" && exit 1

# Two of them in one program, each included from two files.
printf '%s\n' '#include "random_1.hpp"' '#include "random_2.hpp"' \
    'void other(const float* x, float* y) { random_1_predict(x, y), random_2_predict(x, y); }' >other.cpp
flags=(-std=c++17 -Wall -Wextra -Wconversion -Werror)
g++ "${flags[@]}" -O1 cases.cpp other.cpp -o cases
./cases
if command -v clang++ >/dev/null; then clang++ "${flags[@]}" -fsyntax-only cases.cpp; fi
