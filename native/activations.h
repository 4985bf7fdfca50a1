// Sigmoid and tanh from one exponential, to 1e-7 and 2e-7 (tanh also in its small values; the sigmoid's relative error
// grows to 1e-6 where it is below .002). NaN passes through: comparisons with it are false, and every clamp keeps
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

// The smaller and the larger of `limit` and y; the order of the operands lets NaN through.
template <typename T> PENSTOCK_INLINE Vec<T> below(Vec<T> y, T limit) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_min_ps((__m512)splat(limit), (__m512)y);
  else return (Vec<T>)_mm512_min_pd((__m512d)splat(limit), (__m512d)y);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_min_ps((__m256)splat(limit), (__m256)y);
  else return (Vec<T>)_mm256_min_pd((__m256d)splat(limit), (__m256d)y);
#else
  return select<T>(y > limit, splat(limit), y);
#endif
}
template <typename T> PENSTOCK_INLINE Vec<T> above(Vec<T> y, T limit) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_max_ps((__m512)splat(limit), (__m512)y);
  else return (Vec<T>)_mm512_max_pd((__m512d)splat(limit), (__m512d)y);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_max_ps((__m256)splat(limit), (__m256)y);
  else return (Vec<T>)_mm256_max_pd((__m256d)splat(limit), (__m256d)y);
#else
  return select<T>(y < limit, splat(limit), y);
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

enum class Act { sigmoid, tanh };

#if defined(__AVX512F__)
// The float layout where one instruction takes the fraction of a number and one multiplies by a power of two: a fifth
// fewer of them. 2^y = 2^floor(y) (1 + r q(r)) with r = y - floor(y) for the sigmoid, whose sum with one forgives 8e-8;
// for tanh r = y - nearest(y), so that 2^y - 1 keeps its small values to 1e-8. q: minimax on [0, 1] and [-1/2, 1/2].
template <Act act> struct Wide {
  using V = Vec<float>;
  static constexpr bool tanh = act == Act::tanh;
  static constexpr float scale = tanh ? 2 * 1.44269504f : -1.44269504f;
  static constexpr float limit = tanh ? 29.f : 126.f;  // beyond: 1 to the last bit; no more than can be inverted
  static constexpr int terms = tanh ? 6 : 5;
  static constexpr float q[2][6] = {
      {1.8671300495e-3f, 9.0170307085e-3f, 5.5799912661e-2f, 2.4016444385e-1f, 6.9315129519e-1f},
      {1.5403512225e-4f, 1.3390735257e-3f, 9.6182376147e-3f, 5.5503573269e-2f, 2.4022649229e-1f, 6.9314718246e-1f}};
  static constexpr float c(int k) { return q[tanh][k]; }
  static PENSTOCK_INLINE V fraction(V y) { return (V)_mm512_reduce_ps((__m512)y, tanh ? 0x08 : 0x09); }
  static PENSTOCK_INLINE V times_power(V a, V y) { return (V)_mm512_scalef_ps((__m512)a, (__m512)y); }
};
#endif

// Applies one activation to each of several vectors. Every operation is written for all of them before the next one
// follows: a single chain of some twenty dependent operations would leave most of the core waiting.
//
// y = n ln 2 + r; scale = 2^n and rest = e^r - 1, so that e^y = scale + scale*rest and e^y - 1 keeps its small values.
template <typename T, Act... acts> PENSTOCK_INLINE void activate(Vec<T> (&v)[sizeof...(acts)]) {
  using E = Exp<T>;
  constexpr int N = sizeof...(acts);
  constexpr Act act[] = {acts...};
  Vec<T> y[N], n[N], p[N];
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    Vec<T> r[N];
    repeat<N>(PENSTOCK_BODY(i) { y[i] = below<T>(v[i] * Wide<act[i]>::scale, Wide<act[i]>::limit); });
    repeat<N>(PENSTOCK_BODY(i) { r[i] = Wide<act[i]>::fraction(y[i]); });
    repeat<N>(PENSTOCK_BODY(i) { p[i] = r[i] * Wide<act[i]>::c(0) + Wide<act[i]>::c(1); });
    repeat_from<2, 6>([&](auto k) __attribute__((always_inline)) {
      repeat<N>(PENSTOCK_BODY(i) { if constexpr (k < Wide<act[i]>::terms) p[i] = p[i] * r[i] + Wide<act[i]>::c(k); });
    });
    repeat<N>(PENSTOCK_BODY(i) { if constexpr (act[i] == Act::tanh) p[i] *= r[i]; else p[i] = p[i] * r[i] + 1; });
    repeat<N>(PENSTOCK_BODY(i) {
      if constexpr (act[i] == Act::tanh) n[i] = Wide<act[i]>::times_power(splat<T>(1), y[i] - r[i]);
      else p[i] = Wide<act[i]>::times_power(p[i], y[i]) + 1;
    });
    repeat<N>(PENSTOCK_BODY(i) { if constexpr (act[i] == Act::tanh) p[i] = n[i] * p[i] + (n[i] - 1); });
    repeat<N>(PENSTOCK_BODY(i) { y[i] = reciprocal(act[i] == Act::tanh ? p[i] + 2 : p[i]); });
    repeat<N>(PENSTOCK_BODY(i) { v[i] = act[i] == Act::tanh ? below<T>(p[i] * y[i], T(1)) : y[i]; });
    return;
  }
#endif
  repeat<N>(PENSTOCK_BODY(i) { y[i] = below<T>(v[i], act[i] == Act::tanh ? E::tanh_limit : E::sigmoid_limit); });
  repeat<N>(PENSTOCK_BODY(i) { y[i] = above<T>(y[i], act[i] == Act::tanh ? -E::tanh_limit : -E::sigmoid_limit); });
  repeat<N>(PENSTOCK_BODY(i) { if constexpr (act[i] == Act::tanh) y[i] += y[i]; else y[i] = -y[i]; });
  repeat<N>(PENSTOCK_BODY(i) { n[i] = y[i] * E::log2e + E::magic; });
  // One fused step: what ln 2 loses in its last digit matters only where n is large and both functions are flat.
  repeat<N>(PENSTOCK_BODY(i) { y[i] -= (n[i] - E::magic) * E::ln2; });
  repeat<N>(PENSTOCK_BODY(i) { p[i] = y[i] * E::c[0] + E::c[1]; });
  repeat_from<2, E::terms>([&](auto k) __attribute__((always_inline)) { repeat<N>(PENSTOCK_BODY(i) { p[i] = p[i] * y[i] + E::c[k]; }); });
  repeat<N>(PENSTOCK_BODY(i) { p[i] = p[i] * (y[i] * y[i]) + y[i]; });
  repeat<N>(PENSTOCK_BODY(i) { n[i] = (Vec<T>)(((Mask<T>)n[i] << E::bits) + E::one); });
  repeat<N>(PENSTOCK_BODY(i) { p[i] = n[i] * p[i] + (act[i] == Act::tanh ? n[i] - 1 : n[i] + 1); });  // e^2x - 1; 1 + e^-x
  repeat<N>(PENSTOCK_BODY(i) { y[i] = reciprocal(act[i] == Act::tanh ? p[i] + 2 : p[i]); });
  repeat<N>(PENSTOCK_BODY(i) { v[i] = act[i] == Act::tanh ? below<T>(p[i] * y[i], T(1)) : y[i]; });
}

// then(at, tanh of from[at]) for n blocks of each of several groups, `group` apart; four at a time, across groups.
template <typename T, typename F> PENSTOCK_INLINE void tanh_each(const T* from, Int groups, Int group, Int n, F then) {
  constexpr int L = kLanes<T>;
  Int here = 0, q = 0, left = groups * n;
  auto next = [&]() __attribute__((always_inline)) {
    const Int at = here;
    here += L;
    if (++q == n) q = 0, here += group - n * L;
    return at;
  };
  for (; left >= 4; left -= 4) {
    Int at[4];
    repeat<4>(PENSTOCK_BODY(i) { at[i] = next(); });
    Vec<T> v[4];
    repeat<4>(PENSTOCK_BODY(i) { v[i] = load(from + at[i]); });
    activate<T, Act::tanh, Act::tanh, Act::tanh, Act::tanh>(v);
    repeat<4>(PENSTOCK_BODY(i) { then(at[i], v[i]); });
  }
  for (; left; --left) {
    const Int at = next();
    Vec<T> v[1] = {load(from + at)};
    activate<T, Act::tanh>(v);
    then(at, v[0]);
  }
}

}  // namespace penstock::PENSTOCK_NAMESPACE
