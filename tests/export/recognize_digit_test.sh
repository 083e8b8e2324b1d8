#!/usr/bin/env bash
# The example that recognizes digits, on 40 of MNIST's test images as they are, and as somebody would draw them: large,
# dark blue on light paper, off the middle. Where there is no MNIST, on generated digits. recognize_digit_test.sh TINYNN
# RECOGNIZE_DIGIT.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../cli/support.sh"
tinynn=$1 recognize=$2
epochs=1
use_data mnist || {
    export TINYNN_DATA=$out/data data=mnist
    python3 "$(dirname "${BASH_SOURCE[0]}")/../support/digits.py" "$TINYNN_DATA/mnist" 3000 200
    epochs=5 # of 47 steps
}

succeeds "$tinynn" train --model lenet-300-100 --data "$data" --epochs $epochs --quiet --out "$out/net.safetensors"
succeeds "$tinynn" export --in "$out/net.safetensors" --format program --raw-input --out "$out/digits.plan"
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

for kind in plain drawn; do
    right=0
    for picture in "$out/$kind"-*.png; do
        label=${picture%.png} label=${label##*-}
        succeeds "$recognize" "$out/digits.plan" "$picture"
        [[ $(wc -l <"$out/stdout") == 11 ]] || complain "not a line and ten more: $(<"$out/stdout")"
        if grep -q "shows a $label$" "$out/stdout"; then right=$((right + 1)); else head -1 "$out/stdout"; fi
    done
    echo "$kind: $right of 40 right"
    ((right >= 38)) || complain "only $right of 40 $kind digits are right"
done
fails 1 'empty.png: all pixels are between 0 and 0' "$recognize" "$out/digits.plan" "$out/empty.png"
fails 1 'none.png: cannot open' "$recognize" "$out/digits.plan" "$out/none.png"
fails 1 'usage: ' "$recognize" "$out/digits.plan"

((failed == 0)) && echo "all is well"
exit $failed
