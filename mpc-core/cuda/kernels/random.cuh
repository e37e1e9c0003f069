// ChaCha20 (RFC 8439, with a counter of 64 bits and a stream of 64 bits instead of the nonce): the words that rand/prg.rs
// takes from `rand_chacha`.
#pragma once
#include "common.cuh"

// How words go to where there are some: over them, or added to them, as numbers of 64 or of 128 bits.
static const u64 OVER = ~(u64)0;
enum { RANDOM_ADD = 0, RANDOM_ADD_WIDE = 5 }; // else by exclusive or

struct alignas(16) Four {
  u32 words[4];
};

// Four words of a stream, from `word` on, as far as they are among the `len` from `first` on that `out` is for.
HD void put_four(u32 *out, u64 first, u64 len, u64 how, u64 word, const u32 *x) {
  const u64 at = word - first; // wraps below `first`
  if (how == OVER && at % 4 == 0 && at < len && len - at >= 4) {
    *(Four *)(out + at) = {{x[0], x[1], x[2], x[3]}};
    return;
  }
  if (how == RANDOM_ADD_WIDE) { // `first` and `len` are whole numbers, so these four words are one
    const u64 low = x[0] | (u64)x[1] << 32, high = x[2] | (u64)x[3] << 32;
    if (at < len) *(u128 *)(out + at) += (u128)high << 64 | low;
    return;
  }
  for (u32 k = 0; k < 4; k += 2) {
    if (how == OVER) {
      if (at + k < len) out[at + k] = x[k];
      if (at + k + 1 < len) out[at + k + 1] = x[k + 1];
    } else if (at + k < len) {
      u64 *sum = (u64 *)(out + (at + k));
      const u64 number = x[k] | (u64)x[k + 1] << 32;
      *sum = how == RANDOM_ADD ? *sum + number : *sum ^ number;
    }
  }
}

// Words of 32 bits from `first` on of a stream: a thread for each block of 16 that has some.
struct random_args {
  u64 threads;
  u32 *out;
  u64 stream, first, len, how;
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
  for (int k = 0; k < 16; k += 4) {
    const u32 four[4] = {x[k] + start[k], x[k + 1] + start[k + 1], x[k + 2] + start[k + 2], x[k + 3] + start[k + 3]};
    put_four(args.out, args.first, args.len, args.how, 16 * block + k, four);
  }
}
EACH(random)
