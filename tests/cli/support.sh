# Sourced by the tests of the tinynn command: small checks that print what went wrong, and a tiny data set.
# shellcheck shell=bash

source "$(dirname "${BASH_SOURCE[0]}")/../../datasets/find.sh"

failed=0
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

complain() {
    echo "FAILED: $*"
    failed=1
}

# succeeds COMMAND...: it must exit with 0 and say nothing on stderr.
succeeds() {
    local code=0
    "$@" >"$out/stdout" 2>"$out/stderr" || code=$?
    [[ $code == 0 && ! -s $out/stderr ]] || complain "$* -> exit code $code, $(<"$out/stderr")"
}

# fails CODE PATTERN COMMAND...: it must exit with CODE and say one line on stderr that matches PATTERN.
fails() {
    local want=$1 pattern=$2 code=0
    shift 2
    "$@" >"$out/stdout" 2>"$out/stderr" || code=$?
    [[ $code == "$want" ]] || complain "$* -> exit code $code, expected $want: $(<"$out/stderr")"
    [[ $(wc -l <"$out/stderr") == 1 ]] || complain "$* -> not one line on stderr: $(<"$out/stderr")"
    grep -qE -e "$pattern" "$out/stderr" || complain "$* -> no \"$pattern\" in: $(<"$out/stderr")"
}

# appears FILE PID: waits until the process has written the file; it must not end before.
appears() {
    until [[ -s $1 ]]; do
        kill -0 "$2" 2>/dev/null || [[ -s $1 ]] || { complain "it ended without $1: $(cat stderr)" && return; }
        sleep 0.02
    done
}

prints() { grep -qE -e "$1" "$out/stdout" || complain "no \"$1\" on stdout: $(<"$out/stdout")"; }
same_file() { cmp -s "$1" "$2" || complain "$1 and $2 differ"; }
is_true() { python3 -c "import json,sys; m = json.load(open(sys.argv[1])); sys.exit(not ($2))" "$1" || complain "$2 in $(cat "$1" 2>&1)"; }

# tensors FILE: what is behind the header of a safetensors file: weights and masks, not what it says of itself.
tensors() { python3 -c 'import struct, sys
data = open(sys.argv[1], "rb").read()
sys.stdout.buffer.write(data[8 + struct.unpack("<Q", data[:8])[0]:])' "$1"; }

big_endian() { printf "\\x$(printf %02x $(($1 >> 24 & 255)))\\x$(printf %02x $(($1 >> 16 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))\\x$(printf %02x $(($1 & 255)))"; }

# tiny_mnist FOLDER COUNT: images of noise in MNIST's format, a label each, the same ones every time.
tiny_mnist() { small_digits "$1" "$2" 28; }

# small_digits FOLDER COUNT SIDE: the same with sides of so many pixels.
small_digits() {
    local part i
    mkdir -p "$1"
    for part in train t10k; do
        { big_endian 2051; big_endian "$2"; big_endian "$3"; big_endian "$3"
          python3 -c "import random,sys; random.seed(1); sys.stdout.buffer.write(random.randbytes($2 * $3 * $3))"; } >"$1/$part-images-idx3-ubyte"
        { big_endian 2049; big_endian "$2"
          for ((i = 0; i < $2; i++)); do printf "\\x0$((i % 10))"; done; } >"$1/$part-labels-idx1-ubyte"
    done
}
