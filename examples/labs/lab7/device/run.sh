#!/usr/bin/env bash
# lab7.cpp on an emulated Cortex-M3: run.sh [FILE.cpp]. Prints flash and RAM in bytes, then for each picture instructions,
# stack and scores. Wants arm-none-eabi-g++ and qemu-system-arm; exit code 77 without them.
set -euo pipefail
device=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
file=${1:-$device/../lab7.cpp}
for tool in arm-none-eabi-g++ qemu-system-arm; do
    command -v $tool >/dev/null || {
        echo "skipped: there is no $tool; apt-get install gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-system-arm"
        exit 77
    }
done
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

flags=(-std=c++17 -O2 -mcpu=cortex-m3 -mthumb -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-unwind-tables
    -ffunction-sections -fdata-sections -Wall -Wextra -I"$device" -I"$device/..")
echo '#include <cstdint>' | arm-none-eabi-g++ -x c++ "${flags[@]}" -fsyntax-only - 2>/dev/null || {
    echo "skipped: arm-none-eabi-g++ has no C++ library; apt-get install libstdc++-arm-none-eabi-newlib"
    exit 77
}
# A copy, so that its includes are those of this folder.
mkdir "$out/lab7"
cp "$file" "$out/lab7/lab7.cpp"
cp "$device"/../*.hpp "$out/lab7"
for source in "$out/lab7/lab7.cpp" "$device/main.cpp" "$device/startup.cpp"; do
    arm-none-eabi-g++ "${flags[@]}" -c "$source" -o "$out/$(basename "$source" .cpp).o" 2>"$out/errors" || {
        echo "does not compile: $(grep -m1 error "$out/errors" | sed "s|$out/lab7/||")"
        exit 1
    }
done
# Without a standard library: malloc, new and printf are not there to be called.
arm-none-eabi-g++ -mcpu=cortex-m3 -mthumb -nostdlib -Wl,--gc-sections -T "$device/memory.ld" \
    "$out"/{lab7,main,startup}.o -lgcc -o "$out/lab7.elf" 2>"$out/errors" || {
    echo "does not link: $(grep -m1 -o 'undefined reference.*' "$out/errors" || head -1 "$out/errors")"
    exit 1
}

# A chip has no use for the names in an ELF file; what is loaded counts. The pictures would come from a camera.
arm-none-eabi-size -A "$out/lab7.elf" | awk '
    $1 == ".text" || $1 == ".ARM.exidx" || $1 == ".data" { flash += $2 }
    $1 == ".data" || $1 == ".bss" { ram += $2 }
    END { print "flash " flash; print "variables " ram }'
arm-none-eabi-nm "$out/lab7.elf" | awk '$3 ~ /^__aeabi_(c?[fd](add|sub|rsub|mul|div|cmp|2)|u?[il]2[fd]|u?l2[fd])/ { print "float " $3 }'
timeout 20 qemu-system-arm -machine mps2-an385 -icount shift=10 -nographic -monitor none -serial none \
    -semihosting-config enable=on,target=native -kernel "$out/lab7.elf" >"$out/says" 2>&1 || code=$?
grep -v "terminating on signal" "$out/says" || true
case ${code:-0} in
    0) ;;
    124) echo "is not through after 20 seconds" ;;
    *) echo "emulator: exit code $code" ;;
esac
exit "${code:-0}"
