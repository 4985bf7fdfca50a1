// The three products that a recurrence is made of, on blocks of samples x 4.
#pragma once
#include "activations.h"

namespace penstock::PENSTOCK_NAMESPACE {

PENSTOCK_INLINE constexpr Int quads(Int n) { return (n + 3) / 4; }
PENSTOCK_INLINE constexpr Int least(Int a, Int b) { return a < b ? a : b; }

// Which accumulator of a quad of units each packed weight column feeds.
template <int... A> struct Columns {
  static constexpr int n = sizeof...(A);
  static constexpr int at[sizeof...(A)] = {A...};
};

// acc[g][q*A + column] += sum over k of blocks[g][k] * w[q][k][column]. The weights of one quad of units are one
// stream [K][columns][4]; `stride` leads from quad to quad, `group` from one group's blocks to the next.
template <typename T, int G, int Q, int A, typename C>
PENSTOCK_INLINE void accumulate(Vec<T> (&acc)[G][Q * A], const T* blocks, Int group, Int K, const T* w, Int stride) {
  constexpr int n = C::n;
  Vec<T> a[G];
  auto row = [&](auto u, const T* wk) __attribute__((always_inline)) {
    Vec<T> s[G];
    repeat<G>(PENSTOCK_BODY(g) { s[g] = pick<u, T>(a[g]); });
    repeat<Q>(PENSTOCK_BODY(q) {
      repeat<n>(PENSTOCK_BODY(c) {
        const Vec<T> v = four(wk + q * stride + c * 4);
        repeat<G>(PENSTOCK_BODY(g) { acc[g][q * A + C::at[c]] += s[g] * v; });
      });
    });
  };
  Int k = 0;
  for (; k + 4 <= K; k += 4) {
    repeat<G>(PENSTOCK_BODY(g) { a[g] = load(blocks + g * group + k * kSamples<T>); });
    repeat<4>(PENSTOCK_BODY(u) { row(u, w + (k + u) * n * 4); });
  }
  if (k == K) return;
  repeat<G>(PENSTOCK_BODY(g) { a[g] = load(blocks + g * group + k * kSamples<T>); });
  for (;;) {
    row(Index<0>{}, w + k * n * 4);
    if (++k == K) return;
    repeat<G>(PENSTOCK_BODY(g) { a[g] = next<T>(a[g]); });
  }
}

// Calls f(Index<n>) for the n that is known only at run time.
template <int Most, typename F> PENSTOCK_INLINE void constant(Int n, F f) {
  if constexpr (Most > 1) {
    if (n < Most) return constant<Most - 1>(n, f);
  }
  f(Index<Most>{});
}

// Covers groups x quads with tiles that fill the registers: f(Index<G>, Index<Q>, first group, first quad).
// A is the number of accumulators that one quad of units needs per group.
template <int A, typename F> PENSTOCK_INLINE void tiles(Int groups, Int nq, F f) {
  for (Int g = 0; g < groups;) {
    // Groups in equal shares (4 = 2 + 2, not 3 + 1): a lone group would leave the units of multiplication waiting.
    const Int left = groups - g, shares = (left + kGroups - 1) / kGroups, G = (left + shares - 1) / shares;
    constant<kGroups>(G, PENSTOCK_BODY(Gc) {
      constexpr int wide = kAccumulators / (A * Gc), most = wide < 1 ? 1 : wide > 6 ? 6 : wide;
      const Int parts = (nq + most - 1) / most;
      for (Int p = 0, q = 0; p < parts; ++p) {
        const Int n = (nq - q + parts - p - 1) / (parts - p);
        constant<most>(n, PENSTOCK_BODY(Qc) { f(Gc, Qc, g, q); });
        q += n;
      }
    });
    g += G;
  }
}

// out[g][q] (+)= sum over k of in[g][k] * w[q][k]: a product on its own, such as the way back through a
// weight matrix.
template <typename T>
__attribute__((noinline)) void multiply(const T* in, Int in_group, Int K, const T* w, Int stride, Int groups, Int nq, T* out, Int out_group, bool add) {
  constexpr int L = kLanes<T>;
  tiles<1>(groups, nq, [&](auto G, auto Q, Int g0, Int q0) __attribute__((always_inline)) {
    Vec<T> acc[G][Q] = {};
    if (add) repeat<G>(PENSTOCK_BODY(g) { repeat<Q>(PENSTOCK_BODY(q) { acc[g][q] = load(out + (g0 + g) * out_group + (q0 + q) * L); }); });
    accumulate<T, G, Q, 1, Columns<0>>(acc, in + g0 * in_group, in_group, K, w + q0 * stride, stride);
    repeat<G>(PENSTOCK_BODY(g) { repeat<Q>(PENSTOCK_BODY(q) { store(out + (g0 + g) * out_group + (q0 + q) * L, acc[g][q]); }); });
  });
}

// out[kb][cb][4][4] += sum over rows of a[row][kb] (outer) d[row][cb], for kb in kfirst .. klast and
// column blocks first .. first + columns.
template <typename T>
__attribute__((noinline)) void outer(const T* const* a, const T* const* d, Int rows, Int kfirst, Int klast, Int first, Int columns, T* out, Int out_columns) {
  constexpr int L = kLanes<T>, most = kAccumulators / 4;
  for (Int kb = kfirst; kb < klast; ++kb) {
    const Int parts = (columns + most - 1) / most;
    for (Int p = 0, c0 = 0; p < parts; ++p) {
      const Int n = (columns - c0 + parts - p - 1) / (parts - p);
      constant<most>(n, PENSTOCK_BODY(C) {
        Vec<T> acc[4][C] = {};
        const Int at = (first + c0) * L;
        for (Int r = 0; r < rows; ++r) {
          const Vec<T> v = load(a[r] + kb * L);
          const T* dr = d[r] + at;
          Vec<T> dv[C];
          repeat<C>(PENSTOCK_BODY(c) { dv[c] = load(dr + c * L); });
          repeat<4>(PENSTOCK_BODY(u) {
            const Vec<T> s = pick<u, T>(v);
            repeat<C>(PENSTOCK_BODY(c) { acc[u][c] += s * dv[c]; });
          });
        }
        repeat<C>(PENSTOCK_BODY(c) {
          T* o = out + (kb * out_columns + first + c0 + c) * 16;
          repeat<4>(PENSTOCK_BODY(u) { add_samples<T>(o + 4 * u, acc[u][c]); });
        });
      });
      c0 += n;
    }
  }
}

}  // namespace penstock::PENSTOCK_NAMESPACE
