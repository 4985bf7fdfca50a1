// Simple recurrent unit (Elman 1990): h' = tanh or relu of x W + h U + b, and its leaky form (Jaeger et al. 2007):
// h' = (1 - a) h + a tanh(x W + h U + b).
#pragma once
#include "piece.h"

namespace penstock::PENSTOCK_NAMESPACE {

enum class Kind { tanh, relu, leaky };

template <typename T, Kind kind> struct Rnn {
  static constexpr bool leaks = kind == Kind::leaky, direct = leaks, two_biases = false;
  static constexpr int h = 0, y = 1, slots = leaks ? 2 : 1, extra = h, c = -1, gates = 1, columns = 1;
  static constexpr int x_columns[] = {0}, h_columns[] = {0};
  static constexpr Int L = kLanes<T>;

  // The leak, the same for every sample, in blocks.
  static T* leak_blocks(const Piece<T>& p, Arena& arena) {
    T* a = arena.template take<T>(leaks ? p.Q * 4 : 0);
    if (leaks && arena.base)
      for (Int k = 0; k < 4 * p.Q; ++k) a[k] = k < p.H ? p.o.leak[k] : T(0);
    return a;
  }

  struct Weights {
    T *x, *h, *bias, *leak;
    Weights(const Piece<T>& p, Arena& arena) {
      x = arena.template take<T>(p.Q * p.I * 4);
      h = arena.template take<T>(p.Q * p.H * 4);
      bias = arena.template take<T>(p.Q * 4);
      leak = leak_blocks(p, arena);
      if (!arena.base) return;
      pack(p.o.W, p.I, p.H, 1, 0, 1, x);
      pack(p.o.U, p.H, p.H, 1, 0, 1, h);
      pack_bias(p.o.b, p.H, 0, bias, false);
    }
  };

  static void step(const Ahead<T>& s, const Weights& w) {
    const Int Q = s.piece.Q, QI = quads(s.piece.I);
    const Factor<T> factors[] = {{s.x, QI * L, L, s.piece.I, w.x}, {s.h, s.h_group, L, s.piece.H, w.h}};
    product<T>(2, factors, w.bias, false, s.groups, Q, s.record, s.size);
    s.piece.trim(s.groups, s.record, s.size, 1);
    T* const to = s.record;
    if constexpr (kind == Kind::relu) {
      for (Int n = 0; n < s.groups; ++n)
        for (Int b = n * s.size; b < n * s.size + Q * L; b += L) {
          const Vec<T> z = load(to + b);
          store(to + b, select<T>(z < 0, Vec<T>{}, z));
        }
    } else if constexpr (leaks) {
      Int q = 0;
      tanh_each<T>(to, s.groups, s.size, Q, [&](Int k, Vec<T> v) __attribute__((always_inline)) {
        const Vec<T> a = four(w.leak + q * 4);
        q = q + 1 == Q ? 0 : q + 1;
        store(to + y * Q * L + k, v);
        store(to + k, (1 - a) * load(s.before + k) + a * v);
      });
    } else {
      tanh_each<T>(to, s.groups, s.size, Q, [&](Int k, Vec<T> v) __attribute__((always_inline)) { store(to + k, v); });
    }
  }

  struct BackWeights {
    T *h, *leak;
    BackWeights(const Piece<T>& p, Arena& arena) {
      h = arena.template take<T>(p.Q * p.Q * 16);
      leak = leak_blocks(p, arena);
      if (arena.base) pack_back(p.o.U, p.H, p.H, gates, 0, gates, h);
    }
  };

  static void back(const Back<T>& s, const BackWeights& w) {
    const Int Q = s.piece.Q;
    for (Int n = 0; n < s.groups; ++n) {
      const T *r = s.record + n * s.size, *before = s.before + n * s.size, *dh = s.dh + n * Q * L;
      T *dz = s.dz.at(0, n), *direct_ = s.direct + n * Q * L;
      const bool full = s.piece.full(n, s.t);
      for (Int q = 0; q < Q; ++q, dz += s.dz.quad) {
        const Int b = q * L;
        const Vec<T> d = load(dh + b), v = load(r + (leaks ? y * Q * L : 0) + b);
        if constexpr (kind == Kind::relu) {
          store(dz, select<T>(v > 0, d, select<T>(v != v, v, Vec<T>{})));
        } else if constexpr (leaks) {
          const Vec<T> a = four(w.leak + q * 4);
          store(dz, d * a * (1 - v * v));
          store(direct_ + b, d * (1 - a));
          Vec<T> da = d * (v - load(before + b));
          if (!full) da = select<T>(s.piece.alive(n, s.t), da, Vec<T>{});
          store(s.dleak + b, load(s.dleak + b) + da);
        } else {
          store(dz, d * (1 - v * v));
        }
      }
      s.piece.hide(n, s.t, s.dz.at(0, n), Q, s.dz.quad);
      if constexpr (leaks) s.piece.hide(n, s.t, direct_, Q);
    }
    const Factor<T> factor = {s.dz.data, L, s.dz.quad, Q * 4, w.h};
    product<T>(1, &factor, nullptr, false, s.groups, Q, s.through, Q * L);
  }

  static void recurrent_gradients(const Piece<T>& p, Panel<T> h, Panel<T>, Panel<T>, Panel<T> dz, Int rows, Int, T* partial, T*) {
    outer<T>(h, dz, rows, 0, p.Q, 0, p.Q, partial, p.Q);
  }
};

}  // namespace penstock::PENSTOCK_NAMESPACE
