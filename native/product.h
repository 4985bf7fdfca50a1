// The products that a recurrence is made of, on blocks.
#pragma once
#include "layout.h"

namespace penstock::PENSTOCK_NAMESPACE {

// Calls f(Index<n>) for the n that is known only at run time.
template <int Most, typename F> PENSTOCK_INLINE void constant(Int n, F f) {
  if constexpr (Most > 1) {
    if (n < Most) return constant<Most - 1>(n, f);
  }
  f(Index<Most>{});
}

// The tiles of a product: so many groups by so many columns of blocks stay in registers.
template <typename Layout> struct Tiles;
template <typename T> struct Tiles<Layout<T, 4>> {
  static constexpr int narrow = kTileRegisters / 4;  // few columns: taller tiles, or units wait
  static constexpr int tall = kGroups < 3 ? 3 : kGroups;
  static constexpr int columns(int groups) { return groups <= kGroups ? kTileRegisters / kGroups : narrow; }
  static Int rows(Int n) { return n <= narrow ? tall : kGroups; }
  static Int widest(Int) { return kTileRegisters / kGroups; }
};
template <typename T> struct Tiles<Layout<T, 1>> {
  static constexpr int tall = 2;
  static constexpr int columns(int groups) { return groups == 1 ? kOneRow : kTileRegisters / 2; }
  static Int rows(Int) { return tall; }
  static Int widest(Int groups) { return columns(groups < tall ? 1 : tall); }
};

// One factor of a product: blocks in[group][blocks(K)], `group` and `block` apart, and weights packed by shares of the
// columns: [share][K][columns of the share][U].
template <typename T> struct Factor {
  const T* in;
  Int group, block, K;
  const T* w;
};

template <typename Layout, int G, int C, typename T = typename Layout::T>
PENSTOCK_INLINE void micro_kernel(Int n, const Factor<T>* factors, const T* bias, bool add, Int g0, Int c0, T* out, Int stride) {
  constexpr int L = Layout::L, U = Layout::U;
  Vec<T> acc[G][C];
  out += g0 * stride + c0 * L;
  if (add) {
    repeat<G>(PENSTOCK_BODY(g) { repeat<C>(PENSTOCK_BODY(c) { acc[g][c] = load(out + g * stride + c * L); }); });
  } else if (bias) {
    repeat<C>(PENSTOCK_BODY(c) {
      const Vec<T> b = Layout::units(bias + (c0 + c) * U);
      repeat<G>(PENSTOCK_BODY(g) { acc[g][c] = b; });
    });
  } else {
    repeat<G>(PENSTOCK_BODY(g) { repeat<C>(PENSTOCK_BODY(c) { acc[g][c] = Vec<T>{}; }); });
  }
  for (const Factor<T>*f = factors, *end = factors + n; f != end; ++f) {
    const T *w = f->w + c0 * f->K * U, *in = f->in + g0 * f->group;
    const Int step = f->group, block = f->block;
    auto row = [&](auto u) __attribute__((always_inline)) {
      if constexpr (U == 1 && G == 1) {
        // Weights beyond the first cache are read once a step; the core by itself asks for them too late.
        __builtin_prefetch(w + 256);
        if constexpr (C > 16) __builtin_prefetch(w + 272);
        const Vec<T> s = load(in);
        repeat<C>(PENSTOCK_BODY(c) { add_product_of_one<T>(acc[0][c], s, w + c); });
      } else {
        Vec<T> s[G];
        repeat<G>(PENSTOCK_BODY(g) {
          s[g] = load(in + g * step);
          if constexpr (U == 4) s[g] = pick<decltype(u)::value, T>(s[g]);
        });
        repeat<C>(PENSTOCK_BODY(c) {
          const Vec<T> v = Layout::units(w + c * U);
          repeat<G>(PENSTOCK_BODY(g) { add_product<T>(acc[g][c], s[g], v); });
        });
      }
      w += C * U;
    };
    for (Int k = f->K / U; k; --k) {
      repeat<U>(row);
      in += block;
    }
    if constexpr (U == 4) {
      const Int rest = f->K & 3;
      if (rest > 0) row(Index<0>{});
      if (rest > 1) row(Index<1>{});
      if (rest > 2) row(Index<2>{});
    }
  }
  repeat<G>(PENSTOCK_BODY(g) { repeat<C>(PENSTOCK_BODY(c) { store(out + g * stride + c * L, acc[g][c]); }); });
}

// out[g][c] = (out[g][c] if add, else bias[c] or 0) + the sum over the factors of sum over k of in[g][k] * w[c][k].
// `widest` is that by which the weights were packed.
template <typename Layout>
__attribute__((noinline)) void product(Int n, const Factor<typename Layout::T>* factors, const typename Layout::T* bias, bool add,
                                       Int groups, Int columns, Int widest, typename Layout::T* out, Int stride) {
  using Tile = Tiles<Layout>;
  split_evenly(groups, Tile::rows(columns), [&](Int g0, Int G) __attribute__((always_inline)) {
    constant<Tile::tall>(G, PENSTOCK_BODY(Gc) {
      constexpr int rows = decltype(Gc)::value;
      split_evenly(columns, widest, [&](Int c0, Int C) __attribute__((always_inline)) {
        constant<Tile::columns(rows)>(C, PENSTOCK_BODY(Cc) {
          micro_kernel<Layout, rows, decltype(Cc)::value>(n, factors, bias, add, g0, c0, out, stride);
        });
      });
    });
  });
}

// What weight gradients are summed from: `rows` blocks of each of several blocks of units, so that the rows of one block
// follow each other. The distance between them is an odd number of vectors: those of one row fall into different cache sets.
template <typename T> struct Panel {
  T* data;
  Int block;
  T* at(Int k, Int row) const { return data + k * block + row * kLanes<T>; }
};

// The gradient of weight (k, U * c + u) is summed at ((k / 4 * columns + c) * 4 + k % 4) * U + u.
template <int U> PENSTOCK_INLINE Int place(Int k, Int c, Int columns) { return ((k / 4 * columns + c) * 4 + k % 4) * U; }

// What outer() does for the columns first .. first + C and four units: those of block `block` (U = 4), or those of the
// A blocks from there on (U = 1). A template of its own: the sums' number of columns must be a constant where they are
// declared, and g++ 14 takes none that a lambda around it computed.
template <typename Layout, int C, int A, typename T = typename Layout::T>
PENSTOCK_INLINE void outer_micro_kernel(Panel<T> a, Panel<T> d, Int rows, Int block, Int first, T* out, Int out_columns) {
  constexpr int L = Layout::L, U = Layout::U;
  const T *ar = a.at(block, 0), *dr = d.at(first, 0);
  Vec<T> acc[4][C] = {};
  for (Int r = rows; r; --r, ar += L, dr += L) {
    Vec<T> dv[C];
    repeat<C>(PENSTOCK_BODY(c) { dv[c] = load(dr + c * d.block); });
    repeat<A>(PENSTOCK_BODY(u) {
      Vec<T> s;
      if constexpr (U == 4) s = pick<decltype(u)::value, T>(load(ar));
      else s = load(ar + u * a.block);
      repeat<C>(PENSTOCK_BODY(c) { add_product<T>(acc[u][c], s, dv[c]); });
    });
  }
  repeat<C>(PENSTOCK_BODY(c) {
    T* o = out + place<U>(block * U, first + c, out_columns);
    if constexpr (U == 4) {
      repeat<4>(PENSTOCK_BODY(u) { store_four(o + 4 * u, load_four(o + 4 * u) + folded<T>(acc[u][c])); });
    } else {
      const Four<T> sum = sums<T>(acc[0][c], acc[1][c], acc[2][c], acc[3][c]);
      if constexpr (A == 4) store_four(o, load_four(o) + sum);
      else repeat<A>(PENSTOCK_BODY(u) { o[u] += sum[int(u)]; });
    }
  });
}

// Adds to out the sum over rows of a[k][row] (outer) d[c][row], for the units k of the blocks kfirst .. klast and the
// column blocks first .. first + columns. A share of the columns stays in the first cache while all k pass over it.
template <typename Layout, typename T = typename Layout::T>
__attribute__((noinline)) void outer(Panel<T> a, Panel<T> d, Int rows, Int kfirst, Int klast, Int first, Int columns, T* out,
                                     Int out_columns) {
  constexpr int most = kTileRegisters / 4;
  split_evenly(columns, most, [&](Int c0, Int n) __attribute__((always_inline)) {
    constant<most>(n, PENSTOCK_BODY(Cc) {
      constexpr int C = decltype(Cc)::value;
      if constexpr (Layout::U == 4) {
        for (Int k = kfirst; k < klast; ++k) outer_micro_kernel<Layout, C, 4>(a, d, rows, k, first + c0, out, out_columns);
      } else {
        for (Int k = kfirst, next; k < klast; k = next) {
          next = least(klast, (k | 3) + 1);
          constant<4>(next - k, PENSTOCK_BODY(Ac) {
            outer_micro_kernel<Layout, C, decltype(Ac)::value>(a, d, rows, k, first + c0, out, out_columns);
          });
        }
      }
    });
  });
}

}  // namespace penstock::PENSTOCK_NAMESPACE
