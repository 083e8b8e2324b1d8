#!/usr/bin/env bash
# Tests 'tinynn inspect --data', and training on data by path. data_test.sh PATH_OF_TINYNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
tinynn=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tiny_mnist "$out/source" 300
python3 "$here/../data/formats/write.py" "$out/source" "$out/d" 300 100

# --- what inspect says of each kind is the same
for data in idx pictures stored.npz emnist:digits; do
    succeeds "$tinynn" inspect --data "$out/d/$data" --metrics "$out/m.json"
    prints '300 samples to train on, 100 to test on, of shape \(1, 28, 28\)'
    prints '^grey +0.4999 +0.29$'
    prints '^9 +9 +30 +10$'
    is_true "$out/m.json" "m['train'] == 300 and m['shape'] == [1, 28, 28] and m['classes'] == list('0123456789')"
    is_true "$out/m.json" "m['train_by_class'] == [30] * 10 and m['test_by_class'] == [10] * 10 and len(m['mean']) == 1"
done
succeeds "$tinynn" inspect --data "$out/d/csv_first" --shape 1,28,28 --metrics "$out/m.json"
is_true "$out/m.json" "m['kind'] == 'csv' and m['shape'] == [1, 28, 28]"
succeeds "$tinynn" inspect --data "$out/d/csv_first" --metrics "$out/m.json"
is_true "$out/m.json" "m['shape'] == [784] and len(m['columns']) == len(m['mean']) == 784 and m['columns'][3] == 'pixel3'"
prints '^pixel19 .*'
prints '^and 764 more$'
succeeds "$tinynn" inspect --data "$out/d/one_folder" --test-fraction 0.5 --metrics "$out/m.json"
is_true "$out/m.json" "m['train'] == m['test'] == 150 and m['test_by_class'] == [15] * 10"
succeeds "$tinynn" inspect --data "$out/d/one.csv" --label first
printf 'rooms,price\n1,10\n2,20\n3,30\n4,40\n5,50\n' >"$out/houses.csv"
succeeds "$tinynn" inspect --data "$out/houses.csv" --target price --metrics "$out/m.json"
prints 'targets are numbers of shape \(1\)'
is_true "$out/m.json" "m['columns'] == ['rooms'] and 'classes' not in m"
succeeds "$tinynn" inspect --data "$out/d/pictures" --resize 14x20 --channels 3
prints 'of shape \(3, 14, 20\)'
prints '^blue '
TINYNN_DATA=$out/d succeeds "$tinynn" inspect --data emnist:letters
prints '^9 +J +30 +10$'
succeeds "$tinynn" inspect --data "$out/d/idx" --quiet
[[ ! -s $out/stdout ]] || complain "--quiet is not"

# --- the contact sheet is a PNG with a row for each class
succeeds "$tinynn" inspect --data "$out/d/pictures" --contact-sheet "$out/sheet.png"
python3 - "$out/sheet.png" "$out/source/train-images-idx3-ubyte" <<'END' || complain "the contact sheet is not right"
import struct, sys, zlib
png, idx = (open(name, "rb").read() for name in sys.argv[1:])
chunks, at = {}, 8
while at < len(png):
    length, kind = struct.unpack(">I4s", png[at:at + 8])
    chunks[kind] = chunks.get(kind, b"") + png[at + 8:at + 8 + length]
    at += 12 + length
width, height, bits, colour = struct.unpack(">2I2B", chunks[b"IHDR"][:10])
assert (width, height, bits, colour) == (302, 302, 8, 0), (width, height, bits, colour)
rows, packed, before = [], zlib.decompress(chunks[b"IDAT"]), bytes(width)
for y in range(height):
    kind, line = packed[(width + 1) * y], bytearray(packed[(width + 1) * y + 1:(width + 1) * (y + 1)])
    for x in range(width):
        a, b, c = (line[x - 1] if x else 0), before[x], (before[x - 1] if x else 0)
        p = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
        line[x] = (line[x] + [0, a, b, (a + b) // 2, p][kind]) & 255
    rows.append(bytes(line))
    before = rows[-1]
for label in range(10):
    for i in range(10):
        picture = idx[16 + 784 * (10 * i + label):][:784]  # labels are 0 to 9, over and over
        for y in range(28):
            assert rows[2 + 30 * label + y][2 + 30 * i:30 + 30 * i] == picture[28 * y:28 * y + 28], (label, i, y)
END

# --- training on one is training on the other

# same_weights FILE FILE: what stands behind their headers, which may name the classes otherwise.
same_weights() {
    python3 -c '
import struct, sys
first, second = (file[8 + struct.unpack("<Q", file[:8])[0]:] for file in (open(name, "rb").read() for name in sys.argv[1:]))
sys.exit(first != second)' "$1" "$2" || complain "$1 and $2 have other weights"
}
for data in idx csv_first csv_words pictures deflated.npz emnist:digits; do
    succeeds "$tinynn" train --model lenet-300-100 --data "$out/d/$data" --epochs 2 --out "$out/$data.safetensors"
    [[ $data == idx ]] && continue
    same_weights "$out/idx.safetensors" "$out/$data.safetensors"
done

# --- what cannot be done
fails 2 'expected either FILE or --data' "$tinynn" inspect
fails 2 'expected either FILE or --data' "$tinynn" inspect "$out/idx.safetensors" --data "$out/d/idx"
fails 2 'which need --data' "$tinynn" inspect "$out/idx.safetensors" --label x
fails 1 'mnist is no CSV, --label' "$tinynn" inspect --data mnist --label x
fails 1 "d/idx: a label's column is asked for, but this is no CSV: idx" "$tinynn" inspect --data "$out/d/idx" --label x
fails 2 'which need --data' "$tinynn" inspect "$out/idx.safetensors" --contact-sheet "$out/no.png"
fails 2 '--resize: "0x5", expected SIDE or HEIGHTxWIDTH' "$tinynn" inspect --data "$out/d/idx" --resize 0x5
fails 2 '--resize: "5x5x5", expected' "$tinynn" inspect --data "$out/d/idx" --resize 5x5x5
fails 2 '--shape: "1,,28", expected up to 7 sizes' "$tinynn" inspect --data "$out/d/idx" --shape 1,,28
fails 2 '--shape: "999999,999999", expected' "$tinynn" inspect --data "$out/d/idx" --shape 999999,999999
fails 2 '--channels: "2", expected 1 or 3' "$tinynn" inspect --data "$out/d/idx" --channels 2
fails 1 'unknown data set "nowhere", expected mnist' "$tinynn" inspect --data nowhere
fails 1 'idx.safetensors is no data set, expected' "$tinynn" inspect --data "$out/idx.safetensors"
fails 1 'there are several sets, expected one of .*emnist:digits' "$tinynn" inspect --data "$out/d/emnist"
fails 1 'has no pictures, grey or coloured, but samples of shape \(1\)' \
    "$tinynn" inspect --data "$out/houses.csv" --target price --contact-sheet "$out/no.png"
fails 1 'cannot write .*/no/where.png' "$tinynn" inspect --data "$out/d/idx" --contact-sheet "$out/no/where.png"
[[ ! -e $out/no.png ]] || complain "a contact sheet was written"
fails 1 'small has images of 1 x 16 x 16, lenet-5 takes 1 x 28 x 28; --resize 28x28 scales them' \
    "$tinynn" train --model lenet-5 --data "$(small_digits "$out/small" 60 16 && echo "$out/small")"
printf 'rooms,kind\n1,a\n2,b\n' >"$out/kinds.csv"
fails 1 'kinds.csv: 1 column of inputs, expected 784 for the shape' "$tinynn" train --model lenet-5 --data "$out/kinds.csv"

((failed == 0)) && echo "all is well"
exit $failed
