// Comparisons: nibbles looked up in the dealer's tables, and products of opened bits (backend/tree.rs says what and why).
#pragma once
#include "common.cuh"

// Planes of `width` words: with `less` those of lt, lowest nibble first, then those of eq; without, eq alone, and the top
// nibble has 4 bits like the others. A thread for each bit of a plane.
struct nibbles_args {
  u64 threads;
  const u64 *c, *tables;
  u64 *out;
  u64 len, width, less;
};

// Whether an odd number of entries above `value` are set.
HD bool odd_above(u32 table, u32 value) {
  u32 above = table >> value >> 1;
  above ^= above >> 8;
  above ^= above >> 4;
  above ^= above >> 2;
  return (above ^ above >> 1) & 1;
}

HD void nibbles_each(const nibbles_args &args, u64 i) {
  const bool here = i < args.len;
  const u64 c = here ? args.c[i] : 0;
  for (u32 word = 0; word < 4; ++word) {
    const u64 tables = here ? args.tables[4 * i + word] : 0;
    for (u32 quarter = 0; quarter < 4; ++quarter) {
      const u32 nibble = 4 * word + quarter, table = (u32)(tables >> (16 * quarter)) & 0xFFFF;
      u32 value = (u32)(c >> (4 * nibble)) & 15;
      bool lt = false;
      if (args.less) {
        const bool top = nibble == 15;
        if (top) value &= 7;
        lt = top ? table >> (8 + value) & 1 : odd_above(table, value);
        put_bit(args.out + nibble * args.width, i, lt);
      }
      put_bit(args.out + ((args.less ? 16 : 0) + nibble) * args.width, i, table >> value & 1);
    }
  }
}
EACH(nibbles)

// The same for the nibbles of `count` blocks of 16 bits of m: four planes of lt for each block, then four of eq. A block is its
// place, shifted by 16, and what is subtracted from it without a borrow. A thread for each bit of a plane.
struct blocks_args {
  u64 threads;
  const u64 *m, *tables;
  u64 *out;
  const u32 *blocks;
  u64 len, width, count;
};
HD void blocks_each(const blocks_args &args, u64 i) {
  const bool here = i < args.len;
  const u64 m = here ? args.m[i] : 0;
  for (u64 number = 0; number < args.count; ++number) {
    const u32 block = args.blocks[number], place = block >> 16;
    const u32 rest = (u32)(m >> (16 * place)) - block; // of which 16 bits count
    const u64 tables = here ? args.tables[4 * i + place] : 0;
    for (u32 quarter = 0; quarter < 4; ++quarter) {
      const u32 table = (u32)(tables >> (16 * quarter)) & 0xFFFF;
      const bool top = place == 3 && quarter == 3;
      const u32 value = rest >> (4 * quarter) & (top ? 7 : 15);
      const bool lt = top ? table >> (8 + value) & 1 : odd_above(table, value);
      const u64 plane = 4 * number + quarter;
      put_bit(args.out + plane * args.width, i, lt);
      put_bit(args.out + (4 * args.count + plane) * args.width, i, table >> value & 1);
    }
  }
}
EACH(blocks)

// For each of `count` cuts a plane: whether m is less than a number, both modulo 2^bits. A cut is its bits, 0 to 63, and the low and
// the high half of the number. A thread for each bit of a plane.
struct borrows_args {
  u64 threads;
  const u64 *m;
  u64 *out;
  const u32 *cuts;
  u64 len, width, count;
};
HD void borrows_each(const borrows_args &args, u64 i) {
  const bool here = i < args.len;
  const u64 m = here ? args.m[i] : 0;
  for (u64 number = 0; number < args.count; ++number) {
    const u32 *cut = args.cuts + 3 * number;
    const u64 mask = ((u64)1 << cut[0]) - 1, t = ((u64)cut[2] << 32 | cut[1]) & mask;
    put_bit(args.out + number * args.width, i, here && (m & mask) < t);
  }
}
EACH(borrows)

// Planes of exclusive ors of products of opened bits under mask bits. A thread for each word of each plane of the result.
//
// The program: for each plane where its description begins. A description: the plane of `leaves` to begin with, or NONE; how
// many products; and for each its number of factors k, the planes of the factors in `opened`, and for each of the 2^k
// products of their masks (bit j of the number is factor j) where its share is: ONE, or a plane of `masks`, or, from DEALT
// on, one of `monomials`.
enum { NONE = 0xFFFFFFFFu, ONE = 0xFFFFFFFEu, DEALT = 0x80000000u };
struct gates_args {
  u64 threads;
  const u64 *leaves, *opened, *masks, *monomials;
  u64 *out;
  const u32 *program;
  u64 width, first;
};

HD u64 mask_share(const gates_args &args, u32 place, u64 word) {
  if (place == ONE) return args.first ? ~(u64)0 : 0;
  if (place >= DEALT) return args.monomials[(place - DEALT) * args.width + word];
  return args.masks[place * args.width + word];
}

HD void gates_each(const gates_args &args, u64 i) {
  const u64 plane = i / args.width, word = i - plane * args.width;
  const u32 *at = args.program + args.program[plane];
  const u32 leaf = *at++;
  u64 sum = leaf == NONE ? 0 : args.leaves[leaf * args.width + word];
  for (u32 products = *at++; products; --products) {
    const u32 factors = *at++;
    const u32 *planes = at, *places = at + factors;
    at = places + (1u << factors);
    u64 shares[16];
    for (u32 set = 0; set < 16; ++set) shares[set] = set >> factors ? 0 : mask_share(args, places[set], word);
    // One factor at a time, the last one first: (opened ^ mask) is opened times the half without it, plus the half with.
#ifdef __CUDACC__
#pragma unroll
#endif
    for (u32 factor = 4; factor-- > 0;) {
      if (factor >= factors) continue;
      const u64 value = args.opened[planes[factor] * args.width + word];
      for (u32 low = 0; low < 1u << factor; ++low) shares[low] = shares[low + (1u << factor)] ^ (shares[low] & value);
    }
    sum ^= shares[0];
  }
  args.out[i] = sum;
}
EACH(gates)
