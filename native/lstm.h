// LSTM with forget gate (Gers, Schmidhuber, Cummins 2000): i, f, o = sigmoid, g = tanh; c' = f c + i g; h' = o tanh c'.
#pragma once
#include "recurrence.h"

namespace penstock::PENSTOCK_NAMESPACE {

template <typename Layout_> struct Lstm {
  using Layout = Layout_;
  using T = typename Layout::T;
  enum { i, f, g, o, c, h, tc, slots, extra = h };  // tc = tanh c
  static constexpr int gates = 4, columns = 4;
  static constexpr int x_columns[] = {0, 1, 2, 3}, h_columns[] = {0, 1, 2, 3};
  static constexpr bool direct = false, two_biases = false, leaks = false;
  static constexpr Int L = Layout::L, U = Layout::U;

  struct Weights {
    T *x, *h, *bias;
    Weights(const Chunk<Layout>& p, Arena& arena) {
      x = arena.template take<T>(p.Q * p.I * 4 * U);
      h = arena.template take<T>(p.Q * p.H * 4 * U);
      bias = arena.template take<T>(p.Q * 4 * U);
      if (!arena.base) return;
      Layout::pack(p.o.W, p.I, p.H, gates, 0, gates, p.widest, x);
      Layout::pack(p.o.U, p.H, p.H, gates, 0, gates, p.widest, h);
      for (int k = 0; k < gates; ++k) Layout::pack_bias(p.o.b, p.H, k, bias + k * p.Q * U, false);
    }
  };

  static void step(const ForwardStep<Layout>& s, const Weights& w) {
    const Int Q = s.chunk.Q, W = Q * L, QI = s.chunk.QI;
    const Factor<T> factors[] = {{s.x, QI * L, L, s.chunk.I, w.x}, {s.h, s.h_group, L, s.chunk.H, w.h}};
    product<Layout>(2, factors, w.bias, false, s.groups, gates * Q, s.chunk.widest, s.record, s.size);
    s.chunk.mask_padding(s.groups, s.record, s.size, gates);
    for (Int m = 0; m < s.groups; ++m) {
      T* const record = s.record + m * s.size;
      const T* before = s.before + m * s.size + c * W;
      for (T *to = record, *end = record + W; to < end; to += L, before += L) {
        Vec<T> v[] = {load(to + i * W), load(to + f * W), load(to + g * W), load(to + o * W)};
        activate<T, Act::sigmoid, Act::sigmoid, Act::tanh, Act::sigmoid>(v);
        store(to + i * W, v[0]), store(to + f * W, v[1]), store(to + g * W, v[2]), store(to + o * W, v[3]);
        store(to + c * W, v[1] * load(before) + v[0] * v[2]);
      }
    }
    T* const record = s.record;
    tanh_each<T>(record + c * W, s.groups, s.size, Q, [&](Int k, Vec<T> v) __attribute__((always_inline)) {
      store(record + tc * W + k, v);
      store(record + h * W + k, v * load(record + o * W + k));
    });
  }

  struct BackWeights {
    T* h;
    BackWeights(const Chunk<Layout>& p, Arena& arena) {
      h = arena.template take<T>(p.Q * 4 * p.Q * U * U);
      if (arena.base) Layout::pack_back(p.o.U, p.H, p.H, gates, 0, gates, p.widest, h);
    }
  };

  static void back(const BackwardStep<Layout>& s, const BackWeights& w) {
    const Int Q = s.chunk.Q, W = Q * s.dz.block;
    for (Int n = 0; n < s.groups; ++n) {
      const T *r = s.record + n * s.size, *before = s.before + n * s.size + c * Q * L, *dh = s.dh + n * Q * L;
      T *dc = s.dc + n * Q * L, *dz = s.dz.at(0, n);
      for (Int b = 0; b < Q * L; b += L, dz += s.dz.block) {
        const Vec<T> vi = load(r + i * Q * L + b), vf = load(r + f * Q * L + b), vg = load(r + g * Q * L + b);
        const Vec<T> vo = load(r + o * Q * L + b), vt = load(r + tc * Q * L + b), d = load(dh + b);
        const Vec<T> e = load(dc + b) + d * vo * (1 - vt * vt);
        store(dz + i * W, e * vg * (vi - vi * vi));
        store(dz + f * W, e * load(before + b) * (vf - vf * vf));
        store(dz + g * W, e * vi * (1 - vg * vg));
        store(dz + o * W, d * vt * (vo - vo * vo));
        store(dc + b, e * vf);
      }
      s.chunk.mask_ended(n, s.t, s.dz.at(0, n), columns * Q, s.dz.block);
      s.chunk.mask_ended(n, s.t, dc, Q);
    }
    const Factor<T> factor = {s.dz.data, L, s.dz.block, gates * Q * U, w.h};
    product<Layout>(1, &factor, nullptr, false, s.groups, Q, s.chunk.widest, s.through, Q * L);
  }

  static void recurrent_gradients(const Chunk<Layout>& p, Panel<T> h, Panel<T>, Panel<T>, Panel<T> dz, Int rows, T* partial, T*) {
    outer<Layout>(h, dz, rows, 0, p.Q, 0, gates * p.Q, partial, columns * p.Q);
  }
};

}  // namespace penstock::PENSTOCK_NAMESPACE
