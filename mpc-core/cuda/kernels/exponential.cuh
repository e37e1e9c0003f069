// Exponentials of opened values, and what a dealer makes of masks for them: backend/exponential.rs, number by number. Masks are
// secret: what is done is the same for all of them.
#pragma once
#include "doubles.cuh"

// The nearest integer to a number that is not negative and below 2^128.
HD u128 nearest(double x) {
  const u64 bits = bits_of(plus(x, 0.5));
  const u128 digits = (u128)(bits << 12 >> 12 | (u64)1 << 52) << 75;
  const int below = 1023 + 127 - (int)(bits >> 52), down = below > 0 ? below : 0;
  return digits >> (down / 2) >> (down - down / 2);
}

// e^(count * unit).
HD double power_of(u64 count, double unit) {
  const double terms[13] = {1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0,
                            1.0 / 5040.0,      1.0 / 720.0,      1.0 / 120.0,     1.0 / 24.0,     1.0 / 6.0,
                            1.0 / 2.0,         1.0,              1.0};
  const double log2_e = 1.44269504088896340735992468100189214, integers = (double)((u64)3 << 51);
  const double ln_2 = number_of(0x3FE62E42FEE00000u), rest_of_ln_2 = number_of(0x3DEA39EF35793C76u);
  const double x = times((double)count, unit);
  const double shifted = plus(times(x, log2_e), integers);
  const double doublings = minus(shifted, integers);
  const double rest = minus(minus(x, times(doublings, ln_2)), times(doublings, rest_of_ln_2));
  double sum = terms[0];
  for (int n = 1; n < 13; ++n) sum = plus(times(sum, rest), terms[n]);
  return times(sum, number_of((bits_of(shifted) - bits_of(integers) + 1023) << 52));
}

// A party's shares, from its shares of what the dealer made for the masks, two for each value. A thread for each value.
struct exponential_args {
  u64 threads;
  const u64 *m;
  const u128 *decays;
  u64 *out;
  double constants[2], unit;
  u64 start, log2, carry[2];
};
HD void exponential_each(const exponential_args &args, u64 i) {
  const u64 above = args.m[i] - args.start, width = (u64)1 << args.log2;
  const double power = power_of(above & (width - 1), args.unit);
  const double low = args.constants[0], high = args.constants[1];
  const bool upper = above & width;
  const u128 first = nearest(times(upper ? high : low, power)), second = nearest(times(upper ? low : high, power));
  const u128 carry = (u128)args.carry[1] << 64 | args.carry[0];
  args.out[i] = (u64)((first * args.decays[2 * i] + second * args.decays[2 * i + 1] + carry) >> 64);
}
EACH(exponential)

// The decays of masks, less `others`: two for each mask, of which one is zero. `unit` is negative. A thread for each mask.
struct decays_args {
  u64 threads;
  const u64 *masks;
  const u128 *others;
  u128 *out;
  double unit;
  u64 log2;
};
HD void decays_each(const decays_args &args, u64 i) {
  const u64 mask = args.masks[i], width = (u64)1 << args.log2;
  const u128 decay = nearest(times(power_of(mask & (width - 1), args.unit), 18446744073709551616.0));
  const u128 upper = 0 - (u128)(mask >> args.log2 & 1);
  args.out[2 * i] = (decay & ~upper) - args.others[2 * i];
  args.out[2 * i + 1] = (decay & upper) - args.others[2 * i + 1];
}
EACH(decays)
