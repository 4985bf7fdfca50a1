// Simple recurrent unit (Elman 1990): h' = tanh or relu of x W + h U + b, and its leaky layout (Jaeger et al. 2007):
// h' = (1 - a) h + a tanh(x W + h U + b).
#pragma once
#include "recurrence.h"

namespace penstock::PENSTOCK_NAMESPACE {

enum class Kind { tanh, relu, leaky };

template <typename Layout_, Kind kind> struct Rnn {
  using Layout = Layout_;
  using T = typename Layout::T;
  static constexpr bool leaks = kind == Kind::leaky, direct = leaks, two_biases = false;
  static constexpr int h = 0, y = 1, slots = leaks ? 2 : 1, extra = h, c = -1, gates = 1, columns = 1;
  static constexpr int x_columns[] = {0}, h_columns[] = {0};
  static constexpr Int L = Layout::L, U = Layout::U;

  // The leak, the same for every sample, in blocks.
  static T* leak_blocks(const Chunk<Layout>& p, Arena& arena) {
    T* a = arena.template take<T>(leaks ? p.Q * U : 0);
    if (leaks && arena.base)
      for (Int k = 0; k < U * p.Q; ++k) a[k] = k < p.H ? p.o.leak[k] : T(0);
    return a;
  }

  struct Weights {
    T *x, *h, *bias, *leak;
    Weights(const Chunk<Layout>& p, Arena& arena) {
      x = arena.template take<T>(p.Q * p.I * U);
      h = arena.template take<T>(p.Q * p.H * U);
      bias = arena.template take<T>(p.Q * U);
      leak = leak_blocks(p, arena);
      if (!arena.base) return;
      Layout::pack(p.o.W, p.I, p.H, 1, 0, 1, p.widest, x);
      Layout::pack(p.o.U, p.H, p.H, 1, 0, 1, p.widest, h);
      Layout::pack_bias(p.o.b, p.H, 0, bias, false);
    }
  };

  static void step(const ForwardStep<Layout>& s, const Weights& w) {
    const Int Q = s.chunk.Q, QI = s.chunk.QI;
    const Factor<T> factors[] = {{s.x, QI * L, L, s.chunk.I, w.x}, {s.h, s.h_group, L, s.chunk.H, w.h}};
    product<Layout>(2, factors, w.bias, false, s.groups, Q, s.chunk.widest, s.record, s.size);
    s.chunk.mask_padding(s.groups, s.record, s.size, 1);
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
        const Vec<T> a = Layout::units(w.leak + q * U);
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
    BackWeights(const Chunk<Layout>& p, Arena& arena) {
      h = arena.template take<T>(p.Q * p.Q * U * U);
      leak = leak_blocks(p, arena);
      if (arena.base) Layout::pack_back(p.o.U, p.H, p.H, gates, 0, gates, p.widest, h);
    }
  };

  static void back(const BackwardStep<Layout>& s, const BackWeights& w) {
    const Int Q = s.chunk.Q;
    for (Int n = 0; n < s.groups; ++n) {
      const T *r = s.record + n * s.size, *before = s.before + n * s.size, *dh = s.dh + n * Q * L;
      T *dz = s.dz.at(0, n), *direct_ = s.direct + n * Q * L;
      const bool full = s.chunk.full(n, s.t);
      for (Int q = 0; q < Q; ++q, dz += s.dz.block) {
        const Int b = q * L;
        const Vec<T> d = load(dh + b), v = load(r + (leaks ? y * Q * L : 0) + b);
        if constexpr (kind == Kind::relu) {
          store(dz, select<T>(v > 0, d, select<T>(v != v, v, Vec<T>{})));
        } else if constexpr (leaks) {
          const Vec<T> a = Layout::units(w.leak + q * U);
          store(dz, d * a * (1 - v * v));
          store(direct_ + b, d * (1 - a));
          Vec<T> da = d * (v - load(before + b));
          if (!full) da = select<T>(s.chunk.active_lanes(n, s.t), da, Vec<T>{});
          store(s.dleak + b, load(s.dleak + b) + da);
        } else {
          store(dz, d * (1 - v * v));
        }
      }
      s.chunk.mask_ended(n, s.t, s.dz.at(0, n), Q, s.dz.block);
      if constexpr (leaks) s.chunk.mask_ended(n, s.t, direct_, Q);
    }
    const Factor<T> factor = {s.dz.data, L, s.dz.block, Q * U, w.h};
    product<Layout>(1, &factor, nullptr, false, s.groups, Q, s.chunk.widest, s.through, Q * L);
  }

  static void recurrent_gradients(const Chunk<Layout>& p, Panel<T> h, Panel<T>, Panel<T>, Panel<T> dz, Int rows, T* partial, T*) {
    outer<Layout>(h, dz, rows, 0, p.Q, 0, p.Q, partial, p.Q);
  }
};

}  // namespace penstock::PENSTOCK_NAMESPACE
