#!/usr/bin/env bash
# What the library defines carries its own name, so that it cannot clash with what a program has besides: a stb_image
# or an Eigen of its own, of another version. (JSON's templates have their version in their names.)
# symbols_test.sh LIBRARY
set -euo pipefail
symbols=$(nm -C --defined-only --extern-only "$1" 2>/dev/null | grep -E '^[0-9a-f]+ [A-Za-z] ')
foreign=$(grep -E '^[0-9a-f]+ [A-TX-Z] ' <<<"$symbols" | grep -v 'tinynn' || true)
foreign+=$(grep -wE 'Eigen|stbi_[a-z_]*' <<<"$symbols" || true)
if [[ -n $foreign ]]; then
    echo "the library defines:"
    sort -u <<<"$foreign"
    exit 1
fi
echo "$(wc -l <<<"$symbols") symbols, all of them tinynn's or templates of the standard library and of JSON"
