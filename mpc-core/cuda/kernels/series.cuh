// Trigonometric series of opened values, and the dealer's waves of masks: backend/series.rs and backend/turns.rs, number by
// number.
#pragma once
#include "doubles.cuh"

// The sine and the cosine of an angle in units of 2^-64 turns.
struct Point {
  double sine, cosine;
};
HD Point point_of(u64 turn) {
  const double half_pi = 1.57079632679489661923132169163975144;
  const double sines[8] = {1.0 / 355687428096000.0, -1.0 / 1307674368000.0, 1.0 / 6227020800.0, -1.0 / 39916800.0,
                           1.0 / 362880.0,          -1.0 / 5040.0,          1.0 / 120.0,        -1.0 / 6.0};
  const double cosines[8] = {1.0 / 20922789888000.0, -1.0 / 87178291200.0, 1.0 / 479001600.0, -1.0 / 3628800.0,
                             1.0 / 40320.0,          -1.0 / 720.0,         1.0 / 24.0,        -1.0 / 2.0};
  const u64 shifted = turn + ((u64)1 << 61), quarter = shifted >> 62;
  const double angle = times(minus(number_of((shifted << 2) >> 12 | bits_of(1.0)), 1.5), half_pi);
  const double square = times(angle, angle);
  double sine = sines[0], cosine = cosines[0];
  for (int n = 1; n < 8; ++n) {
    sine = plus(times(sine, square), sines[n]);
    cosine = plus(times(cosine, square), cosines[n]);
  }
  sine = plus(angle, times(times(angle, square), sine));
  cosine = plus(1.0, times(square, cosine));
  const double x = quarter & 1 ? cosine : sine, y = quarter & 1 ? sine : cosine;
  return {number_of(bits_of(x) ^ quarter >> 1 << 63), number_of(bits_of(y) ^ (quarter + 1) >> 1 << 63)};
}

// An element as a fraction of a period of 2^bits, bits at most 64.
HD u64 turn_of(u64 x, u64 bits) { return bits ? x << (64 - bits) : 0; }

// The angle of the next harmonic.
HD Point next(Point at, Point step) {
  return {plus(times(at.sine, step.cosine), times(at.cosine, step.sine)),
          minus(times(at.cosine, step.cosine), times(at.sine, step.sine))};
}

// The nearest multiple of 2^-24, ties to even.
HD u64 encode(double x) {
  const double integers = (double)((u64)3 << 51);
  return bits_of(plus(times(x, (double)(1u << 24)), integers)) - bits_of(integers);
}

// constant + the sum of the public factors times the waves: `count` of cosines, then as many of sines. A thread for each element.
struct series_args {
  u64 threads;
  const u64 *m, *waves;
  u64 *out;
  const double *sines, *cosines;
  u64 count, bits, constant;
};
HD void series_each(const series_args &args, u64 i) {
  const u64 *waves = args.waves + 2 * args.count * i;
  const Point step = point_of(turn_of(args.m[i], args.bits));
  Point at = step;
  u64 sum = args.constant;
  for (u64 j = 0; j < args.count; ++j) {
    const double a = args.sines[j], b = args.cosines[j];
    sum += encode(plus(times(a, at.sine), times(b, at.cosine))) * waves[j];
    sum += encode(minus(times(b, at.sine), times(a, at.cosine))) * waves[args.count + j];
    at = next(at, step);
  }
  args.out[i] = sum;
}
EACH(series)

// The waves of masks, less `others`: `count` cosines for each, then as many sines. A thread for each mask.
struct waves_args {
  u64 threads;
  const u64 *masks, *others;
  u64 *out;
  u64 count, bits;
};
HD void waves_each(const waves_args &args, u64 i) {
  const u64 from = 2 * args.count * i;
  const Point step = point_of(turn_of(args.masks[i], args.bits));
  Point at = step;
  for (u64 j = from; j < from + args.count; ++j) {
    args.out[j] = encode(at.cosine) - args.others[j];
    args.out[j + args.count] = encode(at.sine) - args.others[j + args.count];
    at = next(at, step);
  }
}
EACH(waves)
