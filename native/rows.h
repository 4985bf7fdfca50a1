// The rows of a table that a step touches: the gradients of each row's occurrences added up in their order, and the
// optimiser's step on the row. A row is one thread's, whole, so the bits depend on nothing but the operands.
#pragma once
#include "table.h"
#include "vec.h"

namespace penstock::PENSTOCK_NAMESPACE {

// A place along a row: a vector's width, four values where less than a vector is left, and one where less than four are.
template <typename T> struct Whole {
  static PENSTOCK_INLINE Vec<T> get(const T* p) { return load(p); }
  static PENSTOCK_INLINE void put(T* p, Vec<T> v) { store(p, v); }
  static PENSTOCK_INLINE Vec<T> root(Vec<T> v) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_sqrt_ps((__m512)v);
    else return (Vec<T>)_mm512_sqrt_pd((__m512d)v);
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_sqrt_ps((__m256)v);
    else return (Vec<T>)_mm256_sqrt_pd((__m256d)v);
#else
    for (int lane = 0; lane < kLanes<T>; ++lane) v[lane] = sizeof(T) == 4 ? __builtin_sqrtf(v[lane]) : __builtin_sqrt(v[lane]);
    return v;
#endif
  }
};
template <typename T> struct Quad {
  using V = typename Simd<T>::Four;
  static PENSTOCK_INLINE V get(const T* p) { return load_four(p); }
  static PENSTOCK_INLINE void put(T* p, V v) { store_four(p, v); }
  static PENSTOCK_INLINE V root(V v) {
    for (int lane = 0; lane < 4; ++lane) v[lane] = sizeof(T) == 4 ? __builtin_sqrtf(v[lane]) : __builtin_sqrt(v[lane]);
    return v;
  }
};
template <typename T> struct Single {
  static PENSTOCK_INLINE T get(const T* p) { return *p; }
  static PENSTOCK_INLINE void put(T* p, T v) { *p = v; }
  static PENSTOCK_INLINE T root(T v) { return sizeof(T) == 4 ? __builtin_sqrtf(v) : __builtin_sqrt(v); }
};
template <typename T, typename F> PENSTOCK_INLINE void along(Int units, F f) {
  Int u = 0;
  for (; u + kLanes<T> <= units; u += kLanes<T>) f(Whole<T>{}, u);
  for (; u + 4 <= units; u += 4) f(Quad<T>{}, u);
  for (; u < units; ++u) f(Single<T>{}, u);
}

template <typename T> PENSTOCK_INLINE bool touches(const Rows<T>& o, Int i) { return o.rows[i] >= 0 && o.rows[i] < o.vocabulary; }

// The sum over all occurrences of the row that occurrence i owns. It begins with zero: -0 alone gives 0.
template <typename T> PENSTOCK_INLINE void add_up(const Rows<T>& o, Int i, T* sum) {
  Int at = o.head[i];
  const T* g = o.gradients + at * o.units;
  along<T>(o.units, [&](auto as, Int u) __attribute__((always_inline)) { as.put(sum + u, as.get(g + u) + T(0)); });
  while (at != i) {
    at = o.next[at];
    g = o.gradients + at * o.units;
    along<T>(o.units, [&](auto as, Int u) __attribute__((always_inline)) { as.put(sum + u, as.get(sum + u) + as.get(g + u)); });
  }
}

template <typename T> void sum_rows(const Rows<T>& o) {
  for (Int i = o.first; i < o.end; ++i) {
    T* const sum = o.sums + i * o.units;
    if (touches(o, i)) add_up(o, i, sum);
    else __builtin_memset(sum, 0, o.units * sizeof(T));
  }
}

// What the rows of a table wait for is memory: they are asked for some occurrences ahead.
template <typename T> PENSTOCK_INLINE void fetch(const Rows<T>& o, Int i) {
  if (i >= o.end || !touches(o, i)) return;
  const Int row = o.rows[i] * o.units, line = 64 / (Int)sizeof(T);
  for (Int u = 0; u < o.units; u += line) {
    __builtin_prefetch(o.table + row + u, 1);
    for (T* moment : o.moments)
      if (moment) __builtin_prefetch(moment + row + u, 1);
  }
}

// The row's running mean `which`, or null where the rule keeps none: an offset from a null pointer is undefined.
template <typename T, Rule rule, int which> PENSTOCK_INLINE T* moment(const Rows<T>& o, Int row) {
  constexpr int kept = rule == Rule::sgd ? 0 : rule == Rule::rmsprop ? 1 : 2;
  if constexpr (which < kept) return o.moments[which] + row * o.units;
  else return nullptr;
}

template <typename T, Rule rule> PENSTOCK_INLINE void step_rows(const Rows<T>& o) {
  const T rate = T(-o.learning_rate) * o.rate, epsilon = T(o.epsilon);
  const T mean = T(o.mean), more_mean = T(1 - o.mean), squares = T(o.squares), more_squares = T(1 - o.squares);
  const T mean_up = 1 / o.mean_bias, squares_up = 1 / o.squares_bias;
  for (Int i = o.first; i < o.end; ++i) {
    fetch(o, i + 8);
    if (!touches(o, i)) continue;
    const Int row = o.rows[i], idle = (Int)o.number - o.touched[row] - 1;
    o.touched[row] = o.number;
    const T* g = o.gradients + i * o.units;
    if (o.head) add_up(o, i, o.sums), g = o.sums;
    [[maybe_unused]] T *const w = o.table + row * o.units, *const m = moment<T, rule, 0>(o, row), *const v = moment<T, rule, 1>(o, row);
    if constexpr (rule == Rule::sgd) {
      along<T>(o.units, [&](auto as, Int u) __attribute__((always_inline)) { as.put(w + u, as.get(w + u) + rate * as.get(g + u)); });
    } else if constexpr (rule == Rule::rmsprop) {
      // The mean of squares decayed in the steps that left the row alone too.
      const T kept = squares * (idle > 0 ? T(__builtin_pow(squares, idle)) : T(1));
      along<T>(o.units, [&](auto as, Int u) __attribute__((always_inline)) {
        const auto now = as.get(g + u), s = kept * as.get(m + u) + more_squares * (now * now);
        as.put(m + u, s);
        as.put(w + u, as.get(w + u) + rate * now / as.root(s + epsilon));
      });
    } else {
      along<T>(o.units, [&](auto as, Int u) __attribute__((always_inline)) {
        const auto now = as.get(g + u);
        const auto a = mean * as.get(m + u) + more_mean * now, s = squares * as.get(v + u) + more_squares * (now * now);
        as.put(m + u, a);
        as.put(v + u, s);
        as.put(w + u, as.get(w + u) + rate * (a * mean_up) / (as.root(s * squares_up) + epsilon));
      });
    }
  }
}

template <typename T> void update_rows(const Rows<T>& o) {
  switch (o.rule) {
    case Rule::sgd: return step_rows<T, Rule::sgd>(o);
    case Rule::rmsprop: return step_rows<T, Rule::rmsprop>(o);
    case Rule::adam: return step_rows<T, Rule::adam>(o);
  }
}

}  // namespace penstock::PENSTOCK_NAMESPACE
