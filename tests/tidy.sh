#!/usr/bin/env bash
# clang-tidy on all of tinynn/, with the checks of .clang-tidy: tests/tidy.sh [CLANG-TIDY ARGUMENT...]. Exit code 1 if it
# finds something. Files of a folder go through together, as they are compiled.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh

install_packages "${build_packages[@]}" clang clang-tidy
cmake --preset clang -Wno-dev -DTINYNN_BUILD_TESTS=OFF -DTINYNN_BUILD_EXAMPLES=OFF -B build/tidy >/dev/null
failed=0 files=0
while read -r file; do
    files=$((files + 1))
    clang-tidy --quiet -p build/tidy "$@" "$file" 2>/dev/null || failed=1
done < <(python3 -c '
import json
for file in sorted({entry["file"] for entry in json.load(open("build/tidy/compile_commands.json"))}):
    print(file)')
((failed)) || echo "no findings in $files files"
exit $failed
