#!/usr/bin/env bash
# An exported header finds the same classes on a Cortex-M3, which has no floating point, as here, and in bytes the same
# scores to the last bit: cortex_m_test.sh TINYNN. With 100 test images of MNIST or
# Fashion-MNIST, or of noise where there is neither.
# Wants Debian's gcc-arm-none-eabi, libstdc++-arm-none-eabi-newlib and qemu-system-arm; exit code 77 without them.
set -euo pipefail
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/cortex_m" && pwd)
source "$sources/../../cli/support.sh"
tinynn=$1
for tool in arm-none-eabi-g++ qemu-system-arm; do
    command -v $tool >/dev/null || { echo "skipped: there is no $tool" && exit 77; }
done
echo '#include <cmath>' | arm-none-eabi-g++ -x c++ -fsyntax-only - 2>/dev/null || {
    echo "skipped: there is no C++ library for arm-none-eabi-g++" && exit 77
}

use_data mnist fashion-mnist || {
    export TINYNN_DATA=$out/data data=mnist
    tiny_mnist "$TINYNN_DATA/mnist" 100
}
zcat -f "$(data_file t10k-images-idx3-ubyte)" | python3 -c "
import sys
pixels = sys.stdin.buffer.read()[16:16 + 100 * 784]
print('const std::uint8_t images[100][784] = {')
for i in range(100):
    print('{' + ','.join(map(str, pixels[784 * i:784 * (i + 1)])) + '},')
print('};')" >"$out/images.hpp"

succeeds "$tinynn" prune --model simple-cnn --data "$data" --epochs 1 --sparsity 0.9 --steps 1 --finetune-epochs 1 --quiet \
    --out "$out/p.safetensors"
warnings=(-std=c++17 -Wall -Wextra -Wconversion -Werror)
for quantize in "" "--quantize int8"; do
    # shellcheck disable=SC2086
    succeeds "$tinynn" export --in "$out/p.safetensors" --format header --name digits --data "$data" --raw-input $quantize \
        --out "$out/digits.hpp"
    g++ "${warnings[@]}" -O2 -I"$out" "$sources/main.cpp" -o "$out/here"
    "$out/here" >"$out/here.txt"
    arm-none-eabi-g++ "${warnings[@]}" -Os -mcpu=cortex-m3 -mthumb --specs=rdimon.specs -fno-exceptions -fno-rtti -I"$out" \
        -Wl,--section-start=.vectors=0 "$sources/main.cpp" "$sources/startup.cpp" -o "$out/there.elf"
    timeout 100 qemu-system-arm -machine mps2-an385 -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native -kernel "$out/there.elf" >"$out/there.txt" || complain "qemu: $?"
    [[ $(wc -l <"$out/there.txt") == 100 ]] || complain "no 100 lines: $(<"$out/there.txt")"
    if [[ $quantize ]]; then
        same_file "$out/here.txt" "$out/there.txt"
    else
        cmp -s <(cut -d' ' -f1 "$out/here.txt") <(cut -d' ' -f1 "$out/there.txt") || complain "classes differ"
    fi
    echo "classes here and there${quantize:+ with $quantize}: $(cut -d' ' -f1 "$out/there.txt" | tr -d '\n')"
done

((failed == 0)) && echo "all is well"
exit $failed
