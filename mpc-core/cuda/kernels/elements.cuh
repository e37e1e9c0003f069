// Kernels that touch each element once: backend/cpu/elementwise.rs, bits.rs and truncate.rs say what they compute.
#pragma once
#include "common.cuh"

struct fill_args {
  u64 threads;
  u64 *out;
  u64 value;
};
HD void fill_each(const fill_args &args, u64 i) { args.out[i] = args.value; }
EACH(fill)

enum { MAP_ADD, MAP_TIMES, MAP_NOT, MAP_ROUND_SHIFT, MAP_SHIFTED };
struct map_args {
  u64 threads;
  const u64 *a;
  u64 *out;
  u64 how, c;
};
HD u64 round_shift(u64 a, u64 bits) {
  if (bits == 0) return a;
  const i64 half = (i64)a >> (bits - 1);
  return (u64)((half >> 1) + (half & 1));
}
HD void map_each(const map_args &args, u64 i) {
  const u64 a = args.a[i];
  switch (args.how) {
    case MAP_ADD: args.out[i] = a + args.c; break;
    case MAP_TIMES: args.out[i] = a * args.c; break;
    case MAP_NOT: args.out[i] = ~a; break;
    case MAP_SHIFTED: args.out[i] = a >> args.c; break;
    default: args.out[i] = round_shift(a, args.c);
  }
}
EACH(map)

enum { ZIP_ADD, ZIP_SUB, ZIP_MUL, ZIP_AND, ZIP_XOR };
struct zip_args {
  u64 threads;
  const u64 *a, *b;
  u64 *out; // may be a or b
  u64 how;
};
HD void zip_each(const zip_args &args, u64 i) {
  const u64 a = args.a[i], b = args.b[i];
  switch (args.how) {
    case ZIP_ADD: args.out[i] = a + b; break;
    case ZIP_SUB: args.out[i] = a - b; break;
    case ZIP_MUL: args.out[i] = a * b; break;
    case ZIP_AND: args.out[i] = a & b; break;
    default: args.out[i] = a ^ b;
  }
}
EACH(zip)

// dealt + ((i==0) m_a - l_a) m_b - m_a l_b
struct masked_product_args {
  u64 threads;
  const u64 *m_a, *m_b, *l_a, *l_b, *dealt;
  u64 *out;
  u64 first;
};
HD void masked_product_each(const masked_product_args &args, u64 i) {
  const u64 m_a = args.m_a[i], m_b = args.m_b[i];
  const u64 left = (args.first ? m_a : 0) - args.l_a[i];
  args.out[i] = args.dealt[i] + left * m_b - m_a * args.l_b[i];
}
EACH(masked_product)

// bit ? a : b, or with `flip` bit ? a - b : b
struct choose_args {
  u64 threads;
  const u64 *bits, *a, *b;
  u64 *out;
  u64 flip;
};
HD void choose_each(const choose_args &args, u64 i) {
  const u64 b = args.b[i], set = args.a[i] - (args.flip ? b : 0);
  args.out[i] = b + ((set - b) & (0 - (u64)bit_of(args.bits, i)));
}
EACH(choose)

struct spread_args {
  u64 threads;
  const u64 *bits;
  u64 *out;
};
HD void spread_each(const spread_args &args, u64 i) { args.out[i] = bit_of(args.bits, i); }
EACH(spread)

// Packs the top bit of each of `len` elements, or whether it is not 0. A thread for each bit, to the end of the last word.
struct pack_args {
  u64 threads;
  const u64 *a;
  u64 *out;
  u64 len, top;
};
HD void pack_each(const pack_args &args, u64 i) {
  const u64 a = i < args.len ? args.a[i] : 0;
  put_bit(args.out, i, args.top ? a >> 63 : a != 0);
}
EACH(pack)

struct truncate_by_bit_args {
  u64 threads;
  const u64 *z, *a, *b, *mask, *products;
  u64 *out;
  u64 bits, first;
};
HD void truncate_by_bit_each(const truncate_by_bit_args &args, u64 i) {
  const u64 z = args.z[i], product = args.products[i], bits = args.bits;
  const u64 a = bit_of(args.a, i), b = bit_of(args.b, i), own = bit_of(args.mask, i);
  const u64 more = args.first ? b & (a ^ own) : a & own & (b ^ 1);
  const u64 less = args.first ? 0 : a & own & b;
  const u64 both = more - less + product - (2 * product & (0 - (a ^ b)));
  const u64 dropped = ((u64)1 << bits) - 1;
  const u64 up = args.first ? 0 : dropped;
  const u64 wrap = bits ? ((z >> 63) - both) << (64 - bits) : 0;
  const u64 rest = args.first ? 0 - ((u64)1 << (62 - bits)) : 0;
  args.out[i] = (z >> bits) + (((z & dropped) + up) >> bits) - wrap + rest;
}
EACH(truncate_by_bit)

struct truncate_opened_args {
  u64 threads;
  const u64 *m, *high, *sign;
  u64 *out;
  u64 bits, first;
};
HD void truncate_opened_each(const truncate_opened_args &args, u64 i) {
  const u64 m = args.m[i], bits = args.bits;
  const u64 mine = args.first ? (m >> bits) - ((u64)1 << (62 - bits)) : 0;
  const u64 wrapped = bits ? args.sign[i] << (64 - bits) : 0;
  args.out[i] = mine - args.high[i] + (wrapped & ((m >> 63) - 1));
}
EACH(truncate_opened)

// ((m >> bits) - 2^(62-bits)) beta - high + (1 - msb m) 2^(64-bits) sign
struct truncated_product_args {
  u64 threads;
  const u64 *m, *beta, *high, *sign;
  u64 *out;
  u64 bits;
};
HD void truncated_product_each(const truncated_product_args &args, u64 i) {
  const u64 m = args.m[i], bits = args.bits;
  const u64 wrapped = bits ? args.sign[i] << (64 - bits) : 0;
  const u64 kept = (m >> bits) - ((u64)1 << (62 - bits));
  args.out[i] = kept * args.beta[i] - args.high[i] + (wrapped & ((m >> 63) - 1));
}
EACH(truncated_product)
