#!/usr/bin/env bash
# Exported models run in ONNX Runtime and give what they give here: onnx_test.sh WRITE_MODELS NPM_FOLDER. The runtime is
# the npm package onnxruntime-node, which .ci/run puts into NPM_FOLDER; without it the test is skipped.
set -euo pipefail
export NODE_PATH=$2/node_modules
if ! command -v node >/dev/null || [[ ! -d $NODE_PATH/onnxruntime-node ]]; then
    echo "skipped: node and onnxruntime-node are not there" && exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder"
node "$(dirname "${BASH_SOURCE[0]}")/onnx/run_models.cjs" "$folder"
