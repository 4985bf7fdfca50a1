// The vector that everything else is written in: samples x 4 units. Lane 4*s + u holds unit u of sample s.
//
// With this layout no product wastes lanes on odd sizes (units are padded to 4, samples to 1, 2 or 4), all gates of
// a unit meet in registers without a transpose, and the gradients leave in the layout in which the states came.
#pragma once
#include <cstdint>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define PENSTOCK_INLINE inline __attribute__((always_inline))

namespace penstock::PENSTOCK_NAMESPACE {

using Int = std::int64_t;

#if defined(__AVX512F__)
constexpr int kBytes = 64, kAccumulators = 24, kGroups = 3;
#elif defined(__AVX2__)
constexpr int kBytes = 32, kAccumulators = 12, kGroups = 2;  // of 16 registers, leaving room for the factors
#elif defined(__aarch64__)
constexpr int kBytes = 16, kAccumulators = 24, kGroups = 6;
#else
constexpr int kBytes = 16, kAccumulators = 12, kGroups = 3;
#endif

#if defined(PENSTOCK_SMALL_TILES)  // sanitizers: gcc needs many minutes for the large ones
constexpr int kTileRegisters = 6;
#else
constexpr int kTileRegisters = kAccumulators;
#endif

template <typename T> struct Simd;
template <> struct Simd<float> {
  static constexpr int lanes = kBytes / 4;
  typedef float V __attribute__((vector_size(lanes * 4)));
  typedef float Loose __attribute__((vector_size(lanes * 4), aligned(4), may_alias));
  typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));
  typedef std::int32_t I __attribute__((vector_size(lanes * 4)));
};
template <> struct Simd<double> {
  static constexpr int lanes = kBytes >= 32 ? kBytes / 8 : 4;  // at least 4 units; two registers on SSE and NEON
  typedef double V __attribute__((vector_size(lanes * 8)));
  typedef double Loose __attribute__((vector_size(lanes * 8), aligned(8), may_alias));
  typedef double Four __attribute__((vector_size(32), aligned(8), may_alias));
  typedef std::int64_t I __attribute__((vector_size(lanes * 8)));
};
template <typename T> using Vec = typename Simd<T>::V;
template <typename T> using Mask = typename Simd<T>::I;
template <typename T> constexpr int kLanes = Simd<T>::lanes;
template <typename T> constexpr int kSamples = Simd<T>::lanes / 4;

// Compile-time loops: the body sees a constant, so accumulators stay in registers.
template <int I> struct Index {
  static constexpr int value = I;
  constexpr operator int() const { return I; }
};
template <int I, int N, typename F> PENSTOCK_INLINE void repeat_from(F&& f) {
  if constexpr (I < N) {
    f(Index<I>{});
    repeat_from<I + 1, N>(f);
  }
}
template <int N, typename F> PENSTOCK_INLINE void repeat(F f) { repeat_from<0, N>(f); }
#define PENSTOCK_BODY(i) [&](auto i) __attribute__((always_inline))

template <typename T> PENSTOCK_INLINE Vec<T> load(const T* p) { return *(const typename Simd<T>::Loose*)p; }
template <typename T> PENSTOCK_INLINE void store(T* p, Vec<T> v) { *(typename Simd<T>::Loose*)p = v; }
template <typename T> PENSTOCK_INLINE Vec<T> splat(T a) { return Vec<T>{} + a; }
template <typename T> PENSTOCK_INLINE Vec<T> select(Mask<T> m, Vec<T> a, Vec<T> b) { return m ? a : b; }

// acc += a * b. Written out for x86: left to itself gcc gives a sum another register at every step, and spills.
template <typename T> PENSTOCK_INLINE void add_product(Vec<T>& acc, Vec<T> a, Vec<T> b) {
#if defined(__FMA__) && defined(__x86_64__)
  if constexpr (sizeof(T) == 4) asm("vfmadd231ps %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b));
  else asm("vfmadd231pd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b));
#else
  acc += a * b;
#endif
}

// The same four values (one for each unit) for every sample.
PENSTOCK_INLINE Vec<float> four(const float* p) {
#if defined(__AVX512F__)
  return (Vec<float>)_mm512_broadcast_f32x4(_mm_loadu_ps(p));
#elif defined(__AVX2__)
  return (Vec<float>)_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i*)p));
#else
  return load(p);
#endif
}
PENSTOCK_INLINE Vec<double> four(const double* p) {
#if defined(__AVX512F__)
  return (Vec<double>)_mm512_broadcast_f64x4(_mm256_loadu_pd(p));
#else
  return load(p);
#endif
}

// Unit U of each sample, copied to the sample's four lanes.
template <int U, typename M, int N> struct Pick;
template <int U, typename M> struct Pick<U, M, 4> { static constexpr M at = {U, U, U, U}; };
template <int U, typename M> struct Pick<U, M, 8> { static constexpr M at = {U, U, U, U, U + 4, U + 4, U + 4, U + 4}; };
template <int U, typename M> struct Pick<U, M, 16> {
  static constexpr M at = {U, U, U, U, U + 4, U + 4, U + 4, U + 4, U + 8, U + 8, U + 8, U + 8, U + 12, U + 12, U + 12, U + 12};
};
template <int U, typename T> PENSTOCK_INLINE Vec<T> pick(Vec<T> v) {
#if defined(__clang__)
  if constexpr (kLanes<T> == 4) return __builtin_shufflevector(v, v, U, U, U, U);
  if constexpr (kLanes<T> == 8) return __builtin_shufflevector(v, v, U, U, U, U, U + 4, U + 4, U + 4, U + 4);
  if constexpr (kLanes<T> == 16)
    return __builtin_shufflevector(v, v, U, U, U, U, U + 4, U + 4, U + 4, U + 4, U + 8, U + 8, U + 8, U + 8, U + 12,
                                   U + 12, U + 12, U + 12);
#else
  return __builtin_shuffle(v, Pick<U, Mask<T>, kLanes<T>>::at);
#endif
}

// Adds the samples' lanes: four sums, one for each unit.
template <typename T> PENSTOCK_INLINE void add_samples(T* out, Vec<T> v) {
  T lane[kLanes<T>];
  store(lane, v);
  typename Simd<T>::Four sum = *(const typename Simd<T>::Four*)lane;
  for (int s = 1; s < kSamples<T>; ++s) sum += *(const typename Simd<T>::Four*)(lane + 4 * s);
  *(typename Simd<T>::Four*)out += sum;
}

}  // namespace penstock::PENSTOCK_NAMESPACE
