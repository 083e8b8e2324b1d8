#!/usr/bin/env bash
# `tinynn predict` on 40 of MNIST's test images as they are, and as somebody would draw them: large, dark blue on light
# paper, off the middle, with the network of examples/embed. Where there is no MNIST, on generated digits, and with a
# network of them. digits_test.sh TINYNN.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1 net=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/examples/embed/digits.safetensors
use_data mnist || {
    export TINYNN_DATA=$out/data data=mnist net=$out/net.safetensors
    python3 "$(dirname "${BASH_SOURCE[0]}")/../support/digits.py" "$TINYNN_DATA/mnist" 3000 200
    succeeds "$tinynn" train --model lenet-300-100 --data mnist --epochs 5 --quiet --out "$net"
}

cp "$(data_file t10k-images-idx3-ubyte)" "$out/images"
cp "$(data_file t10k-labels-idx1-ubyte)" "$out/labels"
python3 - "$out" <<'END'
import gzip, struct, sys, zlib
folder = sys.argv[1]

def unpacked(name):
    data = open(f'{folder}/{name}', 'rb').read()
    return gzip.decompress(data) if data[:2] == b'\x1f\x8b' else data

def write_png(name, width, height, colour, rows):
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    header = struct.pack('>IIBBBBB', width, height, 8, 2 if colour else 0, 0, 0, 0)
    pixels = zlib.compress(b''.join(b'\0' + row for row in rows))
    png = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', pixels) + chunk(b'IEND', b'')
    open(f'{folder}/{name}.png', 'wb').write(png)

images, labels = unpacked('images')[16:], unpacked('labels')[8:]
paper, ink = (250, 245, 230), (20, 30, 90)
mixed = [bytes(p + (i - p) * level // 255 for p, i in zip(paper, ink)) for level in range(256)]
for number in range(40):
    rows = [images[784 * number + 28 * y:][:28] for y in range(28)]
    write_png(f'plain-{number}-{labels[number]}', 28, 28, False, rows)
    above = [mixed[0] * 316] * 50
    drawn = [mixed[0] * 30 + b''.join(mixed[level] * 7 for level in row) + mixed[0] * 90 for row in rows]
    drawn = above + [row for row in drawn for _ in range(7)]
    write_png(f'drawn-{number}-{labels[number]}', 316, len(drawn), True, drawn)
write_png('empty', 40, 30, False, [bytes(40)] * 30)
END

# right PICTURE... -- OPTION...: how many of the pictures show what their names say.
right() {
    local pictures=()
    while [[ $1 != -- ]]; do pictures+=("$1") && shift; done
    shift
    succeeds "$tinynn" predict --in "$net" "${pictures[@]}" "$@"
    awk '/png/ { label = $1; sub(".png", "", label); sub(".*-", "", label); right += label == $2 } END { print right + 0 }' \
        "$out/stdout"
}
for case in "plain 38" "plain 38 --form mnist" "drawn 38"; do
    read -r kind least options <<<"$case"
    # shellcheck disable=SC2086
    found=$(right "$out/$kind"-*.png -- $options)
    echo "$kind $options: $found of 40 right"
    ((found >= least)) || complain "only $found of 40 $kind digits are right"
done
found=$(right "$out/drawn"-*.png -- --form scaled)
((found <= 20)) || complain "$found of 40 drawn digits are right as they are: the test shows nothing"
fails 1 'empty.png: all pixels are between 0 and 0, expected a digit' "$tinynn" predict --in "$net" "$out/empty.png"
fails 2 '--form: photo not in' "$tinynn" predict --in "$net" "$out/empty.png" --form photo

((failed == 0)) && echo "all is well"
exit $failed
