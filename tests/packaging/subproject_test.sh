#!/usr/bin/env bash
# As part of somebody else's build: nothing but the library is added, and what it is compiled with stays with it. The
# build is configured and its commands are looked at; from_source.sh builds it, which takes as long as tinynn does.
# subproject_test.sh CMAKE CXX_COMPILER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$1" -S "$here/../../examples/cmake-consumer" -B "$tmp" -G Ninja -DCMAKE_CXX_COMPILER="$2" \
    -DFETCHCONTENT_TRY_FIND_PACKAGE_MODE=NEVER -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >"$tmp/log" 2>&1 || {
    cat "$tmp/log" && exit 1
}
python3 - "$tmp/compile_commands.json" "$(cd "$here/../.." && pwd)" <<'END'
import json, re, sys
commands = json.load(open(sys.argv[1]))
root = sys.argv[2]
ours = [c for c in commands if '/examples/cmake-consumer/' in c['file']]
files = {c['file'].removeprefix(root + '/') for c in commands}
assert len(ours) == 2, files
for command in ours:
    flags = [f for f in command['command'].split(' -o ')[0].split()[1:] if not f.startswith('-std=')]
    assert flags == ['-I' + root, '-O3', '-DNDEBUG'], flags
unity = r'.*/tinynn-build/tinynn/(CMakeFiles/tinynn(_program)?[.]dir/Unity/|header_kernels_source[.]cpp)'
others = [f for f in files if not re.match('tinynn/(?!cli/)|examples/cmake-consumer/|' + unity, f)]
assert not others, others
print(len(files), 'files to compile, the flags of the consumer:', *flags)
END
if "$1" --install "$tmp" --prefix "$tmp/prefix" 2>&1 | grep Installing; then echo "is installed along" && exit 1; fi
