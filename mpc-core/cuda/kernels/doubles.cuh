// Sums and products of IEEE doubles, rounded one by one: nothing is joined to a multiplication that adds, so the bits are those
// of the processor.
#pragma once
#include "common.cuh"

#ifdef __CUDA_ARCH__
HD double plus(double a, double b) { return __dadd_rn(a, b); }
HD double times(double a, double b) { return __dmul_rn(a, b); }
HD double number_of(u64 bits) { return __longlong_as_double((long long)bits); }
HD u64 bits_of(double x) { return (u64)__double_as_longlong(x); }
#else
HD double plus(double a, double b) { return a + b; }
HD double times(double a, double b) { return a * b; }
HD double number_of(u64 bits) { return __builtin_bit_cast(double, bits); }
HD u64 bits_of(double x) { return __builtin_bit_cast(u64, x); }
#endif
HD double minus(double a, double b) { return plus(a, -b); }
