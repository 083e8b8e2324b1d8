#!/usr/bin/env bash
# Installs tinynn into a folder of its own, moves the folder, and builds a program with what pkg-config says, with every
# compiler that there is. pkg_config_test.sh BUILD_FOLDER CMAKE
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
    "$compiler" -std=c++20 -O1 -Wall -Wextra -Wconversion -Werror "$here"/consumer/*.cpp "${flags[@]}" -o "$tmp/consumer"
    "$tmp/consumer"
done
