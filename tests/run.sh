#!/usr/bin/env bash
# Installs what is missing, builds tinynn and its tests, and runs them: tests/run.sh [PRESET [CTEST ARGUMENT...]].
# PRESET is release (the default), debug, asan, tsan, clang, eigen (without BLAS), or aarch64 (cross-compiled for 64-bit Arm,
# without BLAS; the quick tests, under qemu-user). Tests look for MNIST in $TINYNN_DATA and datasets/; without it most
# of them run on Fashion-MNIST, which comes as a Debian package, or on generated digits. As many run at a time as there are
# cores, or CTEST_PARALLEL_LEVEL. Without arguments for ctest all tests run but those of the course (tests/run.sh release -L
# lab), and with presets that make programs slow, but those that take long.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh

preset=${1:-release}
shift $(($# > 0))
(($#)) || set -- -LE lab # a preset that leaves out tests by label does so whatever stands here
install_packages "${build_packages[@]}" "${test_packages[@]}"
if [[ $preset == clang ]]; then install_packages clang; fi
if [[ $preset == aarch64 ]]; then
    install_packages g++-aarch64-linux-gnu qemu-user
    unpack_aarch64_zlib build/aarch64-zlib
fi
build "$preset" all
export TINYNN_DATA=${TINYNN_DATA:-$PWD/datasets} CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}
ctest --preset "$preset" --no-tests=error "$@"
