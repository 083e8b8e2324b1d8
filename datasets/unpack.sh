#!/usr/bin/env bash
# Unpacks CIFAR-10 as images: unpack.sh ARCHIVE [FOLDER] puts the train/CLASS/*.jpg and test/CLASS/*.jpg of a tar
# archive (plain, .gz or .xz) into FOLDER/cifar10, where tinynn looks for them. FOLDER defaults to this one.
set -euo pipefail

[[ $# == 1 || $# == 2 ]] || { echo "Usage: unpack.sh ARCHIVE [FOLDER]" >&2; exit 2; }
archive=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${2:-$here}/cifar10
die() { echo "unpack.sh: $*" >&2; exit 1; }

[[ -f $archive ]] || die "no file $archive"
[[ ! -e $target/train && ! -e $target/test ]] || die "$target has images already; remove its train/ and test/ first"
mkdir -p "$target"
aside=$(mktemp -d "$target/.unpacking-XXXXXX") # and renamed when whole, so that nobody ever sees half of it
trap 'rm -rf "$aside"' EXIT
tar -xf "$archive" -C "$aside" --no-same-owner || die "could not unpack $archive"
train=$(find "$aside" -maxdepth 2 -type d -name train -print -quit)
[[ -n $train && -d ${train%/*}/test ]] || die "$archive has no folders train/ and test/"
mv "${train%/*}/test" "$train" "$target"
echo "unpacked into $target: $(find "$target/train" "$target/test" -type f | wc -l) images"
