// GRU in its two forms: h' = z h + (1 - z) n, with r and z sigmoids of x W + h U + b, and
//   reset before the product (Cho et al. 2014; Keras reset_after=False):  n = tanh(x Wn + (r h) Un + bn)
//   reset after it (cuDNN, torch):                                        n = tanh(x Wn + bn + r (h Un + bUn))
#pragma once
#include "piece.h"

namespace penstock::PENSTOCK_NAMESPACE {

template <typename T, bool after> struct Gru {
  // Kept per step; q is r*h (before) or h Un + bUn (after).
  enum { r, z, n, q, h, slots, extra = q, c = -1 };
  // Gradients of the preactivations: r, z, n and, when they differ, of h Un + bUn.
  static constexpr int gates = 3, columns = after ? 4 : 3;
  static constexpr int x_columns[] = {0, 1, 2}, h_columns[] = {0, 1, after ? 3 : 2};
  static constexpr bool direct = true, two_biases = after, leaks = false;
  static constexpr Int L = kLanes<T>;

  struct Weights {
    T *xg, *xn, *hg, *hn, *bias;  // of r and z, of n; bias [r, z, n, (after) h's part of n]
    Weights(const Piece<T>& p, Arena& arena) {
      xg = arena.template take<T>(p.I * p.Q * 8);
      xn = arena.template take<T>(p.I * p.Q * 4);
      hg = arena.template take<T>(p.H * p.Q * 8);
      hn = arena.template take<T>(p.H * p.Q * 4);
      bias = arena.template take<T>(p.Q * 16);
      if (!arena.base) return;
      pack(p.o.W, p.I, p.H, gates, 0, 2, xg);
      pack(p.o.W, p.I, p.H, gates, 2, 1, xn);
      pack(p.o.U, p.H, p.H, gates, 0, 2, hg);
      pack(p.o.U, p.H, p.H, gates, 2, 1, hn);
      for (int k = 0; k < 3; ++k) pack_bias(p.o.b, p.H, k, bias + k * p.Q * 4, false);
      if constexpr (after)
        for (int k = 0; k < 3; ++k) pack_bias(p.o.bU, p.H, k, bias + (k < 2 ? k : 3) * p.Q * 4, k < 2);
    }
  };

  static void step(const Ahead<T>& s, const Weights& w) {
    const Int Q = s.piece.Q, W = Q * L, XS = quads(s.piece.I) * L, H = s.piece.H, I = s.piece.I;
    const Factor<T> both[] = {{s.x, XS, I, w.xg}, {s.h, s.h_group, H, w.hg}};
    product<T>(2, both, w.bias, false, s.groups, 2 * Q, s.record, s.size);
    s.piece.trim(s.groups, s.record, s.size, 2);
    if constexpr (after) {
      const Factor<T> x = {s.x, XS, I, w.xn}, h = {s.h, s.h_group, H, w.hn};
      product<T>(1, &x, w.bias + 2 * Q * 4, false, s.groups, Q, s.record + n * W, s.size);
      product<T>(1, &h, w.bias + 3 * Q * 4, false, s.groups, Q, s.record + q * W, s.size);
      s.piece.trim(s.groups, s.record + n * W, s.size, 2);
    } else {
      for (Int m = 0; m < s.groups; ++m)
        for (Int b = 0; b < W; b += L) {
          T* to = s.record + m * s.size + b;
          const Vec<T> vr = sigmoid<T>(load(to));
          store(to, vr);
          store(to + q * W, vr * load(s.h + m * s.h_group + b));
        }
      const Factor<T> candidate[] = {{s.x, XS, I, w.xn}, {s.record + q * W, s.size, H, w.hn}};
      product<T>(2, candidate, w.bias + 2 * Q * 4, false, s.groups, Q, s.record + n * W, s.size);
      s.piece.trim(s.groups, s.record + n * W, s.size, 1);
    }
    for (Int m = 0; m < s.groups; ++m)
      for (Int b = 0; b < W; b += L) {
        T* to = s.record + m * s.size + b;
        const Vec<T> vz = sigmoid<T>(load(to + z * W)), vh = load(s.before + m * s.size + h * W + b);
        Vec<T> vn = load(to + n * W);
        if constexpr (after) {
          const Vec<T> vr = sigmoid<T>(load(to));
          store(to, vr);
          vn += vr * load(to + q * W);
        }
        vn = tanh<T>(vn);
        store(to + z * W, vz), store(to + n * W, vn);
        store(to + h * W, vn + vz * (vh - vn));
      }
  }

  struct BackWeights {
    T *gate, *n;  // U of r and z, U of n
    BackWeights(const Piece<T>& p, Arena& arena) {
      gate = arena.template take<T>(p.Q * 2 * p.Q * 16);
      n = arena.template take<T>(p.Q * p.Q * 16);
      if (!arena.base) return;
      pack_back(p.o.U, p.H, p.H, gates, 0, 2, gate);
      pack_back(p.o.U, p.H, p.H, gates, 2, 1, n);
    }
  };

  static void back(const Back<T>& s, const BackWeights& w) {
    const Int Q = s.piece.Q, W = Q * L, wide = columns * W;
    for (Int m = 0; m < s.groups; ++m) {
      const T *rec = s.record + m * s.size, *before = s.before + m * s.size + h * W, *dh = s.dh + m * W;
      T *dz = s.dz + m * wide, *direct_ = s.direct + m * W;
      for (Int b = 0; b < W; b += L) {
        const Vec<T> d = load(dh + b), vz = load(rec + z * W + b), vn = load(rec + n * W + b), vh = load(before + b);
        const Vec<T> dn = d * (1 - vz) * (1 - vn * vn);
        store(dz + W + b, d * (vh - vn) * (vz - vz * vz));
        store(dz + 2 * W + b, dn);
        store(direct_ + b, d * vz);
        if constexpr (after) {
          const Vec<T> vr = load(rec + r * W + b);
          store(dz + b, dn * load(rec + q * W + b) * (vr - vr * vr));
          store(dz + 3 * W + b, dn * vr);
        }
      }
      s.piece.hide(m, s.t, dz + (after ? 0 : W), (after ? 4 : 2) * Q);
      s.piece.hide(m, s.t, direct_, Q);
    }
    const Factor<T> candidate = {s.dz + (after ? 3 : 2) * W, wide, Q * 4, w.n};
    product<T>(1, &candidate, nullptr, false, s.groups, Q, s.through, W);
    if constexpr (!after) {
      for (Int m = 0; m < s.groups; ++m) {  // `through` holds the gradient of r*h
        const T *rec = s.record + m * s.size, *before = s.before + m * s.size + h * W;
        T *dz = s.dz + m * wide, *through = s.through + m * W;
        for (Int b = 0; b < W; b += L) {
          const Vec<T> vr = load(rec + r * W + b), e = load(through + b);
          Vec<T> vh = load(before + b);
          if (s.piece.mask) vh *= load(s.piece.mask + m * W + b);
          store(dz + b, e * vh * (vr - vr * vr));
          store(through + b, e * vr);
        }
        s.piece.hide(m, s.t, dz, Q);
        s.piece.hide(m, s.t, through, Q);
      }
    }
    const Factor<T> both = {s.dz, wide, 2 * Q * 4, w.gate};
    product<T>(1, &both, nullptr, true, s.groups, Q, s.through, W);
  }

  static void recurrent_gradients(const Piece<T>& p, const T* const* hp, const T* const* qp, const T* const* xp,
                                  const T* const* dp, Int rows, Int QX, T* partial, T* partial_x) {
    const Int Q = p.Q;
    outer<T>(hp, dp, rows, 0, Q, 0, 2 * Q, partial, columns * Q);
    outer<T>(after ? hp : qp, dp, rows, 0, Q, (after ? 3 : 2) * Q, Q, partial, columns * Q);
    if (after) outer<T>(xp, dp, rows, QX - 1, QX, 3 * Q, Q, partial_x, columns * Q);  // the second bias
  }
};

}  // namespace penstock::PENSTOCK_NAMESPACE
