// How samples and units share a vector: lane U * s + u holds unit u of sample s.
//
//   U = 1  lanes are samples. No unit is padded, weights come one at a time, nothing is shuffled; best where samples
//          fill the lanes.
//   U = 4  samples x 4 units. Units are padded to 4, samples to 1, 2 or 4; best for few samples, and for many of
//          different lengths, since a group of samples costs what its longest does.
//
// In both, all gates of a unit meet in registers without a transpose, and gradients leave in the layout in which the
// states came. A group is the samples that share a vector; a block is one vector: `U` units of a group.
#pragma once
#include "activations.h"

namespace penstock::PENSTOCK_NAMESPACE {

PENSTOCK_INLINE constexpr Int least(Int a, Int b) { return a < b ? a : b; }
PENSTOCK_INLINE constexpr Int quads(Int n) { return (n + 3) / 4; }

// The first n < 4 values of a row, and their way back. No loop: gcc makes it a call of memcpy.
template <typename T> PENSTOCK_INLINE Four<T> load_partial(const T* row, Int n) {
  Four<T> v = {};
  if (n > 0) v[0] = row[0];
  if (n > 1) v[1] = row[1];
  if (n > 2) v[2] = row[2];
  return v;
}
template <typename T> PENSTOCK_INLINE void store_partial(T* row, const T* from, Int n) {
  if (n > 0) row[0] = from[0];
  if (n > 1) row[1] = from[1];
  if (n > 2) row[2] = from[2];
}

template <typename T> PENSTOCK_INLINE void copy_row(T* to, const T* from, Int n) {
  Int i = 0;
  for (; i + 4 <= n; i += 4) store_four(to + i, load_four(from + i));
  store_partial(to + i, from + i, n - i);
}

template <typename T> PENSTOCK_INLINE void zero(T* p, Int n) {
  for (Int i = 0; i < n; ++i) p[i] = 0;
}

template <typename T_, int U_> struct Layout {
  using T = T_;
  static constexpr int U = U_, L = kLanes<T>, S = L / U;

  static constexpr Int blocks(Int n) { return (n + U - 1) / U; }
  static PENSTOCK_INLINE Vec<T> units(const T* w) {  // the same U values for every sample
    if constexpr (U == 4) return four(w);
    else return splat(*w);
  }

  // A row of n values for each sample of a group, into blocks `apart`.
  static PENSTOCK_INLINE void gather(const T* const* rows, Int n, T* to, Int apart = L) {
    if constexpr (U == 4) {
      for (int s = 0; s < S; ++s) {
        const T* row = rows[s];
        T* block = to + 4 * s;
        Int k = 0;
        for (; k + 4 <= n; k += 4, block += apart) store_four(block, load_four(row + k));
        if (k < n) store_four(block, load_partial(row + k, n - k));
      }
    } else {
      each_quad(n, [&](Int k) __attribute__((always_inline)) {
        for (int s = 0; s < S; s += 4) {
          Four<T> v[4] = {load_four(rows[s] + k), load_four(rows[s + 1] + k), load_four(rows[s + 2] + k), load_four(rows[s + 3] + k)};
          transpose<T>(v);
          repeat<4>(PENSTOCK_BODY(u) { store_four(to + (k + u) * apart + s, v[u]); });
        }
      });
      if (n < 4)
        for (Int k = 0; k < n; ++k)
          for (int s = 0; s < S; s += 4)
            store_four(to + k * apart + s, Four<T>{rows[s][k], rows[s + 1][k], rows[s + 2][k], rows[s + 3][k]});
    }
  }

  // And back.
  static PENSTOCK_INLINE void scatter(const T* from, T* const* rows, Int n) {
    if constexpr (U == 4) {
      for (int s = 0; s < S; ++s) {
        T* row = rows[s];
        const T* block = from + 4 * s;
        Int k = 0;
        for (; k + 4 <= n; k += 4, block += L) store_four(row + k, load_four(block));
        store_partial(row + k, block, n - k);
      }
    } else {
      each_quad(n, [&](Int k) __attribute__((always_inline)) {
        for (int s = 0; s < S; s += 4) {
          const T* block = from + k * L + s;
          Four<T> v[4] = {load_four(block), load_four(block + L), load_four(block + 2 * L), load_four(block + 3 * L)};
          transpose<T>(v);
          repeat<4>(PENSTOCK_BODY(u) { store_four(rows[s + u] + k, v[u]); });
        }
      });
      if (n < 4)
        for (Int k = 0; k < n; ++k)
          for (int s = 0; s < S; ++s) rows[s][k] = from[k * L + s];
    }
  }

  // Packs gates first .. first + n of a weight matrix [K, gates*H] as a Factor: columns by gate, then by block of units.
  static void pack(const T* M, Int K, Int H, Int gates, Int first, Int n, Int widest, T* out);
  // The same matrix for the way back: what was a row is a column now, and K runs over the gates' padded units.
  static void pack_back(const T* M, Int K, Int H, Int gates, Int first, Int n, Int widest, T* out);
  // The bias of one gate, padded; `add` puts a second bias on top.
  static void pack_bias(const T* b, Int H, Int gate, T* out, bool add) {
    for (Int h = 0; h < blocks(H) * U; ++h) out[h] = (add ? out[h] : T(0)) + (h < H ? b[gate * H + h] : T(0));
  }

 private:
  // f(k) for k = 0, 4, ... so that k .. k + 3 cover n >= 4 values; the last four may do some of them again.
  template <typename F> static PENSTOCK_INLINE void each_quad(Int n, F f) {
    if (n < 4) return;
    Int k = 0;
    for (; k + 4 <= n; k += 4) f(k);
    if (k < n) f(n - 4);
  }
};

// Cuts `n` into equal shares of at most `most`: f(first, size). Equal, because a tile of one column or one group
// leaves the units of multiplication waiting.
template <typename F> PENSTOCK_INLINE void split_evenly(Int n, Int most, F f) {
  const Int parts = (n + most - 1) / most;
  for (Int p = 0, first = 0; p < parts; ++p) {
    const Int size = (n - first + parts - p - 1) / (parts - p);
    f(first, size);
    first += size;
  }
}

template <typename T, int U> void Layout<T, U>::pack(const T* M, Int K, Int H, Int gates, Int first, Int n, Int widest, T* out) {
  const Int Q = blocks(H);
  split_evenly(n * Q, widest, [&](Int c0, Int C) __attribute__((always_inline)) {
    for (Int k = 0; k < K; ++k) {
      const T* row = M + (k * gates + first) * H;
      if constexpr (U == 1) {
        copy_row(out, row + c0, C), out += C;
      } else {
        for (Int c = c0; c < c0 + C; ++c, out += U) {
          const Int h = c % Q * U, width = least(U, H - h);
          const T* from = row + c / Q * H + h;
          for (Int u = 0; u < U; ++u) out[u] = u < width ? from[u] : T(0);
        }
      }
    }
  });
}

template <typename T, int U> void Layout<T, U>::pack_back(const T* M, Int K, Int H, Int gates, Int first, Int n, Int widest, T* out) {
  const Int Hp = blocks(H) * U;
  split_evenly(blocks(K), widest, [&](Int c0, Int C) __attribute__((always_inline)) {
    for (Int gate = first; gate < first + n; ++gate)
      for (Int h = 0; h < Hp; ++h)
        for (Int k = U * c0; k < U * (c0 + C); ++k) *out++ = k < K && h < H ? M[(k * gates + gate) * H + h] : T(0);
  });
}

}  // namespace penstock::PENSTOCK_NAMESPACE
