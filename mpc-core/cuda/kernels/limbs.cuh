// Products modulo 2^64 on the tensor cores for 8-bit integers: a = sum of a_i 2^(8i), b likewise, and of the 64 products of
// limbs the 36 with i + j < 8 remain modulo 2^64. Sums of products of equal i + j = d are kept modulo 2^32. For d >= 4 that is
// all that 2^(8d) leaves of them; for d < 4 at most 4 products of 255^2 a step are added, which stay below 2^32 for a depth of
// 16512: after RUN steps of 32 the sums go to the result.
//
// First each operand is written as limbs, in the order in which mma.sync.m16n8k32 takes its fragments: blocks of 16 lanes by
// 32 depths by one limb, 128 words: four for each lane of a warp. With g = lane / 4 and t = lane % 4 these are the depths
// 4t .. 4t+3 of lane g, the same of lane g + 8, and the depths 16 + 4t .. of both. That is the fragment of a left operand;
// words 0 and 2 are that of a right operand of 8 lanes, 1 and 3 that of the next 8.
#pragma once
#include "gemm.cuh"

enum { LIMBS = 8, WORDS = 128, BLOCK_WORDS = LIMBS * WORDS, RUN = 512 };

// Writes lanes [lane, lane + 16 tiles) and depths [depth, depth + 32 steps) of the batches from `batch` on: a thread for each
// word of a limb.
struct limbs_args {
  u64 threads;
  Operand from;
  Geometry geometry;
  u32 *out;
  u64 batch, lane, depth;
  u64 lanes, depths; // of the operand: what is beyond is 0
  u64 tiles, steps;
};
HD void limbs_each(const limbs_args &args, u64 i) {
  const u32 word = (u32)i % WORDS;
  const u64 block = i / WORDS, tile = block / args.steps, batch = tile / args.tiles;
  const u32 step = (u32)(block - tile * args.steps), reg = word % 4, thread = word / 4;
  const u64 lane = args.lane + (tile - batch * args.tiles) * 16 + thread / 4 + 8 * (reg & 1);
  const u64 depth = args.depth + 32 * (u64)step + 16 * (reg >> 1) + 4 * (thread % 4);
  u64 elements[4];
  for (u32 k = 0; k < 4; ++k) {
    const bool inside = lane < args.lanes && depth + k < args.depths;
    elements[k] =
        inside ? element(args.from, args.geometry, 0, (u32)(args.batch + batch), (u32)lane, (u32)(depth + k)) : 0;
  }
  for (u32 limb = 0; limb < LIMBS; ++limb) {
    u32 four = 0;
    for (u32 k = 0; k < 4; ++k) four |= ((u32)(elements[k] >> (8 * limb)) & 255) << (8 * k);
    args.out[(block * LIMBS + limb) * WORDS + word] = four;
  }
}
EACH(limbs)

// A block of 8 warps makes 64 x 64 elements: 32 x 16 each warp. block.z counts parts of the depth, then batches. A second
// product is more depth of the first: its steps follow.
struct limb_product_args {
  const u32 *left[2], *right[2];  // of each product, as `limbs` writes them, 4 tiles for each block
  Result result;
  u64 batch, row, column;   // of the first element
  u64 rows, columns;        // of the whole result
  u64 left_tiles, right_tiles, steps, parts, products;
};

// Sums of a thread, by i + j, by 16 rows and by 8 columns of its warp.
struct Sums {
  u32 of[LIMBS][2][2][4];
};

#ifdef __CUDACC__

HD void copy_16_bytes(u32 *to, const u32 *from) {
  const u32 at = (u32)__cvta_generic_to_shared(to);
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at), "l"(from));
}
HD void copies_end() { asm volatile("cp.async.commit_group;"); }
// All but the newest group of copies are here.
HD void copies_arrive() { asm volatile("cp.async.wait_group 1;"); }

HD void multiply(u32 *sums, const uint4 &left, u32 right_0, u32 right_1) {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.u8.u8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
      : "r"(left.x), "r"(left.y), "r"(left.z), "r"(left.w), "r"(right_0), "r"(right_1));
}

// Adds the products of a warp's 2 tiles of the left operand and its tile of the right one.
HD void multiply_tiles(Sums *sums, const u32 *left, const u32 *right) {
  const u32 lane = threadIdx.x % 32;
  uint4 lefts[2][LIMBS];
#pragma unroll
  for (u32 at = 0; at < 2 * LIMBS; ++at) lefts[at / LIMBS][at % LIMBS] = ((const uint4 *)left)[at * 32 + lane];
#pragma unroll
  for (u32 j = 0; j < LIMBS; ++j) {
    const uint4 both = ((const uint4 *)right)[j * 32 + lane];
#pragma unroll
    for (u32 i = 0; i < LIMBS - j; ++i) {
#pragma unroll
      for (u32 m = 0; m < 2; ++m) {
        multiply(sums->of[i + j][m][0], lefts[m][i], both.x, both.z);
        multiply(sums->of[i + j][m][1], lefts[m][i], both.y, both.w);
      }
    }
  }
}

#else

HD void copy_16_bytes(u32 *to, const u32 *from) {
  for (u32 k = 0; k < 4; ++k) to[k] = from[k];
}
HD void copies_end() {}
HD void copies_arrive() {}

// Row `lane` of a fragment of 16 x 32, by the tables of the PTX manual (mma.m16n8k32).
HD void fragment_row(u8 *row, const u32 *fragment, u32 lane) {
  for (u32 depth = 0; depth < 32; ++depth) {
    const u32 thread = lane % 8 * 4 + depth % 16 / 4, reg = lane / 8 + 2 * (depth / 16);
    row[depth] = (u8)(fragment[4 * thread + reg] >> (8 * (depth % 4)));
  }
}

// The same for a whole warp, from the definition of mma.m16n8k32: thread 4 g + t has rows g, g, g + 8, g + 8 and columns 2t,
// 2t + 1, 2t, 2t + 1 of the result.
HD void multiply_tiles(Sums *sums, const u32 *left, const u32 *right) {
  u8 lefts[LIMBS][32][32], rights[LIMBS][16][32];
  for (u32 limb = 0; limb < LIMBS; ++limb) {
    for (u32 row = 0; row < 32; ++row)
      fragment_row(lefts[limb][row], left + (row / 16 * LIMBS + limb) * WORDS, row % 16);
    for (u32 column = 0; column < 16; ++column) fragment_row(rights[limb][column], right + limb * WORDS, column);
  }
  for (u32 j = 0; j < LIMBS; ++j)
    for (u32 i = 0; i < LIMBS - j; ++i)
      for (u32 row = 0; row < 32; ++row)
        for (u32 column = 0; column < 16; ++column) {
          u32 sum = 0;
          for (u32 depth = 0; depth < 32; ++depth) sum += (u32)lefts[i][row][depth] * rights[j][column][depth];
          const u32 thread = row % 8 * 4 + column % 8 / 2, at = row % 16 / 8 * 2 + column % 2;
          sums[thread].of[i + j][row / 16][column / 8][at] += sum;
        }
}

#endif

HD void limb_product_block(const limb_product_args &args, const Block &block, u64 *memory) {
  // Two steps: one is multiplied while the next one comes. Each has 4 tiles of the left operand and 4 of the right one.
  u32 *shared = (u32 *)memory;
  enum { HALF = 4 * BLOCK_WORDS, BOTH = 2 * HALF };
  Sums sums[LOCAL];
  const u32 batch = block.z / (u32)args.parts, part = block.z % (u32)args.parts;
  const u32 steps = (u32)(args.steps * args.products), each = (steps + (u32)args.parts - 1) / (u32)args.parts;
  const u32 first = part * each, last = first + each < steps ? first + each : steps;
  const u64 left = (batch * args.left_tiles + 4 * block.y) * args.steps * BLOCK_WORDS;
  const u64 right = (batch * args.right_tiles + 4 * block.x) * args.steps * BLOCK_WORDS;

  for (u32 from = first; from < last; from += RUN) {
    const u32 to = from + RUN < last ? from + RUN : last;
    THREADS(t) {
#ifdef __CUDACC__
#pragma unroll
#endif
      for (u32 at = 0; at < LIMBS * 16; ++at) sums[LOCAL_AT(t)].of[at / 16][at / 8 % 2][at / 4 % 2][at % 4] = 0;
    }
    for (u32 step = from; step <= to; ++step) {
      const bool second = step >= args.steps;
      const u64 deep = step - (second ? args.steps : 0);
      const u32 *lefts = (second ? args.left[1] : args.left[0]) + left;
      const u32 *rights = (second ? args.right[1] : args.right[0]) + right;
      THREADS(t) {
        // Step `step` is asked for; the one before, which is here after the wait, is multiplied below.
        for (u32 k = 0; k < BOTH / 4 / 256 && step < to; ++k) {
          const u32 at = 4 * (t + 256 * k), tile = at % HALF / BLOCK_WORDS, word = at % BLOCK_WORDS;
          const u32 *operand = at < HALF ? lefts : rights;
          copy_16_bytes(shared + step % 2 * BOTH + at, operand + (tile * args.steps + deep) * BLOCK_WORDS + word);
        }
        copies_end();
        copies_arrive();
      }
      SYNC();
      if (step > from) {
        const u32 *now = shared + (step - 1) % 2 * BOTH;
#ifdef __CUDACC__
        const u32 warp = threadIdx.x / 32;
        multiply_tiles(sums, now + warp / 4 * 2 * BLOCK_WORDS, now + HALF + warp % 4 * BLOCK_WORDS);
#else
        for (u32 warp = 0; warp < 8; ++warp)
          multiply_tiles(sums + 32 * warp, now + warp / 4 * 2 * BLOCK_WORDS, now + HALF + warp % 4 * BLOCK_WORDS);
#endif
      }
      SYNC();
    }
    THREADS(t) {
      const u32 warp = t / 32, g = t % 32 / 4, c = t % 4;
#ifdef __CUDACC__
#pragma unroll
#endif
      for (u32 at = 0; at < 16; ++at) {
        const u32 m = at / 8, n = at / 4 % 2, k = at % 4;
        const u64 row = args.row + block.y * 64 + warp / 4 * 32 + m * 16 + g + 8 * (k / 2);
        const u64 column = args.column + block.x * 64 + warp % 4 * 16 + n * 8 + 2 * c + k % 2;
        u64 sum = 0;
#ifdef __CUDACC__
#pragma unroll
#endif
        for (u32 d = 0; d < LIMBS; ++d) sum += (u64)sums[LOCAL_AT(t)].of[d][m][n][k] << (8 * d);
        if (row < args.rows && column < args.columns)
          deliver(args.result, (u32)(args.batch + batch), (u32)row, (u32)column, from == first, sum);
      }
    }
  }
}
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
BLOCKS(limb_product)
#endif
