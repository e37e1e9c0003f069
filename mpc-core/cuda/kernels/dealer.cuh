// What a dealer makes of masks: backend/cpu/dealt.rs says what and why.
#pragma once
#include "common.cuh"

// The tables of the nibbles of each mask, less `others` by exclusive or: four words a mask, a thread for each word. With `less`
// the top nibble has two tables of 8 bits (backend/tree.rs).
struct tables_args {
  u64 threads;
  const u64 *masks, *others;
  u64 *out;
  u64 less;
};
HD void tables_each(const tables_args &args, u64 i) {
  const u64 mask = args.masks[i / 4], number = i % 4, four = mask >> (16 * number);
  u64 table = 0;
  for (u64 at = 0; at < 4; ++at) table |= (u64)1 << (16 * at + (four >> (4 * at) & 15));
  if (args.less && number == 3) {
    const u64 sign = mask >> 63, value = mask >> 60 & 7, below = ((u64)1 << value) - 1;
    const u64 top = (u64)1 << value | ((below ^ 0xFF * sign) & 0xFF) << 8;
    table = (table & (((u64)1 << 48) - 1)) | top << 48;
  }
  args.out[i] = table ^ args.others[i];
}
EACH(tables)

// Conjunctions of planes of `width` words. `sets` has two words for each: the number of a plane, and which of it and those after
// it are taken.
struct all_of_args {
  u64 threads;
  const u64 *masks;
  u64 *out;
  const u32 *sets;
  u64 width;
};
HD void all_of_each(const all_of_args &args, u64 i) {
  const u64 plane = i / args.width, word = i - plane * args.width;
  const u32 first = args.sets[2 * plane], set = args.sets[2 * plane + 1];
  u64 product = ~(u64)0;
  for (u32 member = 0; member < 8; ++member)
    if (set >> member & 1) product &= args.masks[(first + member) * args.width + word];
  args.out[i] = product;
}
EACH(all_of)
