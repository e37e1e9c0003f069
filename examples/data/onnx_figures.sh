#!/usr/bin/env bash
# What the models of onnx_models.sh cost, two parties and a dealer as processes on loopback in a release build. One line a party
# and request: the first also opens the weights. About 3 minutes, and the build before it.
#   bash examples/data/onnx_figures.sh [FOLDER]      # where the models are; examples/data/onnx if not said
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
folder="$(cd "${1:-$here/onnx}" && pwd)"
cd "$here/../.."

cargo build --release --quiet --example onnx_figures
run() {
  "${CARGO_TARGET_DIR:-target}/release/examples/onnx_figures" --model "$folder/$1.onnx" "${@:2}"
}
run efficientnet_lite0
run efficientnet_lite0 --rows 4
run minilm --rows 4 --public-tokens
run minilm --rows 4
run magika --rows 2
run resnet18
run wav2letter
run forest_digits --rows 1797
run vit_b_16 --requests 2
