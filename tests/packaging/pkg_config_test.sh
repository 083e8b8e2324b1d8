#!/usr/bin/env bash
# Installs tinynn into a folder of its own, moves the folder, and builds a program that trains LeNet-300-100 with what
# pkg-config says, with every compiler that there is. Says how large the program is, for the README.
# pkg_config_test.sh BUILD_FOLDER CMAKE
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$2" --install "$1" --prefix "$tmp/before" >"$tmp/log" || { cat "$tmp/log"; exit 1; }
mv "$tmp/before" "$tmp/after"
PKG_CONFIG_PATH=$(dirname "$(find "$tmp/after" -name tinynn.pc)")
export PKG_CONFIG_PATH
read -ra flags <<<"$(pkg-config --cflags --libs tinynn)"
for compiler in g++ clang++; do
    command -v "$compiler" >/dev/null || { echo "no $compiler here" && continue; }
    "$compiler" -std=c++20 -O2 -Wall -Wextra -Wconversion -Werror "$here"/consumer/*.cpp "${flags[@]}" -o "$tmp/consumer"
    "$tmp/consumer"
    strip "$tmp/consumer"
    echo "trains LeNet-300-100, from $compiler: $(stat -c %s "$tmp/consumer") bytes"
done
read -ra flags <<<"$(pkg-config --cflags --libs tinynn-program)"
g++ -std=c++20 "$here/../../examples/cmake-consumer/smallest.cpp" "${flags[@]}" -o "$tmp/smallest"
if "$tmp/smallest" "$tmp/none.plan" 2>"$tmp/error" || ! grep -q 'cannot read .*none.plan: No such file' "$tmp/error"; then
    echo "no error for a program that is not there: $(<"$tmp/error")" && exit 1
fi
