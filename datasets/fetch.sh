#!/usr/bin/env bash
# Downloads a data set, checks it and puts it into place; see --help.
set -euo pipefail
unset CDPATH # it would make cd print, and go elsewhere

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    cat <<'EOF'
Usage: fetch.sh NAME [FOLDER]

Downloads a data set into FOLDER/NAME and checks its SHA-256. Files that are
already there and right are not fetched again; a broken download is kept as
FILE.part and continued next time. A failure leaves nothing else behind.

  NAME    mnist, fashion-mnist or cifar10
  FOLDER  default: the folder of this script

Needs curl or wget. Environment:

  TINYNN_MIRROR     base URL to download from instead of the built-in mirrors,
                    e.g. a local copy; several are tried in order (separate
                    them by spaces). Proxies: set http_proxy and https_proxy.
  TINYNN_CHECKSUMS  a file to use instead of checksums.sha256 (for tests)

Exit code: 0 all files are there and right, 1 some are not, 2 wrong usage.
EOF
}

warn() { echo "fetch.sh: $*" >&2; }
die() { warn "$@"; exit 1; }
wrong_usage() { usage >&2; exit 2; }

for arg; do
    case $arg in
        -h | --help) usage; exit 0 ;;
        -*) wrong_usage ;;
    esac
done
(($# == 1 || $# == 2)) || wrong_usage
name=$1
dir=${2:-$here}/$name

files=({train,t10k}-{images-idx3,labels-idx1}-ubyte.gz)
by_hand="put ${files[*]} into $dir by hand"
case $name in
    mnist)
        mirrors=(https://ossci-datasets.s3.amazonaws.com/mnist
            https://storage.googleapis.com/cvdf-datasets/mnist
            https://yann.lecun.com/exdb/mnist) ;;
    fashion-mnist)
        mirrors=(http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
            https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion)
        by_hand+=", or install Debian's package dataset-fashion-mnist" ;;
    cifar10)
        # The second is where the first redirects to. The third is a copy made
        # for Swift for TensorFlow; the checksum tells if it is the same file.
        mirrors=(https://www.cs.toronto.edu/~kriz https://cave.cs.toronto.edu/kriz
            https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10)
        files=(cifar-10-binary.tar.gz)
        by_hand="put ${files[*]} into $dir by hand and run this again" ;;
    *) wrong_usage ;;
esac
[[ -z ${TINYNN_MIRROR:-} ]] || read -ra mirrors <<<"$TINYNN_MIRROR"
checksums=${TINYNN_CHECKSUMS:-$here/checksums.sha256}
tool=$(command -v curl || command -v wget) || die "needs curl or wget; please install one of them"
tool=${tool##*/}

# Mirrors compress the same data differently, so for MNIST's files the checksum
# is that of the content. For CIFAR-10 it is that of the archive, as TensorFlow
# Datasets publishes it (170052171 bytes): none are published for its content.

# Sets $want to the checksum that $name/$1 should have.
look_up() {
    local file entry=$name/${1/%-ubyte.gz/-ubyte}
    while read -r want file; do
        [[ $file != "$entry" ]] || return 0
    done <"$checksums"
    die "$checksums has no line for $entry"
}

sum() {
    case $1 in
        *-ubyte.gz*) gzip -dc <"$1" 2>/dev/null | sha256sum ;;
        *) sha256sum <"$1" ;;
    esac | cut -d' ' -f1
}

# Is file $1 as it should be? Leaves its checksum in $got.
is_right() {
    [[ -f $1 ]] || return 1
    got=$(sum "$1") || got="a broken file"
    [[ $got == "$want" ]]
}

# Downloads URL $1 to $2, or the rest of it if its beginning is there already.
# Returns 100 if the server cannot continue from there.
download() {
    local rc=0 status progress=()
    if [[ $tool == curl ]]; then
        if [[ -t 2 ]]; then progress=(--progress-bar); else progress=(--silent); fi
        status=$(curl --fail --location --show-error "${progress[@]}" --connect-timeout 5 \
            --speed-limit 1024 --speed-time 20 --continue-at - --output "$2" \
            --write-out '%{http_code}' "$1") || rc=$?
        [[ $rc != 33 && $status != 416 ]] || rc=100
    else
        if [[ -t 2 ]]; then progress=(--show-progress); fi
        # wget waits the connect timeout for each address of a host, and some
        # have a dozen: find out first, and briefly, whether anybody is there.
        timeout --foreground 6 wget --quiet --tries=1 --spider "$1" || rc=$?
        ((rc == 0 || rc == 8)) || return "$rc"
        rc=0
        wget --quiet "${progress[@]}" --tries=1 --dns-timeout=5 --connect-timeout=5 \
            --read-timeout=20 --continue --output-document="$2" "$1" || rc=$?
    fi
    return "$rc"
}

# Makes sure that $dir/$1 is there and right; returns 1 if no mirror helped.
get() {
    local file=$1 part=$dir/$1.part want got base rc resumed
    look_up "$file"
    if is_right "$dir/$file"; then
        echo "$name/$file: already there"
        return
    elif [[ -f $dir/$file ]]; then
        warn "$name/$file is damaged, fetching it again"
        mv "$dir/$file" "$part" # if it is only cut short, the rest will do
    fi
    # An earlier run may have been stopped just before the move.
    if is_right "$part"; then
        mv "$part" "$dir/$file" && echo "$name/$file: complete"
        return
    fi

    for base in "${mirrors[@]}"; do
        base=${base%/}
        rc=0 resumed=no
        if [[ -s $part ]]; then resumed=yes; fi
        download "$base/$file" "$part" || rc=$?
        if [[ $resumed == yes ]] && { ((rc == 100)) || { ((rc == 0)) && ! is_right "$part"; }; }; then
            # The beginning was no good, or another mirror's: once from zero.
            rc=0
            rm -f "$part"
            download "$base/$file" "$part" || rc=$?
        fi
        if ((rc != 0)); then
            warn "$name/$file: download from $base failed ($tool's exit code $rc)"
            [[ -s $part ]] || rm -f "$part"
        elif is_right "$part"; then
            mv "$part" "$dir/$file" && echo "$name/$file: fetched from $base"
            return
        else
            warn "$name/$file from $base: wrong SHA-256, expected $want, got $got"
            rm -f "$part"
        fi
    done
    return 1
}

# What this run made and did not fill goes again: an empty folder could be taken for data.
made=() path=$dir
while [[ ! -d $path ]]; do
    made+=("$path")
    path=$(dirname "$path")
done
clean_up() {
    local path
    for path in "$dir"/*.part; do [[ -s $path ]] || rm -f "$path"; done
    for path in "${made[@]}"; do rmdir "$path" 2>/dev/null || break; done
}
mkdir -p "$dir"
# Two downloads into the same .part would spoil each other's work.
exec 9<"$dir"
if command -v flock >/dev/null && ! flock -n 9; then die "another fetch.sh is at work in $dir"; fi
trap clean_up EXIT

# CIFAR-10's unpacked files have no published checksums: those of the files
# from the checked archive are kept beside them, to notice later damage.
record=$dir/SHA256SUMS
if [[ $name == cifar10 && -f $record ]]; then
    if (cd "$dir" && sha256sum --check --status "${record##*/}" 2>/dev/null); then
        echo "$name: already there"
        exit 0
    fi
    warn "$name is damaged or incomplete, fetching it again"
    while read -r want file; do
        is_right "$dir/$file" || rm -f "$dir/$file"
    done <"$record"
fi

for file in "${files[@]}"; do
    get "$file" || die "could not fetch $name/$file; $by_hand"
done

if [[ $name == cifar10 ]]; then
    # Unpacked aside and renamed, so that nobody ever sees half a file.
    aside=$dir/.unpacking
    trap 'rm -rf "$aside"; clean_up' EXIT
    rm -rf "$aside"
    mkdir "$aside"
    tar -xzf "$dir/${files[0]}" -C "$aside" --strip-components=1 --no-same-owner ||
        die "could not unpack $dir/${files[0]}"
    sums=$(cd "$aside" && sha256sum data_batch_{1..5}.bin test_batch.bin batches.meta.txt)
    mv -f "$aside"/* "$dir"
    echo "$sums" >"$record" # last: it says that all the others are there
    rm "$dir/${files[0]}"
    echo "$name: unpacked into $dir"
fi
