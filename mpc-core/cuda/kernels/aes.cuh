// AES-256 in counter mode, as rand/aes.rs: block b of stream s encrypts the bytes b, s, both little-endian. A thread makes two
// blocks, by bits: plane j has bit j of each of their 32 bytes, and a byte is where it is in its block, the second block's 16
// higher. Nothing is looked up in a table: no address and no branch depends on a key.
#pragma once
#include "random.cuh"

// Eight planes, or four for elements of a field of 16.
typedef u32 Planes[8];

// GF(16): polynomials in w modulo w^4 + w + 1, lowest coefficient first.
HD void times_16(u32 *out, const u32 *a, const u32 *b) {
  const u32 low = (a[1] & b[3]) ^ (a[2] & b[2]) ^ (a[3] & b[1]), high = (a[2] & b[3]) ^ (a[3] & b[2]), top = a[3] & b[3];
  const u32 c0 = (a[0] & b[0]) ^ low, c1 = (a[0] & b[1]) ^ (a[1] & b[0]) ^ low ^ high;
  const u32 c2 = (a[0] & b[2]) ^ (a[1] & b[1]) ^ (a[2] & b[0]) ^ high ^ top;
  const u32 c3 = (a[0] & b[3]) ^ (a[1] & b[2]) ^ (a[2] & b[1]) ^ (a[3] & b[0]) ^ top;
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

// 1 / a, and 0 of 0: its coefficients as polynomials in those of a.
HD void inverse_16(u32 *out, const u32 *a) {
  const u32 x0 = a[0], x1 = a[1], x2 = a[2], x3 = a[3];
  const u32 x01 = x0 & x1, x02 = x0 & x2, x03 = x0 & x3, x12 = x1 & x2, x13 = x1 & x3, x23 = x2 & x3, x123 = x12 & x3;
  out[0] = x0 ^ x1 ^ x2 ^ x02 ^ x12 ^ (x01 & x2) ^ x3 ^ x123;
  out[1] = x01 ^ x02 ^ x12 ^ x3 ^ x13 ^ (x01 & x3);
  out[2] = x01 ^ x2 ^ x02 ^ x3 ^ x03 ^ (x02 & x3);
  out[3] = x1 ^ x2 ^ x3 ^ x03 ^ x13 ^ x23 ^ x123;
}

// The S-box of every byte. The field of 256 as pairs (low, high) over GF(16): low + high z with z^2 = z + w^3 + w. So is
// 1 / (low + high z) = (low + high + high z) / n with n = low^2 + low high + (w^3 + w) high^2. The way into that basis and,
// joined to the affine map of the S-box, the way back are sums of planes.
HD void substitute(Planes q) {
  Planes t;
  t[0] = q[0] ^ q[2] ^ q[5] ^ q[7];
  t[1] = q[2] ^ q[5] ^ q[6] ^ q[7];
  t[2] = q[2];
  t[3] = q[3] ^ q[4];
  t[4] = q[1] ^ q[5] ^ q[7];
  t[5] = q[2] ^ q[3];
  t[6] = q[1] ^ q[4] ^ q[6] ^ q[7];
  t[7] = q[5] ^ q[7];
  const u32 *low = t, *high = t + 4;
  u32 n[4], both[4];
  times_16(n, low, high);
  n[0] ^= low[0] ^ low[2] ^ high[2] ^ high[3];
  n[1] ^= low[2] ^ high[0] ^ high[1];
  n[2] ^= low[1] ^ low[3] ^ high[1] ^ high[2];
  n[3] ^= low[3] ^ high[0] ^ high[1] ^ high[2];
  inverse_16(n, n);
  for (int k = 0; k < 4; ++k) both[k] = low[k] ^ high[k];
  times_16(t, both, n);
  times_16(t + 4, high, n);
  q[0] = ~(t[0] ^ t[1] ^ t[2] ^ t[3] ^ t[5] ^ t[7]);
  q[1] = ~(t[0] ^ t[1] ^ t[4]);
  q[2] = t[0] ^ t[2] ^ t[3] ^ t[5] ^ t[6] ^ t[7];
  q[3] = t[0] ^ t[1] ^ t[2] ^ t[3] ^ t[6];
  q[4] = t[0] ^ t[3] ^ t[4];
  q[5] = ~(t[1] ^ t[2] ^ t[5] ^ t[6]);
  q[6] = ~(t[4] ^ t[5] ^ t[6]);
  q[7] = t[1] ^ t[2] ^ t[3];
}

// Row r of a block is every fourth byte from r on; it moves by r columns.
HD u32 shifted_rows(u32 x) {
  u32 out = x & 0x11111111;
  for (u32 row = 1; row < 4; ++row) {
    const u32 own = x & (0x11111111u << row), kept = 0xFFFFu >> (4 * row);
    out |= (own >> (4 * row) & (kept | kept << 16)) | (own << (16 - 4 * row) & ~(kept | kept << 16));
  }
  return out;
}

// In every column of four bytes: byte r becomes byte r + by.
HD u32 rotated_columns(u32 x, u32 by) {
  const u32 kept = 0xFu >> by, all = kept * 0x11111111u;
  return (x >> by & all) | (x << (4 - by) & ~all);
}

// 2 a + 3 b + c + d of the bytes a, b, c, d of a column, from each of them on.
HD void mix_columns(Planes q) {
  Planes rest, twice;
  for (int j = 0; j < 8; ++j) {
    const u32 next = rotated_columns(q[j], 1);
    twice[j] = q[j] ^ next;
    rest[j] = next ^ rotated_columns(twice[j], 2);
  }
  for (int j = 0; j < 8; ++j) {
    // Twice a byte: its bits move up, and the top one is x^8 = x^4 + x^3 + x + 1.
    const u32 below = j ? twice[j - 1] : 0, wraps = 0x1B >> j & 1 ? twice[7] : 0;
    q[j] = rest[j] ^ below ^ wraps;
  }
}

// Bit `j` of each of 8 bytes, and bits as the lowest of 8 bytes.
HD u32 gathered(u64 bytes, u32 j) {
  return (u32)((bytes >> j & 0x0101010101010101u) * 0x0102040810204080u >> 56);
}
HD u64 scattered(u32 bits) {
  const u64 each = (bits & 255) * 0x0101010101010101u & 0x8040201008040201u;
  return (each + 0x7F7F7F7F7F7F7F7Fu) >> 7 & 0x0101010101010101u;
}

struct random_aes_args {
  u64 threads;
  u32 *out;
  u64 stream, first, len, how;
  u32 key[120]; // the planes of the key of each round, the same for both blocks
};
HD void random_aes_each(const random_aes_args &args, u64 i) {
  const u64 pair = args.first / 8 + i, block = 2 * pair;
  Planes q;
  for (u32 j = 0; j < 8; ++j) {
    const u32 stream = gathered(args.stream, j) * 0x01000100u;
    q[j] = (gathered(block, j) | gathered(block + 1, j) << 16 | stream) ^ args.key[j];
  }
  for (u32 round = 1; round <= 14; ++round) {
    substitute(q);
    for (u32 j = 0; j < 8; ++j) q[j] = shifted_rows(q[j]);
    if (round < 14) mix_columns(q);
    for (u32 j = 0; j < 8; ++j) q[j] ^= args.key[8 * round + j];
  }
  for (u32 half = 0; half < 2; ++half) {
    u64 low = 0, high = 0;
    for (u32 j = 0; j < 8; ++j) {
      low |= scattered(q[j] >> (16 * half)) << j;
      high |= scattered(q[j] >> (16 * half + 8)) << j;
    }
    const u32 words[4] = {(u32)low, (u32)(low >> 32), (u32)high, (u32)(high >> 32)};
    put_four(args.out, args.first, args.len, args.how, 8 * pair + 4 * half, words);
  }
}
EACH(random_aes)
