// All kernels: scripts/cuda-ptx.sh makes PTX of them.
#include "bits.cuh"
#include "elements.cuh"
#include "gemm.cuh"
#include "layout.cuh"
#include "limbs.cuh"
#include "random.cuh"
