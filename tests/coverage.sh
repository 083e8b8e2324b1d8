#!/usr/bin/env bash
# Which lines of tinynn/ the ordinary tests run, but for those that take long: tests/coverage.sh. Prints lines and branches
# by room, and writes those that none ran to build/coverage/uncovered.txt. Exit code 1 if fewer than 95% of the library's
# lines are covered.
# tests/PROMISES.md says why the rest is not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh

install_packages "${build_packages[@]}" "${test_packages[@]}" gcovr
find build/coverage -name '*.gcda' -delete 2>/dev/null || true # of an earlier run
code=0
tests/run.sh coverage >build/coverage-tests.log 2>&1 || code=$?
tail -n 1 build/coverage-tests.log
((code == 0)) || { grep -A20 'tests FAILED' build/coverage-tests.log >&2; exit $code; }
gcovr --root . --filter 'tinynn/' --exclude-throw-branches \
    --gcov-ignore-parse-errors --json build/coverage/coverage.json build/coverage >/dev/null
python3 - <<'END'
import collections, json, sys

rooms = collections.defaultdict(lambda: [0, 0, 0, 0])
with open("build/coverage/uncovered.txt", "w") as uncovered:
    for file in sorted(json.load(open("build/coverage/coverage.json"))["files"], key=lambda f: f["file"]):
        source = open(file["file"]).read().split("\n")
        room = rooms[file["file"].split("/")[1]]
        for line in file["lines"]:
            if line.get("gcovr/noncode"):
                continue
            number, ran = line["line_number"], line["count"] > 0
            room[0] += 1
            room[1] += ran
            room[2] += len(line["branches"])
            room[3] += sum(branch["count"] > 0 for branch in line["branches"])
            if not ran:
                uncovered.write(f"{file['file']}:{number}: {source[number - 1].strip()}\n")

def row(name, counts):
    lines, covered, branches, taken = counts
    print(f"{name:12} {lines:6} lines {100 * covered / max(lines, 1):6.2f}%   {branches:6} branches {100 * taken / max(branches, 1):6.2f}%")

command = rooms.pop("cli")
for name in sorted(rooms):
    row(name, rooms[name])
library = [sum(column) for column in zip(*rooms.values())]
row("the library", library)
row("the command", command)
sys.exit(library[1] < 0.95 * library[0])
END
