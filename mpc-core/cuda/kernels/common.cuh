// What the kernels are written in: one source for nvcc, which makes PTX of it, and for a host compiler, which makes the
// emulator of it (emulator/driver.cpp). Only two things are said twice: the product of 8-bit tiles (limbs.cuh) and the
// macros of this file.
//
// A kernel takes one struct, by value. All its members have 8 bytes: the same struct in Rust is `repr(C)`
// (src/backend/cuda/kernels.rs).
#pragma once
#include <stdint.h>

typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;
typedef uint8_t u8;
typedef unsigned __int128 u128;

#ifdef __CUDACC__

#define HD static __device__ __forceinline__

// The kernel mpc_NAME, which calls NAME_each(args, i) for i below args.threads. Whole warps stay together: `threads` is a multiple of 32
// where lanes vote.
#define EACH(NAME)                                                                                             \
  extern "C" __global__ void mpc_##NAME(const NAME##_args args) {                                                    \
    const u64 step = (u64)gridDim.x * blockDim.x;                                                              \
    for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < args.threads; i += step) NAME##_each(args, i); \
  }

// The kernel mpc_NAME of blocks of 256 threads, which calls NAME_block(args, block, shared) with so many bytes of shared memory.
#define BLOCKS(NAME)                                                                                           \
  extern "C" __global__ void __launch_bounds__(256, 1) mpc_##NAME(const NAME##_args args) {                          \
    extern __shared__ u64 shared[];                                                                            \
    const Block block = {blockIdx.x, blockIdx.y, blockIdx.z};                                                  \
    NAME##_block(args, block, shared);                                                                         \
  }

// The threads of a block, one phase after the other; what a thread keeps over phases is an array of LOCAL, at LOCAL_AT.
#define THREADS(t)                                   \
  for (u32 t = threadIdx.x, once_ = 1; once_; once_ = 0) \
    if (t < 256)
#define LOCAL 1
#define LOCAL_AT(t) 0
#define SYNC() __syncthreads()

HD void add_to(u64 *at, u64 x) { atomicAdd((unsigned long long *)at, (unsigned long long)x); }

// Bit i of the packed bits `out`, for all lanes of a warp at once.
HD void put_bit(u64 *out, u64 i, bool bit) {
  const u32 word = __ballot_sync(~0u, bit);
  if ((i & 31) == 0) ((u32 *)out)[i / 32] = word;
}

#else

#define HD static inline

// The emulator finds kernels by their names.
struct Kernel {
  const char *name;
  u64 size; // of the arguments
  void (*run)(const void *args, const u32 *grid);
  Kernel *next;
  Kernel(const char *name, u64 size, void (*run)(const void *, const u32 *));
};

#define EACH(NAME)                                                   \
  static void mpc_##NAME(const void *params, const u32 *) {          \
    const NAME##_args &args = *(const NAME##_args *)params;          \
    for (u64 i = 0; i < args.threads; ++i) NAME##_each(args, i);     \
  }                                                                  \
  static Kernel NAME##_kernel("mpc_" #NAME, sizeof(NAME##_args), mpc_##NAME);

#define BLOCKS(NAME)                                                             \
  static void mpc_##NAME(const void *params, const u32 *grid) {                  \
    static thread_local u64 shared[1 << 13];                                     \
    for (u32 z = 0; z < grid[2]; ++z)                                            \
      for (u32 y = 0; y < grid[1]; ++y)                                          \
        for (u32 x = 0; x < grid[0]; ++x) {                                      \
          const Block block = {x, y, z};                                         \
          NAME##_block(*(const NAME##_args *)params, block, shared);             \
        }                                                                        \
  }                                                                              \
  static Kernel NAME##_kernel("mpc_" #NAME, sizeof(NAME##_args), mpc_##NAME);

#define THREADS(t) for (u32 t = 0; t < 256; ++t)
#define LOCAL 256
#define LOCAL_AT(t) t
#define SYNC()

HD void add_to(u64 *at, u64 x) { *at += x; }

// Threads run in order here.
HD void put_bit(u64 *out, u64 i, bool bit) {
  u32 *word = (u32 *)out + i / 32;
  *word = ((i & 31) ? *word : 0) | (u32)bit << (i & 31);
}

#endif

struct Block {
  u32 x, y, z;
};

HD bool bit_of(const u64 *bits, u64 i) { return bits[i / 64] >> (i % 64) & 1; }
