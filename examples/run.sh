#!/usr/bin/env bash
# First light: trains LeNet-300-100 on handwritten digits, removes 95% of its weights in ten steps with fine-tuning
# in between, and shows what that cost. Installs and builds what is missing. Options for `tinynn prune` may follow.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh
source datasets/find.sh

install_packages "${build_packages[@]}"
build release tinynn_cli

# Where the digits are: the user's data folder, this project's, the internet, or Debian's package of the look-alike
# Fashion-MNIST.
if ! use_data mnist && ! { install_packages curl ca-certificates && datasets/fetch.sh mnist && use_data mnist; }; then
    echo "No MNIST to be had, so this uses Fashion-MNIST from Debian's package dataset-fashion-mnist: real images of" \
        "clothes instead of digits. They are harder to tell apart, so expect about 90% instead of 98%."
    install_packages dataset-fashion-mnist
    use_data fashion-mnist
fi

out=build/first-light
mkdir -p $out
build/release/tinynn/tinynn prune --model lenet-300-100 --data "$data" --sparsity 0.95 \
    --out $out/pruned.safetensors --metrics $out/metrics.json "$@"
