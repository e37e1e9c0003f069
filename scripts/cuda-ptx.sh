#!/usr/bin/env bash
# Makes mpc-core/cuda/ptx from mpc-core/cuda/kernels with the nvcc that this script pins. With --check it changes nothing, and
# fails if the PTX in the tree is not what it would write.
#
# nvcc comes from PyPI, into a virtual environment; that needs python3 with venv, and a host compiler (g++). NVCC_VENV says
# where (default: a folder for temporary files). PTX of CUDA 13.0 runs with drivers of CUDA 13.0 and later.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../mpc-core/cuda"

venv=${NVCC_VENV:-${TMPDIR:-/tmp}/mpc-nvcc-13.0.88}
if [[ ! -x $venv/bin/pip || ! -e $venv/complete ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-nvvm==13.0.88 \
    nvidia-cuda-runtime==13.0.96
  touch "$venv/complete"
fi
toolkit=$(echo "$venv"/lib/python3*/site-packages/nvidia/cu13)

out=ptx
[[ ${1:-} != --check ]] || out=$(mktemp -d)
for capability in 75 80; do
  "$toolkit/bin/nvcc" -O3 -std=c++17 -ptx -arch="compute_$capability" -Werror all-warnings -I"$toolkit/include" \
    kernels/kernels.cu -o "$out/kernels_$capability.ptx"
done
# What it was made of: the test `cuda` compares that everywhere, also where no nvcc can be had.
(cd kernels && LC_ALL=C sha256sum -- *) > "$out/sources.sha256"
if [[ ${1:-} == --check ]]; then
  diff -rq ptx "$out" || { echo "the PTX in the tree is not made from these kernels: run scripts/cuda-ptx.sh" >&2; exit 1; }
  echo "the PTX in the tree is made from these kernels"
fi
