// The three products that a recurrence is made of, on blocks of samples x 4.
#pragma once
#include "activations.h"

namespace penstock::PENSTOCK_NAMESPACE {

PENSTOCK_INLINE constexpr Int quads(Int n) { return (n + 3) / 4; }
PENSTOCK_INLINE constexpr Int least(Int a, Int b) { return a < b ? a : b; }

// Calls f(Index<n>) for the n that is known only at run time.
template <int Most, typename F> PENSTOCK_INLINE void constant(Int n, F f) {
  if constexpr (Most > 1) {
    if (n < Most) return constant<Most - 1>(n, f);
  }
  f(Index<Most>{});
}

// Cuts `n` into equal shares of at most `most`: f(first, size). Equal, because a tile of one column or one group
// leaves the units of multiplication waiting.
template <typename F> PENSTOCK_INLINE void shares(Int n, Int most, F f) {
  const Int parts = (n + most - 1) / most;
  for (Int p = 0, first = 0; p < parts; ++p) {
    const Int size = (n - first + parts - p - 1) / (parts - p);
    f(first, size);
    first += size;
  }
}

constexpr int kColumns = kTileRegisters / kGroups;

// One factor of a product: blocks in[group][quads(K)], `group` and `quad` apart, and weights packed by shares of the
// columns: [share][K][columns of the share][4].
template <typename T> struct Factor {
  const T* in;
  Int group, quad, K;
  const T* w;
};

template <typename T, int G, int C>
PENSTOCK_INLINE void tile(Int n, const Factor<T>* factors, const T* bias, bool add, Int g0, Int c0, T* out, Int stride) {
  constexpr int L = kLanes<T>;
  Vec<T> acc[G][C];
  out += g0 * stride + c0 * L;
  if (add) {
    repeat<G>(PENSTOCK_BODY(g) { repeat<C>(PENSTOCK_BODY(c) { acc[g][c] = load(out + g * stride + c * L); }); });
  } else if (bias) {
    repeat<C>(PENSTOCK_BODY(c) {
      const Vec<T> b = four(bias + (c0 + c) * 4);
      repeat<G>(PENSTOCK_BODY(g) { acc[g][c] = b; });
    });
  } else {
    repeat<G>(PENSTOCK_BODY(g) { repeat<C>(PENSTOCK_BODY(c) { acc[g][c] = Vec<T>{}; }); });
  }
  for (const Factor<T>*f = factors, *end = factors + n; f != end; ++f) {
    const T *w = f->w + c0 * f->K * 4, *in = f->in + g0 * f->group;
    const Int step = f->group, quad = f->quad;
    auto row = [&](auto u) __attribute__((always_inline)) {
      Vec<T> s[G];
      repeat<G>(PENSTOCK_BODY(g) { s[g] = pick<u, T>(load(in + g * step)); });
      repeat<C>(PENSTOCK_BODY(c) {
        const Vec<T> v = four(w + c * 4);
        repeat<G>(PENSTOCK_BODY(g) { add_product<T>(acc[g][c], s[g], v); });
      });
      w += C * 4;
    };
    for (Int k = f->K >> 2; k; --k) {
      repeat<4>(row);
      in += quad;
    }
    const Int rest = f->K & 3;
    if (rest > 0) row(Index<0>{});
    if (rest > 1) row(Index<1>{});
    if (rest > 2) row(Index<2>{});
  }
  repeat<G>(PENSTOCK_BODY(g) { repeat<C>(PENSTOCK_BODY(c) { store(out + g * stride + c * L, acc[g][c]); }); });
}

// out[g][c] = (out[g][c] if add, else bias[c] or 0) + the sum over the factors of sum over k of in[g][k] * w[c][k].
template <typename T>
__attribute__((noinline)) void product(Int n, const Factor<T>* factors, const T* bias, bool add, Int groups, Int columns,
                                       T* out, Int stride) {
  constexpr Int few = kTileRegisters / 4, tall = kGroups < 3 ? 3 : kGroups;  // few columns: taller tiles, or units wait
  shares(groups, columns <= few ? tall : kGroups, [&](Int g0, Int G) __attribute__((always_inline)) {
    constant<tall>(G, PENSTOCK_BODY(Gc) {
      constexpr int rows = decltype(Gc)::value;
      shares(columns, kColumns, [&](Int c0, Int C) __attribute__((always_inline)) {
        constant<rows <= kGroups ? kColumns : few>(C, PENSTOCK_BODY(Cc) {
          tile<T, rows, decltype(Cc)::value>(n, factors, bias, add, g0, c0, out, stride);
        });
      });
    });
  });
}

// What weight gradients are summed from: `rows` blocks of each of several quads, so that the rows of one quad follow
// each other. The distance between quads is an odd number of blocks: those of one row fall into different cache sets.
template <typename T> struct Panel {
  T* data;
  Int quad;
  T* at(Int k, Int row) const { return data + k * quad + row * kLanes<T>; }
};

// out[kb][cb][4][4] += sum over rows of a[kb][row] (outer) d[cb][row], for kb in kfirst .. klast and the column blocks
// first .. first + columns. A share of the columns stays in the first cache while all kb pass over it.
template <typename T>
__attribute__((noinline)) void outer(Panel<T> a, Panel<T> d, Int rows, Int kfirst, Int klast, Int first, Int columns, T* out,
                                     Int out_columns) {
  constexpr int L = kLanes<T>, most = kTileRegisters / 4;
  shares(columns, most, [&](Int c0, Int n) __attribute__((always_inline)) {
    constant<most>(n, PENSTOCK_BODY(Cc) {
      constexpr int C = decltype(Cc)::value;
      for (Int kb = kfirst; kb < klast; ++kb) {
        const T *ar = a.at(kb, 0), *dr = d.at(first + c0, 0);
        Vec<T> acc[4][C] = {};
        for (Int r = rows; r; --r, ar += L, dr += L) {
          Vec<T> dv[C];
          repeat<C>(PENSTOCK_BODY(c) { dv[c] = load(dr + c * d.quad); });
          const Vec<T> v = load(ar);
          repeat<4>(PENSTOCK_BODY(u) {
            const Vec<T> s = pick<u, T>(v);
            repeat<C>(PENSTOCK_BODY(c) { add_product<T>(acc[u][c], s, dv[c]); });
          });
        }
        repeat<C>(PENSTOCK_BODY(c) {
          T* o = out + (kb * out_columns + first + c0 + c) * 16;
          repeat<4>(PENSTOCK_BODY(u) { add_samples<T>(o + 4 * u, acc[u][c]); });
        });
      }
    });
  });
}

}  // namespace penstock::PENSTOCK_NAMESPACE
