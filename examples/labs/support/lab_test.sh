#!/usr/bin/env bash
# lab_test.sh LAB solution|skeleton LIBRARY: the solution gets all points, and the skeleton none in any function, each of
# its checks saying "not written". Without timing.
set -euo pipefail
labs=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lab=$1 kind=$2 library=$3
if [[ $lab == lab7 ]] && ! { command -v arm-none-eabi-g++ && command -v qemu-system-arm; } >/dev/null; then
    echo "skipped: there is no compiler or no emulator for Arm" && exit 77
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
code=0
export LAB_SECONDS=${LAB_SECONDS:-200} # of a machine that runs other tests beside
"$labs/grade.sh" "$lab" "--$kind" --no-timing --library "$library" --json "$out/points.json" | tee "$out/shown" || code=$?
python3 - "$kind" "$code" "$out" <<'END'
import json, sys
kind, code, out = sys.argv[1:]
result = json.load(open(out + "/points.json"))
last = open(out + "/shown").read().splitlines()[-1]
checks = result["checks"]
assert checks and "error" not in result, result.get("error")
if kind == "solution":
    assert code == "0" and result["points"] == result["of"] > 0, "the solution has not all points"
    assert last == f"{len(checks)} passed, 0 failed", last
else:
    assert code == "1" and all(f["points"] == 0 for f in result["functions"]), "the skeleton has points"
    odd = [c for c in checks if "not written" not in c["message"]]
    assert not odd, odd
    assert last == f"0 passed, {len(checks)} failed", last
END
