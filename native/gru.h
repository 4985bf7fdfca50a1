// GRU in its two layouts: h' = z h + (1 - z) n, with r and z sigmoids of x W + h U + b, and
//   reset before the product (Cho et al. 2014; Keras reset_after=False):  n = tanh(x Wn + (r h) Un + bn)
//   reset after it (cuDNN, torch):                                        n = tanh(x Wn + bn + r (h Un + bUn))
#pragma once
#include "recurrence.h"

namespace penstock::PENSTOCK_NAMESPACE {

template <typename Layout_, bool after> struct Gru {
  using Layout = Layout_;
  using T = typename Layout::T;
  // Kept per step; q is r*h (before) or h Un + bUn (after).
  enum { r, z, n, q, h, slots, extra = after ? h : q, c = -1 };
  // Gradients of the preactivations: r, z, n and, when they differ, of h Un + bUn.
  static constexpr int gates = 3, columns = after ? 4 : 3;
  static constexpr int x_columns[] = {0, 1, 2}, h_columns[] = {0, 1, after ? 3 : 2};
  static constexpr bool direct = true, two_biases = after, leaks = false;
  static constexpr Int L = Layout::L, U = Layout::U;

  struct Weights {
    T *xg, *xn, *hg, *hn, *bias;  // of r and z, of n; bias [r, z, n, (after) h's part of n]
    Weights(const Chunk<Layout>& p, Arena& arena) {
      xg = arena.template take<T>(p.I * p.Q * 2 * U);
      xn = arena.template take<T>(p.I * p.Q * U);
      hg = arena.template take<T>(p.H * p.Q * 2 * U);
      hn = arena.template take<T>(p.H * p.Q * U);
      bias = arena.template take<T>(p.Q * 4 * U);
      if (!arena.base) return;
      Layout::pack(p.o.W, p.I, p.H, gates, 0, 2, p.widest, xg);
      Layout::pack(p.o.W, p.I, p.H, gates, 2, 1, p.widest, xn);
      Layout::pack(p.o.U, p.H, p.H, gates, 0, 2, p.widest, hg);
      Layout::pack(p.o.U, p.H, p.H, gates, 2, 1, p.widest, hn);
      for (int k = 0; k < 3; ++k) Layout::pack_bias(p.o.b, p.H, k, bias + k * p.Q * U, false);
      if constexpr (after)
        for (int k = 0; k < 3; ++k) Layout::pack_bias(p.o.bU, p.H, k, bias + (k < 2 ? k : 3) * p.Q * U, k < 2);
    }
  };

  static void step(const ForwardStep<Layout>& s, const Weights& w) {
    const Int Q = s.chunk.Q, W = Q * L, XS = s.chunk.QI * L, H = s.chunk.H, I = s.chunk.I, widest = s.chunk.widest;
    const Factor<T> both[] = {{s.x, XS, L, I, w.xg}, {s.h, s.h_group, L, H, w.hg}};
    product<Layout>(2, both, w.bias, false, s.groups, 2 * Q, widest, s.record, s.size);
    s.chunk.mask_padding(s.groups, s.record, s.size, 2);
    if constexpr (after) {
      const Factor<T> x = {s.x, XS, L, I, w.xn}, h = {s.h, s.h_group, L, H, w.hn};
      product<Layout>(1, &x, w.bias + 2 * Q * U, false, s.groups, Q, widest, s.record + n * W, s.size);
      product<Layout>(1, &h, w.bias + 3 * Q * U, false, s.groups, Q, widest, s.record + q * W, s.size);
      s.chunk.mask_padding(s.groups, s.record + n * W, s.size, 2);
    } else {
      for (Int m = 0; m < s.groups; ++m)
        for (Int b = 0; b < W; b += L) {
          T* to = s.record + m * s.size + b;
          Vec<T> v[] = {load(to + r * W), load(to + z * W)};
          activate<T, Act::sigmoid, Act::sigmoid>(v);
          store(to + r * W, v[0]), store(to + z * W, v[1]);
          store(to + q * W, v[0] * load(s.h + m * s.h_group + b));
        }
      const Factor<T> candidate[] = {{s.x, XS, L, I, w.xn}, {s.record + q * W, s.size, L, H, w.hn}};
      product<Layout>(2, candidate, w.bias + 2 * Q * U, false, s.groups, Q, widest, s.record + n * W, s.size);
      s.chunk.mask_padding(s.groups, s.record + n * W, s.size, 1);
    }
    T* const to = s.record;
    if constexpr (after)
      for (Int m = 0; m < s.groups; ++m)
        for (Int b = m * s.size; b < m * s.size + W; b += L) {
          Vec<T> v[] = {load(to + r * W + b), load(to + z * W + b)};
          activate<T, Act::sigmoid, Act::sigmoid>(v);
          store(to + r * W + b, v[0]), store(to + z * W + b, v[1]);
          store(to + n * W + b, load(to + n * W + b) + v[0] * load(to + q * W + b));
        }
    tanh_each<T>(to + n * W, s.groups, s.size, Q, [&](Int k, Vec<T> v) __attribute__((always_inline)) {
      store(to + n * W + k, v);
      store(to + h * W + k, v + load(to + z * W + k) * (load(s.before + h * W + k) - v));
    });
  }

  struct BackWeights {
    T *gate, *n;  // U of r and z, U of n
    BackWeights(const Chunk<Layout>& p, Arena& arena) {
      gate = arena.template take<T>(p.Q * 2 * p.Q * U * U);
      n = arena.template take<T>(p.Q * p.Q * U * U);
      if (!arena.base) return;
      Layout::pack_back(p.o.U, p.H, p.H, gates, 0, 2, p.widest, gate);
      Layout::pack_back(p.o.U, p.H, p.H, gates, 2, 1, p.widest, n);
    }
  };

  static void back(const BackwardStep<Layout>& s, const BackWeights& w) {
    const Int Q = s.chunk.Q, W = Q * L, block = s.dz.block, D = Q * block, widest = s.chunk.widest;
    for (Int m = 0; m < s.groups; ++m) {
      const T *rec = s.record + m * s.size, *before = s.before + m * s.size + h * W, *dh = s.dh + m * W;
      T *dz = s.dz.at(0, m), *direct_ = s.direct + m * W;
      for (Int b = 0; b < W; b += L, dz += block) {
        const Vec<T> d = load(dh + b), vz = load(rec + z * W + b), vn = load(rec + n * W + b), vh = load(before + b);
        const Vec<T> dn = d * (1 - vz) * (1 - vn * vn);
        store(dz + D, d * (vh - vn) * (vz - vz * vz));
        store(dz + 2 * D, dn);
        store(direct_ + b, d * vz);
        if constexpr (after) {
          const Vec<T> vr = load(rec + r * W + b);
          store(dz, dn * load(rec + q * W + b) * (vr - vr * vr));
          store(dz + 3 * D, dn * vr);
        }
      }
      s.chunk.mask_ended(m, s.t, s.dz.at(after ? 0 : Q, m), (after ? 4 : 2) * Q, block);
      s.chunk.mask_ended(m, s.t, direct_, Q);
    }
    const Factor<T> candidate = {s.dz.at((after ? 3 : 2) * Q, 0), L, block, Q * U, w.n};
    product<Layout>(1, &candidate, nullptr, false, s.groups, Q, widest, s.through, W);
    if constexpr (!after) {
      for (Int m = 0; m < s.groups; ++m) {  // `through` holds the gradient of r*h
        const T *rec = s.record + m * s.size, *before = s.before + m * s.size + h * W;
        T *dz = s.dz.at(0, m), *through = s.through + m * W;
        for (Int b = 0; b < W; b += L, dz += block) {
          const Vec<T> vr = load(rec + r * W + b), e = load(through + b);
          Vec<T> vh = load(before + b);
          if (s.chunk.mask) vh *= load(s.chunk.mask + m * W + b);
          store(dz, e * vh * (vr - vr * vr));
          store(through + b, e * vr);
        }
        s.chunk.mask_ended(m, s.t, s.dz.at(0, m), Q, block);
        s.chunk.mask_ended(m, s.t, through, Q);
      }
    }
    const Factor<T> both = {s.dz.data, L, block, 2 * Q * U, w.gate};
    product<Layout>(1, &both, nullptr, true, s.groups, Q, widest, s.through, W);
  }

  static void recurrent_gradients(const Chunk<Layout>& p, Panel<T> h, Panel<T> q, Panel<T> x, Panel<T> dz, Int rows, T* partial,
                                  T* partial_x) {
    const Int Q = p.Q, bias = p.I / U;
    outer<Layout>(h, dz, rows, 0, Q, 0, 2 * Q, partial, columns * Q);
    outer<Layout>(after ? h : q, dz, rows, 0, Q, (after ? 3 : 2) * Q, Q, partial, columns * Q);
    if (after) outer<Layout>(x, dz, rows, bias, bias + 1, 3 * Q, Q, partial_x, columns * Q);  // the second bias
  }
};

}  // namespace penstock::PENSTOCK_NAMESPACE
