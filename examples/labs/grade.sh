#!/usr/bin/env bash
# Grades a lab: examples/labs/grade.sh labN [FILE] [OPTIONS]; --help lists them. Installs and builds what the lab needs,
# prints the points of each function and why some are missing, and ends with "N passed, N failed". Exit code 0 if all
# checks passed.
set -euo pipefail
labs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$labs/../.." && pwd)
source "$root/.ci/setup.sh"
source "$root/datasets/find.sh"

lab=${1:-} program=grade.py arguments=("$@")
# grade.sh planted [labN...] [--check]: whether the grader takes points for planted bugs; see support/planted.py.
if [[ $lab == planted ]]; then
    program=planted.py arguments=("${@:2}")
    lab='lab?'
fi
# uses WORD: whether a file of the lab has the word.
uses() { grep -qs "$1" "$labs"/$lab/*.?pp; } # shellcheck disable=SC2086

install_packages g++ python3 zlib1g-dev
if [[ $lab == lab[7?] ]]; then
    install_packages gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-system-arm
fi
if uses '#include <tinynn/' && [[ " $* " != *" --library"* ]]; then
    install_packages "${build_packages[@]}"
    echo "Building the library, if it is not there yet ..." >&2
    (cd "$root" && build release tinynn >/dev/null)
    arguments+=(--library "$root/build/release/tinynn/libtinynn.a")
fi
if uses digits.hpp; then
    if use_data mnist fashion-mnist; then
        LAB_DIGITS=$(realpath "$TINYNN_DATA/$data")
    else
        LAB_DIGITS=$root/build/labs/generated
        [[ -d $LAB_DIGITS ]] || {
            echo "There is neither MNIST nor Debian's dataset-fashion-mnist: digits are generated ..." >&2
            mkdir -p "$root/build/labs" && place=$(mktemp -d "$root/build/labs/XXXXXX") &&
                python3 "$root/tests/support/digits.py" "$place" 4000 1000 && mv -T "$place" "$LAB_DIGITS"
        }
    fi
    export LAB_DIGITS
fi
exec python3 "$labs/support/$program" "${arguments[@]}"
