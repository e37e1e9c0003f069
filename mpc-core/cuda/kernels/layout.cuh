// Views, their transposes, and maps along an axis.
#pragma once
#include "common.cuh"

// See shape::View. `divide` is left out on purpose: sizes of one dimension are below 2^32 or the host splits the work.
enum { MOST_AXES = 8 };
struct View {
  u64 offset, axes;
  u64 sizes[MOST_AXES];
  i64 strides[MOST_AXES];
};

// Where element i of the view is in the source.
HD u64 source_of(const View &view, u64 i) {
  i64 at = (i64)view.offset;
  for (int axis = (int)view.axes - 1; axis >= 0; --axis) {
    const u64 size = view.sizes[axis], rest = i / size;
    at += (i64)(i - rest * size) * view.strides[axis];
    i = rest;
  }
  return (u64)at;
}

struct view_args {
  u64 threads;
  const u64 *a;
  u64 *out;
  View view;
};
HD void view_each(const view_args &args, u64 i) { args.out[i] = args.a[source_of(args.view, i)]; }
EACH(view)

// The transpose of a view. `kept` are the axes that move in the result, `summed` those that do not; a thread adds up to
// `run` elements of the latter.
struct scatter_args {
  u64 threads;
  const u64 *a;
  u64 *out;
  View kept;         // from an index among the kept axes to the result
  View kept_source;  // the same index, to the operand
  View summed;       // from an index among the summed axes to the operand
  u64 kept_len, summed_len, run;
};
HD void scatter_each(const scatter_args &args, u64 i) {
  const u64 kept = i % args.kept_len, from = i / args.kept_len * args.run;
  const u64 to = from + args.run < args.summed_len ? from + args.run : args.summed_len;
  const u64 base = source_of(args.kept_source, kept);
  u64 sum = 0;
  for (u64 at = from; at < to; ++at) sum += args.a[base + source_of(args.summed, at)];
  add_to(args.out + source_of(args.kept, kept), sum);
}
EACH(scatter)

// Runs of `run` elements, to places `width` apart.
struct place_args {
  u64 threads;
  const u64 *a;
  u64 *out;
  u64 run, width;
};
HD void place_each(const place_args &args, u64 i) {
  const u64 row = i / args.run;
  args.out[row * args.width + (i - row * args.run)] = args.a[i];
}
EACH(place)

// See along::Pick; an index of -1 picks 0. `back` is the transpose: a thread for each picked element in both.
struct pick_args {
  u64 threads;
  const u64 *a;
  u64 *out;
  const i64 *index;
  u64 count, size, inner, back;
};
HD void pick_each(const pick_args &args, u64 i) {
  const u64 row = i / args.inner, outer = row / args.count;
  const i64 from = args.index[row - outer * args.count];
  const u64 at = (outer * args.size + (u64)from) * args.inner + (i - row * args.inner);
  if (args.back) {
    if (from >= 0) add_to(args.out + at, args.a[i]);
  } else {
    args.out[i] = from >= 0 ? args.a[at] : 0;
  }
}
EACH(pick)

// A thread for each (outer, inner).
struct running_sum_args {
  u64 threads;
  const u64 *a;
  u64 *out;
  u64 size, inner, backwards;
};
HD void running_sum_each(const running_sum_args &args, u64 i) {
  const u64 outer = i / args.inner, start = outer * args.size * args.inner + (i - outer * args.inner);
  u64 sum = 0;
  for (u64 step = 0; step < args.size; ++step) {
    const u64 at = start + (args.backwards ? args.size - 1 - step : step) * args.inner;
    sum += args.a[at];
    args.out[at] = sum;
  }
}
EACH(running_sum)

// A view of packed bits: a thread for each bit, to the end of the last word.
struct view_bits_args {
  u64 threads;
  const u64 *bits;
  u64 *out;
  u64 len;
  View view;
};
HD void view_bits_each(const view_bits_args &args, u64 i) {
  put_bit(args.out, i, i < args.len && bit_of(args.bits, source_of(args.view, i)));
}
EACH(view_bits)
