// LSTM with forget gate (Gers, Schmidhuber, Cummins 2000): i, f, o = sigmoid, g = tanh; c' = f c + i g; h' = o tanh c'.
#pragma once
#include "piece.h"

namespace penstock::PENSTOCK_NAMESPACE {

template <typename T> struct Lstm {
  enum { i, f, g, o, c, h, slots, extra = h };
  static constexpr int gates = 4, columns = 4;
  static constexpr int x_columns[] = {0, 1, 2, 3}, h_columns[] = {0, 1, 2, 3};
  static constexpr bool direct = false, two_biases = false, leaks = false;
  static constexpr Int L = kLanes<T>;

  struct Weights {
    T *x, *h, *bias;
    Weights(const Piece<T>& p, Arena& arena) {
      x = arena.template take<T>(p.Q * p.I * 16);
      h = arena.template take<T>(p.Q * p.H * 16);
      bias = arena.template take<T>(p.Q * 16);
      if (!arena.base) return;
      pack(p.o.W, p.I, p.H, gates, x_columns, x);
      pack(p.o.U, p.H, p.H, gates, h_columns, h);
      for (int k = 0; k < 4; ++k) pack_bias(p.o.b, p.H, k, k, 4, bias, false);
    }
  };

  static void step(const Ahead<T>& s, const Weights& w) {
    const Int Q = s.piece.Q, QI = quads(s.piece.I), H = s.piece.H, I = s.piece.I;
    tiles<4>(s.groups, Q, [&](auto G, auto N, Int g0, Int q0) __attribute__((always_inline)) {
      Vec<T> acc[G][N * 4];
      repeat<N * 4>(PENSTOCK_BODY(k) {
        const Vec<T> b = four(w.bias + q0 * 16 + k * 4);
        repeat<G>(PENSTOCK_BODY(n) { acc[n][k] = b; });
      });
      accumulate<T, G, N, 4, Columns<0, 1, 2, 3>>(acc, s.x + g0 * QI * L, QI * L, I, w.x + q0 * I * 16, I * 16);
      accumulate<T, G, N, 4, Columns<0, 1, 2, 3>>(acc, s.h + g0 * s.h_group, s.h_group, H, w.h + q0 * H * 16, H * 16);
      repeat<G>(PENSTOCK_BODY(n) {
        repeat<N>(PENSTOCK_BODY(q) {
          const Int at = (g0 + n) * s.size + (q0 + q) * L;
          T* to = s.record + at;
          const Vec<T> vi = sigmoid<T>(acc[n][q * 4]), vf = sigmoid<T>(acc[n][q * 4 + 1]);
          const Vec<T> vg = tanh<T>(acc[n][q * 4 + 2]), vo = sigmoid<T>(acc[n][q * 4 + 3]);
          const Vec<T> vc = vf * load(s.before + at + c * Q * L) + vi * vg;
          store(to + i * Q * L, vi), store(to + f * Q * L, vf), store(to + g * Q * L, vg), store(to + o * Q * L, vo);
          store(to + c * Q * L, vc);
          store(to + h * Q * L, vo * tanh<T>(vc));
        });
      });
    });
  }

  struct BackWeights {
    T* h;
    BackWeights(const Piece<T>& p, Arena& arena) {
      h = arena.template take<T>(p.Q * 4 * p.Q * 16);
      if (arena.base) pack_back(p.o.U, p.H, p.H, gates, 0, gates, h);
    }
  };

  static void back(const Back<T>& s, const BackWeights& w) {
    const Int Q = s.piece.Q, wide = columns * Q * L;
    for (Int n = 0; n < s.groups; ++n) {
      const T *r = s.record + n * s.size, *before = s.before + n * s.size + c * Q * L, *dh = s.dh + n * Q * L;
      T *dc = s.dc + n * Q * L, *dz = s.dz + n * wide;
      for (Int b = 0; b < Q * L; b += L) {
        const Vec<T> vi = load(r + i * Q * L + b), vf = load(r + f * Q * L + b), vg = load(r + g * Q * L + b);
        const Vec<T> vo = load(r + o * Q * L + b), tc = tanh<T>(load(r + c * Q * L + b)), d = load(dh + b);
        const Vec<T> e = load(dc + b) + d * vo * (1 - tc * tc);
        store(dz + i * Q * L + b, e * vg * (vi - vi * vi));
        store(dz + f * Q * L + b, e * load(before + b) * (vf - vf * vf));
        store(dz + g * Q * L + b, e * vi * (1 - vg * vg));
        store(dz + o * Q * L + b, d * tc * (vo - vo * vo));
        store(dc + b, e * vf);
      }
      s.piece.hide(n, s.t, dz, columns * Q);
      s.piece.hide(n, s.t, dc, Q);
    }
    multiply<T>(s.dz, wide, gates * Q * 4, w.h, gates * Q * 16, s.groups, Q, s.through, Q * L, false);
  }

  static void recurrent_gradients(const Piece<T>& p, const T* const* hp, const T* const*, const T* const*, const T* const* dp,
                                  Int rows, Int, T* partial, T*) {
    outer<T>(hp, dp, rows, 0, p.Q, 0, gates * p.Q, partial, columns * p.Q);
  }
};

}  // namespace penstock::PENSTOCK_NAMESPACE
