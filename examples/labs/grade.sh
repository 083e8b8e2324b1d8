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
# shellcheck disable=SC2086 # $lab may be a pattern
uses() { grep -qs "$1" "$labs"/$lab/*.?pp; }

# What is compiled once for all lies in the project, or, where that belongs to somebody else, at home.
export LAB_CACHE=$root/build/labs
if ! mkdir -p "$LAB_CACHE" 2>/dev/null || [[ ! -w $LAB_CACHE ]]; then
    LAB_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/tinynn-labs
    mkdir -p "$LAB_CACHE"
fi

install_packages g++ python3 zlib1g-dev
if [[ $lab == lab[7?] ]]; then
    install_packages gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-system-arm
fi
if uses '#include <tinynn/' && [[ " $* " != *" --library"* ]]; then
    install_packages "${build_packages[@]}"
    library=$root/build/release/tinynn/libtinynn.a
    if [[ -w $root && (! -e $root/build || -w $root/build) ]]; then
        echo "Building the library, if it is not there yet (some minutes) ..." >&2
        (
            flock 9 # one grader at a time
            cd "$root" && build release tinynn >/dev/null 9>&-
        ) 9>"$LAB_CACHE/lock"
    elif [[ ! -e $library ]]; then
        echo "$root cannot be written to, and has no library; whoever owns it builds it: cmake --preset release &&" \
            "cmake --build --preset release --target tinynn" >&2
        exit 1
    fi
    arguments+=(--library "$library")
fi
if uses digits.hpp; then
    if use_data mnist fashion-mnist; then
        LAB_DIGITS=$(realpath "$TINYNN_DATA/$data")
    else
        LAB_DIGITS=$LAB_CACHE/generated
        [[ -d $LAB_DIGITS ]] || {
            echo "There is neither MNIST nor Debian's dataset-fashion-mnist: digits are generated ..." >&2
            place=$(mktemp -d "$LAB_CACHE/XXXXXX") && python3 "$root/tests/support/digits.py" "$place" 4000 1000
            mv -T "$place" "$LAB_DIGITS" || [[ -d $LAB_DIGITS ]] # another grader may have been faster
        }
    fi
    export LAB_DIGITS
fi
exec python3 "$labs/support/$program" "${arguments[@]}"
