// GRU in its two forms: h' = z h + (1 - z) n, with r and z sigmoids of x W + h U + b, and
//   reset before the product (Cho et al. 2014; Keras reset_after=False):  n = tanh(x Wn + (r h) Un + bn)
//   reset after it (cuDNN, torch):                                        n = tanh(x Wn + bn + r (h Un + bUn))
#pragma once
#include "piece.h"

namespace penstock::PENSTOCK_NAMESPACE {

// The accumulators that the product with h feeds.
template <bool after> struct Recurrent { using Into = Columns<0, 1, 3>; };
template <> struct Recurrent<false> { using Into = Columns<0, 1>; };

template <typename T, bool after> struct Gru {
  // Kept per step; q is r*h (before) or h Un + bUn (after).
  enum { r, z, n, q, h, slots, extra = q, c = -1 };
  // Gradients of the preactivations: r, z, n and, when they differ, of h Un + bUn.
  static constexpr int gates = 3, columns = after ? 4 : 3;
  static constexpr int x_columns[] = {0, 1, 2}, h_columns[] = {0, 1, after ? 3 : 2};
  static constexpr bool direct = true, two_biases = after, leaks = false;
  static constexpr Int L = kLanes<T>;
  static constexpr int A = after ? 4 : 3;  // accumulators: r, z, x's part of n, (after) h's part of n
  static constexpr int N_h = after ? 3 : 2;  // gates whose product takes h itself

  struct Weights {
    T *x, *h, *n, *bias;
    Weights(const Piece<T>& p, Arena& arena) {
      x = arena.template take<T>(p.Q * p.I * 12);
      h = arena.template take<T>(p.Q * p.H * N_h * 4);
      n = arena.template take<T>(after ? 0 : p.Q * p.H * 4);
      bias = arena.template take<T>(p.Q * A * 4);
      if (!arena.base) return;
      constexpr int all[] = {0, 1, 2}, two[] = {0, 1}, last[] = {2};
      pack(p.o.W, p.I, p.H, gates, all, x);
      for (int k = 0; k < 3; ++k) pack_bias(p.o.b, p.H, k, k, A, bias, false);
      if constexpr (after) {
        pack(p.o.U, p.H, p.H, gates, all, h);
        pack_bias(p.o.bU, p.H, 0, 0, A, bias, true);
        pack_bias(p.o.bU, p.H, 1, 1, A, bias, true);
        pack_bias(p.o.bU, p.H, 2, 3, A, bias, false);
      } else {
        pack(p.o.U, p.H, p.H, gates, two, h);
        pack(p.o.U, p.H, p.H, gates, last, n);
      }
    }
  };

  static void step(const Ahead<T>& s, const Weights& w) {
    using HColumns = typename Recurrent<after>::Into;
    const Int Q = s.piece.Q, QI = quads(s.piece.I), H = s.piece.H, I = s.piece.I;
    tiles<A>(s.groups, Q, [&](auto G, auto N, Int g0, Int q0) __attribute__((always_inline)) {
      Vec<T> acc[G][N * A];
      repeat<N * A>(PENSTOCK_BODY(k) {
        const Vec<T> b = four(w.bias + q0 * A * 4 + k * 4);
        repeat<G>(PENSTOCK_BODY(m) { acc[m][k] = b; });
      });
      accumulate<T, G, N, A, Columns<0, 1, 2>>(acc, s.x + g0 * QI * L, QI * L, I, w.x + q0 * I * 12, I * 12);
      accumulate<T, G, N, A, HColumns>(acc, s.h + g0 * s.h_group, s.h_group, H, w.h + q0 * H * N_h * 4, H * N_h * 4);
      repeat<G>(PENSTOCK_BODY(m) {
        repeat<N>(PENSTOCK_BODY(j) {
          const Int at = (g0 + m) * s.size + (q0 + j) * L;
          T* to = s.record + at;
          const Vec<T> vr = sigmoid<T>(acc[m][j * A]), vz = sigmoid<T>(acc[m][j * A + 1]);
          store(to + r * Q * L, vr), store(to + z * Q * L, vz);
          if constexpr (after) {
            const Vec<T> vq = acc[m][j * A + 3], vn = tanh<T>(acc[m][j * A + 2] + vr * vq);
            store(to + q * Q * L, vq), store(to + n * Q * L, vn);
            store(to + h * Q * L, vn + vz * (load(s.before + at + h * Q * L) - vn));
          } else {
            store(to + n * Q * L, acc[m][j * A + 2]);  // not yet complete
            store(to + q * Q * L, vr * load(s.h + (g0 + m) * s.h_group + (q0 + j) * L));
          }
        });
      });
    });
    if constexpr (!after) {
      T* pre = s.record + n * Q * L;
      multiply<T>(s.record + q * Q * L, s.size, H, w.n, H * 4, s.groups, Q, pre, s.size, true);
      for (Int m = 0; m < s.groups; ++m)
        for (Int b = 0; b < Q * L; b += L) {
          T* to = s.record + m * s.size + b;
          const Vec<T> vn = tanh<T>(load(to + n * Q * L)), vz = load(to + z * Q * L);
          store(to + n * Q * L, vn);
          store(to + h * Q * L, vn + vz * (load(s.before + m * s.size + h * Q * L + b) - vn));
        }
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
    multiply<T>(s.dz + (after ? 3 : 2) * W, wide, Q * 4, w.n, Q * 16, s.groups, Q, s.through, W, false);
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
    multiply<T>(s.dz, wide, 2 * Q * 4, w.gate, 2 * Q * 16, s.groups, Q, s.through, W, true);
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
