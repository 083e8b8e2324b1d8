#!/usr/bin/env bash
# Runs the README's two commands on a machine that has nothing: a new Debian of the smallest variant with git, from a
# clean clone, in the README's order; prints the seconds that each took, and at last ctest's summary.
# bare_machine.sh [SUITE [REVISION [COMMAND...]]], by default bookworm (Debian 12) and HEAD; trixie is Debian 13. COMMANDs
# are run instead of the README's. Packages come from where this machine's apt takes Debian's. What the commands print is
# kept in build/bare-SUITE.log. Where CCACHE_DIR names a folder, what is compiled is kept there, and taken from there, by the
# ccache of SUITE, with the same TINYNN_CMAKE_ARGS.
# Exit code 77: skipped, for want of root, debootstrap or a mirror.
set -euo pipefail
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
suite=${1:-bookworm} revision=${2:-HEAD} log=build/bare-${1:-bookworm}.log

skip() { echo "skipped: $*" && exit 77; }

# Debian's archives that this machine's apt knows, as "SITE CODENAME COMPONENT".
archives() {
    apt-get indextargets --format '$(ORIGIN) $(SITE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        sed -n 's/^Debian //p' | sort -u
}

# logged WHAT COMMAND...: runs it and prints the seconds that it took; if it fails, also the end of what it printed.
logged() {
    local what=$1 start=$SECONDS
    shift
    "$@" >>"$log" 2>&1 </dev/null || {
        tail -n 60 "$log"
        echo "$what FAILED after $((SECONDS - start)) s on a bare $suite; $log has all that it printed"
        exit 1
    }
    echo "$what: $((SECONDS - start)) s on a bare $suite"
}

in_bare() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C "${kept[@]}" chroot "$root" sh -c "cd /root/tinynn && $1"
}

# --- outside: the folder, and its end

if [[ ! ${TINYNN_BARE_ROOT:-} ]]; then
    ((EUID == 0)) || skip "a bare machine is made with chroot, which needs root"
    command -v debootstrap >/dev/null || skip "a bare machine is made with debootstrap, which is not installed"
    command -v apt-get >/dev/null && [[ $(archives) ]] || skip "apt knows no archive of Debian's here (apt-get update?)"
    [[ -e /usr/share/debootstrap/scripts/$suite ]] || skip "debootstrap does not know $suite"
    unshare --mount --pid --fork true 2>/dev/null || skip "this machine lets nobody make namespaces"
    mkdir -p build
    : >"$log"
    root=$(mktemp -d) inside=
    chmod 755 "$root" # of a machine that has users besides root
    # All processes inside end with the first, and the mounts with the last of them.
    clean_up() {
        [[ ! $inside ]] || { kill -KILL "$inside" && wait "$inside"; } 2>/dev/null || true
        rm -rf --one-file-system "$root" 2>/dev/null || { sleep 2 && rm -rf --one-file-system "$root"; }
    }
    trap clean_up EXIT
    trap 'exit 130' INT TERM HUP
    TINYNN_BARE_ROOT=$root unshare --mount --pid --fork --kill-child tests/packaging/bare_machine.sh "$@" &
    inside=$!
    code=0
    wait "$inside" || code=$?
    inside=
    exit $code
fi

# --- inside, with processes and mounts of its own

root=$TINYNN_BARE_ROOT
own_suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mirror=$(archives | awk -v own="$own_suite" '$2 == own { print $1; exit }')
[[ $mirror ]] || mirror=$(archives | awk '{ print $1; exit }')
with=git,ca-certificates kept=()
if [[ ${CCACHE_DIR:-} ]]; then
    with+=,ccache
    kept=(CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_DIR=/root/ccache
        CCACHE_BASEDIR=/root/tinynn CCACHE_SLOPPINESS="${CCACHE_SLOPPINESS:-}" CCACHE_COMPILERCHECK=content
        TINYNN_CMAKE_ARGS="${TINYNN_CMAKE_ARGS:-}")
fi
logged "debootstrap" debootstrap --variant=minbase --include="$with" "$suite" "$root" "$mirror"
archives | awk -v own="$own_suite" -v suite="$suite" '{ sub("^" own, suite, $2); print "deb", $1, $2, $3 }' \
    >"$root/etc/apt/sources.list"
# As apt does it here: through which proxy, and how often it tries.
apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries)' >"$root/etc/apt/apt.conf.d/90host" || true
cp /etc/resolv.conf /etc/hosts "$root/etc/"
mount -t proc proc "$root/proc"
mount -t devpts devpts "$root/dev/pts" 2>/dev/null || true
if [[ ${CCACHE_DIR:-} ]]; then mkdir "$root/root/ccache" && mount --bind "$CCACHE_DIR" "$root/root/ccache"; fi
git clone --quiet --no-checkout --no-hardlinks . "$root/root/tinynn"
git -C "$root/root/tinynn" checkout --quiet --detach "$(git rev-parse "$revision")"

commands=("${@:3}")
((${#commands[@]})) || commands=(./examples/run.sh ./tests/run.sh)
for command in "${commands[@]}"; do logged "$command" in_bare "$command"; done
sed -n '/^[0-9]*% tests passed/,$p' "$log"
