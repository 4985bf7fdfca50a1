// The vector that everything else is written in, and what is done with it on each instruction set.
#pragma once
#include <cstdint>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define PENSTOCK_INLINE inline __attribute__((always_inline))

namespace penstock::PENSTOCK_NAMESPACE {

using Int = std::int64_t;

#if defined(__AVX512F__)
constexpr int kBytes = 64, kAccumulators = 24, kGroups = 3;  // kGroups: rows of a tile of samples x 4
#elif defined(__AVX2__)
constexpr int kBytes = 32, kAccumulators = 12, kGroups = 2;  // of 16 registers, leaving some for the factors
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
#if defined(__AVX512F__) && !defined(PENSTOCK_SMALL_TILES)
constexpr int kOneRow = 28;  // accumulators of a tile of one row, whose other factor stays in memory
#else
constexpr int kOneRow = kTileRegisters;
#endif

template <typename T> struct Simd;
template <> struct Simd<float> {
  static constexpr int lanes = kBytes / 4;
  typedef float V __attribute__((vector_size(lanes * 4)));
  typedef float Loose __attribute__((vector_size(lanes * 4), aligned(4), may_alias));
  typedef float Four __attribute__((vector_size(16)));
  typedef float LooseFour __attribute__((vector_size(16), aligned(4), may_alias));
  typedef std::int32_t Place;
  typedef Place I __attribute__((vector_size(lanes * 4)));
};
template <> struct Simd<double> {
  static constexpr int lanes = kBytes >= 32 ? kBytes / 8 : 4;  // at least 4 units; two registers on SSE and NEON
  typedef double V __attribute__((vector_size(lanes * 8)));
  typedef double Loose __attribute__((vector_size(lanes * 8), aligned(8), may_alias));
  typedef double Four __attribute__((vector_size(32)));
  typedef double LooseFour __attribute__((vector_size(32), aligned(8), may_alias));
  typedef std::int64_t Place;
  typedef Place I __attribute__((vector_size(lanes * 8)));
};
template <typename T> using Vec = typename Simd<T>::V;
template <typename T> using Mask = typename Simd<T>::I;
template <typename T> constexpr int kLanes = Simd<T>::lanes;

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
// No sum with zero, which would stay: -0 + 0 is 0.
PENSTOCK_INLINE Vec<float> each(float a) {
#if defined(__AVX512F__)
  return (Vec<float>)_mm512_set1_ps(a);
#elif defined(__AVX2__)
  return (Vec<float>)_mm256_set1_ps(a);
#else
  return Vec<float>{a, a, a, a};
#endif
}
PENSTOCK_INLINE Vec<double> each(double a) {
#if defined(__AVX512F__)
  return (Vec<double>)_mm512_set1_pd(a);
#elif defined(__AVX2__)
  return (Vec<double>)_mm256_set1_pd(a);
#else
  return Vec<double>{a, a, a, a};
#endif
}
template <typename T> PENSTOCK_INLINE Vec<T> splat(T a) { return each(a); }
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

// acc += a * b[0], the factor taken from memory in the same instruction where there is one that does.
template <typename T> PENSTOCK_INLINE void add_product_of_one(Vec<T>& acc, Vec<T> a, const T* b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) asm("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(acc) : "v"(a), "m"(*b));
  else asm("vfmadd231pd %2%{1to8%}, %1, %0" : "+v"(acc) : "v"(a), "m"(*b));
#else
  add_product<T>(acc, a, splat(*b));
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

template <typename T> using Four = typename Simd<T>::Four;
// Values, not references: clang forgets of a reference that what it refers to need not be aligned.
template <typename T> PENSTOCK_INLINE Four<T> load_four(const T* p) { return *(const typename Simd<T>::LooseFour*)p; }
template <typename T> PENSTOCK_INLINE void store_four(T* p, Four<T> v) { *(typename Simd<T>::LooseFour*)p = v; }

template <int a, int b, int c, int d, typename T> PENSTOCK_INLINE Four<T> mix(Four<T> v, Four<T> w) {
#if defined(__clang__)
  return __builtin_shufflevector(v, w, a, b, c, d);
#else
  typedef typename Simd<T>::Place M __attribute__((vector_size(4 * sizeof(T))));
  return __builtin_shuffle(v, w, M{a, b, c, d});
#endif
}

// Makes rows columns.
template <typename T> PENSTOCK_INLINE void transpose(Four<T> (&v)[4]) {
  const Four<T> a = mix<0, 4, 1, 5, T>(v[0], v[1]), b = mix<2, 6, 3, 7, T>(v[0], v[1]);
  const Four<T> c = mix<0, 4, 1, 5, T>(v[2], v[3]), d = mix<2, 6, 3, 7, T>(v[2], v[3]);
  v[0] = mix<0, 1, 4, 5, T>(a, c), v[1] = mix<2, 3, 6, 7, T>(a, c);
  v[2] = mix<0, 1, 4, 5, T>(b, d), v[3] = mix<2, 3, 6, 7, T>(b, d);
}

// The sum of a vector's fours.
template <typename T> PENSTOCK_INLINE Four<T> folded(Vec<T> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256((__m512)v), _mm512_extractf32x8_ps((__m512)v, 1));
    return (Four<T>)_mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  }
#endif
  T lane[kLanes<T>];
  store(lane, v);
  Four<T> sum = load_four<T>(lane);
  for (int s = 4; s < kLanes<T>; s += 4) sum += load_four<T>(lane + s);
  return sum;
}

// The sums of all lanes of four vectors.
template <typename T> PENSTOCK_INLINE Four<T> sums(const Vec<T>& a, const Vec<T>& b, const Vec<T>& c, const Vec<T>& d) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {  // transposed within the fours before they are folded: a third of the instructions
    const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps((__m512)a, (__m512)b), _mm512_unpackhi_ps((__m512)a, (__m512)b));
    const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps((__m512)c, (__m512)d), _mm512_unpackhi_ps((__m512)c, (__m512)d));
    return folded<T>((Vec<T>)_mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xEE)));
  }
#endif
  Four<T> rows[4] = {folded<T>(a), folded<T>(b), folded<T>(c), folded<T>(d)};
  transpose<T>(rows);
  return (rows[0] + rows[1]) + (rows[2] + rows[3]);
}

}  // namespace penstock::PENSTOCK_NAMESPACE
