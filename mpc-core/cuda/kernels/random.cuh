// ChaCha20 (RFC 8439, with a counter of 64 bits and a stream of 64 bits instead of the nonce): the words that rand/prg.rs
// takes from `rand_chacha`.
#pragma once
#include "common.cuh"

// Words of 32 bits from `first` on of a stream: a thread for each block of 16 that has some.
struct random_args {
  u64 threads;
  u32 *out;
  u64 stream, first, len;
  u32 key[8];
};

HD u32 rotated(u32 x, int by) { return x << by | x >> (32 - by); }

HD void quarter(u32 &a, u32 &b, u32 &c, u32 &d) {
  a += b, d = rotated(d ^ a, 16);
  c += d, b = rotated(b ^ c, 12);
  a += b, d = rotated(d ^ a, 8);
  c += d, b = rotated(b ^ c, 7);
}

HD void random_each(const random_args &args, u64 i) {
  const u64 block = args.first / 16 + i;
  const u32 start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, args.key[0], args.key[1],
                         args.key[2], args.key[3], args.key[4], args.key[5], args.key[6], args.key[7],
                         (u32)block, (u32)(block >> 32), (u32)args.stream, (u32)(args.stream >> 32)};
  u32 x[16];
  for (int k = 0; k < 16; ++k) x[k] = start[k];
  for (int round = 0; round < 10; ++round) {
    quarter(x[0], x[4], x[8], x[12]);
    quarter(x[1], x[5], x[9], x[13]);
    quarter(x[2], x[6], x[10], x[14]);
    quarter(x[3], x[7], x[11], x[15]);
    quarter(x[0], x[5], x[10], x[15]);
    quarter(x[1], x[6], x[11], x[12]);
    quarter(x[2], x[7], x[8], x[13]);
    quarter(x[3], x[4], x[9], x[14]);
  }
#ifdef __CUDACC__
#pragma unroll
#endif
  for (int k = 0; k < 16; ++k) {
    const u64 at = 16 * block + k - args.first; // wraps below `first`
    if (at < args.len) args.out[at] = x[k] + start[k];
  }
}
EACH(random)
