# Sourced by examples/run.sh, tests/run.sh and .ci/run: installs what is missing, configures, builds.
# shellcheck shell=bash

build_packages=(g++ cmake ninja-build pkg-config libopenblas-dev libeigen3-dev zlib1g-dev libstb-dev
    libcli11-dev nlohmann-json3-dev)
test_packages=(doctest-dev python3 curl file dataset-fashion-mnist locales)

# Installs those of the packages that are not there yet. Asks nobody anything.
install_packages() {
    local package missing=() as_root=()
    if ! command -v apt-get >/dev/null; then
        command -v cmake >/dev/null && return # somebody else has seen to it; CMake names what is not there
        echo "This is no Debian or Ubuntu, so nothing was installed. Please install a C++20 compiler, CMake 3.25 or" \
            "newer, Ninja, pkg-config, OpenBLAS, Eigen 3.4, zlib, stb, CLI11 and nlohmann-json (for the tests also" \
            "doctest, python3, curl and file), then run this again." >&2
        return 1
    fi
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            echo "Missing packages, and neither root nor sudo to install them with. As root, please run:" \
                "apt-get install ${missing[*]}" >&2
            return 1
        }
        as_root=(sudo)
    fi
    echo "Installing ${missing[*]} ..."
    local log
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install \
        --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "Could not install ${missing[*]}; see above." >&2
        return 1
    fi
    rm -f "$log"
}

# Puts an npm package into build/npm, without running its scripts. Fails where there is no npm or no internet.
install_npm() {
    [[ -d build/npm/node_modules/$1 ]] && return
    command -v npm >/dev/null || return 1
    mkdir -p build/npm && npm install --prefix build/npm --ignore-scripts --no-audit --no-fund "$1" >/dev/null
}

# unpack_aarch64_zlib FOLDER: zlib for 64-bit Arm, out of Debian's package; apt's own lists stay as they are.
unpack_aarch64_zlib() {
    [[ -e $1/libz.a ]] && return
    echo "Fetching zlib for 64-bit Arm ..."
    local apt
    apt=$(mktemp -d)
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$1"
    local options=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$apt/state"
        -o Dir::State::status=/dev/null -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=)
    apt-get "${options[@]}" update && (cd "$apt" && apt-get "${options[@]}" download zlib1g-dev) &&
        dpkg-deb --fsys-tarfile "$apt"/zlib1g-dev_*.deb |
        tar -x -C "$1" --wildcards --transform='s,.*/,,' '*/zlib.h' '*/zconf.h' '*/libz.a' || {
        echo "Could not fetch zlib1g-dev:arm64; put its zlib.h, zconf.h and libz.a into $1, then run this again." >&2
        return 1
    }
    rm -rf "$apt"
}

# build PRESET TARGET...: configures and builds into build/PRESET. What is up to date is not made again.
build() {
    local preset=$1
    shift
    local cmake_args=()
    read -ra cmake_args <<<"${TINYNN_CMAKE_ARGS:-}"
    cmake --preset "$preset" -Wno-dev "${cmake_args[@]}" >"build-$preset.log" 2>&1 || {
        cat "build-$preset.log" >&2
        return 1
    }
    rm -f "build-$preset.log"
    cmake --build --preset "$preset" --target "$@"
}
