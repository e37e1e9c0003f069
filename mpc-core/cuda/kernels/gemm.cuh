// Products of matrices modulo 2^64, and convolutions as such products; or the sum of two of them, of operands that are laid
// out alike.
//
// The left operand has a lane for each row of the result, the right one a lane for each column; both have the same depth.
// An operand says where its element (batch, lane, depth) is in memory, so that the patches of a convolution are never
// written out as numbers. It is the difference of two arrays, of which one may be missing.
#pragma once
#include "common.cuh"

// conv::Geometry. Sizes of one dimension are below 2^32.
struct Geometry {
  u64 images, groups, channels, filters;
  u64 input[2], kernel[2], output[2], stride[2], padding[2], dilation[2];
};

enum {
  MATRIX,        // data[batch * strides[0] + lane * strides[1] + depth * strides[2]]
  PATCHES,       // x: lanes are (image, pixel of y), depths are (channel, tap)
  PATCHES_ACROSS,// x: lanes are (channel, tap), depths are (image, pixel of y)
  PIXELS,        // y: lanes are filters, depths are (image, pixel of y)
  WEIGHTS_ACROSS,// w: lanes are channels, depths are (filter, tap)
  SPREAD         // y: lanes are (image, pixel of x), depths are (filter, tap): where a tap of a filter meets the pixel
};
struct Operand {
  const u64 *data[2], *less[2]; // of the first product and of the second
  u64 kind;
  u64 strides[3];
};

// Where the element of x is that element `pixel` of y and a tap meet in an image's channel; -1 in the padding.
HD i64 patch(const Geometry &g, u32 group, u32 image, u32 pixel, u32 channel, u32 tap) {
  const u32 columns = (u32)g.output[1], width = (u32)g.kernel[1];
  const u32 p = pixel / columns, q = pixel - p * columns, k = tap / width, l = tap - k * width;
  const i64 row = (i64)(p * g.stride[0] + k * g.dilation[0]) - (i64)g.padding[0];
  const i64 column = (i64)(q * g.stride[1] + l * g.dilation[1]) - (i64)g.padding[1];
  if (row < 0 || column < 0 || row >= (i64)g.input[0] || column >= (i64)g.input[1]) return -1;
  return (i64)((((image * g.groups + group) * g.channels + channel) * g.input[0] + (u64)row) * g.input[1] + (u64)column);
}

// Where an element is in the arrays of its operand; -1 where it is 0.
HD i64 place_of(const Operand &from, const Geometry &g, u32 batch, u32 lane, u32 depth) {
  const u32 taps = (u32)(g.kernel[0] * g.kernel[1]), pixels = (u32)(g.output[0] * g.output[1]);
  switch (from.kind) {
    case MATRIX: return (i64)(batch * from.strides[0] + lane * from.strides[1] + depth * from.strides[2]);
    case PATCHES: return patch(g, batch, lane / pixels, lane % pixels, depth / taps, depth % taps);
    case PATCHES_ACROSS: return patch(g, batch, depth / pixels, depth % pixels, lane / taps, lane % taps);
    case PIXELS: return (i64)(((depth / pixels * g.groups + batch) * g.filters + lane) * pixels + depth % pixels);
    case WEIGHTS_ACROSS:
      return (i64)(((batch * g.filters + depth / taps) * g.channels + lane) * taps + depth % taps);
    default: { // SPREAD
      const u32 columns = (u32)g.input[1], places = (u32)(g.input[0] * g.input[1]), width = (u32)g.kernel[1];
      const u32 image = lane / places, place = lane % places, filter = depth / taps, tap = depth % taps;
      const i64 row = (i64)(place / columns + g.padding[0]) - (i64)(tap / width * g.dilation[0]);
      const i64 column = (i64)(place % columns + g.padding[1]) - (i64)(tap % width * g.dilation[1]);
      if (row < 0 || column < 0 || row % (i64)g.stride[0] || column % (i64)g.stride[1]) return -1;
      const u64 p = (u64)row / g.stride[0], q = (u64)column / g.stride[1];
      if (p >= g.output[0] || q >= g.output[1]) return -1;
      return (i64)((((image * g.groups + batch) * g.filters + filter) * g.output[0] + p) * g.output[1] + q);
    }
  }
}

HD u64 element(const Operand &from, const Geometry &g, u32 product, u32 batch, u32 lane, u32 depth) {
  const i64 at = place_of(from, g, batch, lane, depth);
  if (at < 0) return 0;
  const u64 *data = from.data[product], *less = from.less[product];
  return (data ? data[at] : 0) - (less ? less[at] : 0);
}

// Where (batch, row, column) of the result is: column c is at c / inner * outer + c % inner.
struct Result {
  u64 *data;
  const u64 *base; // what the sums are added to; missing: nothing
  u64 batch, row, outer, inner;
  u64 fresh;  // nothing is there yet: what comes first is added to `base`, everything else to what is there
  u64 shared; // several blocks add to one element
};
HD void deliver(const Result &to, u32 batch, u32 row, u32 column, bool first, u64 x) {
  const u32 inner = (u32)to.inner, outer = column / inner;
  const u64 at = batch * to.batch + row * to.row + outer * to.outer + (column - outer * inner);
  if (to.shared) {
    add_to(to.data + at, x);
  } else if (first && to.fresh) {
    to.data[at] = x + (to.base ? to.base[at] : 0);
  } else {
    to.data[at] += x;
  }
}

// Any GPU, any size: 64-bit integers. A block makes 64 x 64 elements of one batch from one of `parts` parts of the depth;
// block.z counts parts, then batches.
struct product_args {
  Operand left, right;
  Geometry geometry;
  Result result;
  u64 rows, columns, depth, parts, products;
};
enum { TILE = 64, STEP = 16 };
HD void product_block(const product_args &args, const Block &block, u64 *shared) {
  u64 *lefts = shared, *rights = shared + STEP * TILE;
  u64 sums[LOCAL][4][4];
  const u32 batch = block.z / (u32)args.parts, part = block.z % (u32)args.parts;
  const u32 deep_steps = (u32)((args.depth + STEP - 1) / STEP), steps = deep_steps * (u32)args.products;
  const u32 each = (steps + (u32)args.parts - 1) / (u32)args.parts;
  const u32 first = part * each, last = first + each < steps ? first + each : steps;
  THREADS(t) {
    for (u32 at = 0; at < 16; ++at) sums[LOCAL_AT(t)][at / 4][at % 4] = 0;
  }
  for (u32 step = first; step < last; ++step) {
    const u32 product = step >= deep_steps, start = (step - product * deep_steps) * STEP;
    THREADS(t) {
      for (u32 k = 0; k < 4; ++k) {
        // Neighbouring threads read neighbouring elements along the depth.
        const u32 at = t + 256 * k, lane = at / STEP, deep = at % STEP, depth = start + deep;
        const u32 row = block.y * TILE + lane, column = block.x * TILE + lane;
        const bool inside = depth < args.depth;
        lefts[deep * TILE + lane] =
            inside && row < args.rows ? element(args.left, args.geometry, product, batch, row, depth) : 0;
        rights[deep * TILE + lane] =
            inside && column < args.columns ? element(args.right, args.geometry, product, batch, column, depth) : 0;
      }
    }
    SYNC();
    THREADS(t) {
      const u32 y = t / 16, x = t % 16;
      for (u32 deep = 0; deep < STEP; ++deep) {
        u64 left[4], right[4];
        for (u32 k = 0; k < 4; ++k) left[k] = lefts[deep * TILE + y + 16 * k];
        for (u32 k = 0; k < 4; ++k) right[k] = rights[deep * TILE + x + 16 * k];
        for (u32 i = 0; i < 4; ++i)
          for (u32 j = 0; j < 4; ++j) sums[LOCAL_AT(t)][i][j] += left[i] * right[j];
      }
    }
    SYNC();
  }
  THREADS(t) {
    for (u32 i = 0; i < 4; ++i)
      for (u32 j = 0; j < 4; ++j) {
        const u32 row = block.y * TILE + t / 16 + 16 * i, column = block.x * TILE + t % 16 + 16 * j;
        if (row < args.rows && column < args.columns)
          deliver(args.result, batch, row, column, true, sums[LOCAL_AT(t)][i][j]);
      }
  }
}
BLOCKS(product)
