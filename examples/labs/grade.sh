#!/usr/bin/env bash
# Grades a lab: examples/labs/grade.sh labN [FILE] [OPTIONS]; --help lists them. Installs and builds what the lab needs,
# prints the points of each function and why some are missing, and ends with "N passed, N failed". Exit code 0 if all
# checks passed.
set -euo pipefail
labs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$labs/../.." && pwd)
source "$root/.ci/setup.sh"
source "$root/datasets/find.sh"

lab=${1:-} arguments=("$@")
install_packages g++ python3 zlib1g-dev
if [[ $lab == lab7 ]]; then
    install_packages gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-system-arm
fi
if grep -qs '#include <tinynn/' "$labs/$lab"/*.?pp && [[ " $* " != *" --library "* ]]; then
    install_packages "${build_packages[@]}"
    (cd "$root" && build release tinynn >/dev/null)
    arguments+=(--library "$root/build/release/tinynn/libtinynn.a")
fi
if grep -qs digits.hpp "$labs/$lab"/*.?pp; then
    if use_data mnist fashion-mnist; then
        export LAB_DIGITS=$TINYNN_DATA/$data
    else
        export LAB_DIGITS=$root/build/labs/generated
        [[ -d $LAB_DIGITS ]] || {
            echo "There is neither MNIST nor Debian's dataset-fashion-mnist: digits are generated ..."
            mkdir -p "$root/build/labs" && place=$(mktemp -d "$root/build/labs/XXXXXX") &&
                python3 "$root/tests/support/digits.py" "$place" 4000 1000 && mv -T "$place" "$LAB_DIGITS"
        }
    fi
fi
exec python3 "$labs/support/grade.py" "${arguments[@]}"
