#!/usr/bin/env bash
# clang-tidy on all of tinynn/, with the checks of .clang-tidy: tests/tidy.sh [CLANG-TIDY ARGUMENT...]. Exit code 1 if it
# finds something. Twice: files of a folder together, as they are compiled, in a third of the time; and one by one for the
# checks clang-analyzer-*, which follow no path in a file that another includes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh

install_packages "${build_packages[@]}" clang clang-tidy
failed=0

# tidy FOLDER UNITY CHECKS [CLANG-TIDY ARGUMENT...]: CHECKS are taken out of those of .clang-tidy.
tidy() {
    local folder=$1 unity=$2 checks=$3 file files=0
    shift 3
    cmake --preset clang -Wno-dev -DTINYNN_BUILD_TESTS=OFF -DTINYNN_BUILD_EXAMPLES=OFF -DTINYNN_UNITY="$unity" \
        -B "$folder" >/dev/null
    while read -r file; do
        files=$((files + 1))
        clang-tidy --quiet -p "$folder" --checks="$checks" "$@" "$file" 2>/dev/null || failed=1
    done < <(python3 -c '
import json, sys
for file in sorted({entry["file"] for entry in json.load(open(sys.argv[1]))}):
    print(file)' "$folder/compile_commands.json")
    ((failed)) || echo "no findings in $files files"
}

tidy build/tidy ON '-clang-analyzer-*' "$@"
tidy build/tidy-analyzer OFF '-bugprone-*,-misc-*,-modernize-*,-performance-*,-portability-*,-readability-*' "$@"
exit $failed
