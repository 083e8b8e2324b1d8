#!/usr/bin/env bash
# A pruned network inside a program that needs no library: trains and prunes one, writes it as a header, compiles it into
# two programs, and runs them. examples/embed/run.sh [MODEL], by default lenet-300-100. Wants MNIST (datasets/fetch.sh
# mnist) or Fashion-MNIST.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source .ci/setup.sh
source datasets/find.sh
model=${1:-lenet-300-100}
use_data mnist fashion-mnist || { echo "run.sh: $no_data" >&2 && exit 1; }

install_packages "${build_packages[@]}"
build release tinynn_cli
tinynn=build/release/tinynn/tinynn out=build/embed/$model-$data
mkdir -p "$out"
[[ -e $out/pruned.safetensors ]] ||
    $tinynn prune --model "$model" --data "$data" --sparsity 0.98 --out "$out/pruned.safetensors"
$tinynn export --in "$out/pruned.safetensors" --format header --name digits --quantize int8 --raw-input --data "$data" \
    --out "$out/digits.hpp"
for program in read_digit accuracy; do
    g++ -std=c++17 -O2 -I"$out" examples/embed/$program.cpp -o "$out/$program"
done
for file in t10k-images-idx3-ubyte t10k-labels-idx1-ubyte; do
    zcat -f "$(data_file $file)" >"$out/$file"
done
echo "The first test image shows a $(tail -c +17 "$out/t10k-images-idx3-ubyte" | head -c 784 | "$out/read_digit")."
"$out/accuracy" "$out"
