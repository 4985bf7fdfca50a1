// Sigmoid and tanh from one exponential. NaN passes through: comparisons with it are false, and every clamp keeps
// its argument when the comparison is false.
#pragma once
#include "vec.h"

namespace penstock::PENSTOCK_NAMESPACE {

template <typename T> struct Exp;
template <> struct Exp<float> {
  static constexpr float magic = 12582912.f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  static constexpr int bits = 23, one = 0x3F800000;
  static constexpr float log2e = 1.44269504f, ln2 = .693147181f;
  static constexpr float sigmoid_limit = 87.f, tanh_limit = 10.f;
  static constexpr int terms = 6;  // Cephes expf
  static constexpr float c[terms] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                                     4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
};
template <> struct Exp<double> {
  static constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr int bits = 52;
  static constexpr std::int64_t one = 0x3FF0000000000000;
  static constexpr double log2e = 1.4426950408889634, ln2 = .6931471805599453;
  static constexpr double sigmoid_limit = 708., tanh_limit = 20.;
  static constexpr int terms = 12;  // Taylor, 1/13! ... 1/2!: the rest is below 5e-18
  static constexpr double c[terms] = {1 / 6227020800., 1 / 479001600., 1 / 39916800., 1 / 3628800., 1 / 362880.,
                                      1 / 40320.,      1 / 5040.,      1 / 720.,      1 / 120.,     1 / 24.,
                                      1 / 6.,          1 / 2.};
};

// y kept within -limit .. limit; the order of the operands lets NaN through.
template <typename T> PENSTOCK_INLINE Vec<T> below(Vec<T> y, T limit) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_min_ps((__m512)splat(limit), (__m512)y);
  else return (Vec<T>)_mm512_min_pd((__m512d)splat(limit), (__m512d)y);
#else
  return select<T>(y > limit, splat(limit), y);
#endif
}
template <typename T> PENSTOCK_INLINE Vec<T> clamp(Vec<T> y, T limit) {
  y = below<T>(y, limit);
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_max_ps((__m512)splat(-limit), (__m512)y);
  else return (Vec<T>)_mm512_max_pd((__m512d)splat(-limit), (__m512d)y);
#else
  return select<T>(y < -limit, splat(-limit), y);
#endif
}

PENSTOCK_INLINE Vec<float> reciprocal(Vec<float> d) {
#if defined(__AVX512F__)
  Vec<float> y = (Vec<float>)_mm512_rcp14_ps((__m512)d);
  return y + y * (1.f - d * y);
#else
  return 1.f / d;
#endif
}
PENSTOCK_INLINE Vec<double> reciprocal(Vec<double> d) { return 1. / d; }

// y = n ln 2 + r; scale = 2^n and rest = e^r - 1, so that e^y = scale + scale*rest and e^y - 1 keeps its small values.
template <typename T> PENSTOCK_INLINE void exp_parts(Vec<T> y, Vec<T>& scale, Vec<T>& rest) {
  using E = Exp<T>;
  Vec<T> shifted = y * E::log2e + E::magic;
  Vec<T> n = shifted - E::magic;
  // One fused step: what ln 2 loses in its last digit matters only where n is large and both functions are flat.
  Vec<T> r = y - n * E::ln2;
  Vec<T> p = splat(E::c[0]);
  repeat<E::terms - 1>(PENSTOCK_BODY(i) { p = p * r + E::c[i + 1]; });
  rest = p * (r * r) + r;
  scale = (Vec<T>)(((Mask<T>)shifted << E::bits) + E::one);
}

template <typename T> PENSTOCK_INLINE Vec<T> sigmoid(Vec<T> x) {
  Vec<T> scale, rest;
  exp_parts<T>(-clamp<T>(x, Exp<T>::sigmoid_limit), scale, rest);
  return reciprocal(scale * rest + (1 + scale));
}

template <typename T> PENSTOCK_INLINE Vec<T> tanh(Vec<T> x) {
  Vec<T> scale, rest;
  x = clamp<T>(x, Exp<T>::tanh_limit);
  exp_parts<T>(x + x, scale, rest);
  const Vec<T> e = scale * rest + (scale - 1);  // e^2x - 1
  return below<T>(e * reciprocal(e + 2), T(1));
}

}  // namespace penstock::PENSTOCK_NAMESPACE
