// One step of many samples at once: lanes are samples, so that each weight is read once for all of them. What is computed
// of a sample, and in which order, is what steps.h does of one alone: the bits are the same.
#pragma once
#include "steps.h"

namespace penstock::PENSTOCK_NAMESPACE {

// tile() for the N units that w and bias point at, of each of G gates.
template <typename T, int G, int N, int S, typename F>
PENSTOCK_INLINE void lanes_tile(const T* x, Int I, const T* h, Int H, const T* w, Int row, Int gate, const T* bias, F then) {
  constexpr int L = kLanes<T>, C = G * N;
  Vec<T> acc[S][C];
  const T* at[G];  // a pointer for each gate: with offsets known only at run time, the compiler runs out of registers
  repeat<G>(PENSTOCK_BODY(g) { at[g] = w + g * gate; });
  const auto add = [&](Vec<T>(&to)[C], const T* factor) __attribute__((always_inline)) {
    const Vec<T> v = load(factor);
    repeat<C>(PENSTOCK_BODY(c) { add_product_of_one<T>(to[c], v, at[c / N] + c % N); });
    repeat<G>(PENSTOCK_BODY(g) { at[g] += row; });
  };
  repeat<C>(PENSTOCK_BODY(c) { acc[0][c] = splat(bias[c / N * gate + c % N]); });
  repeat_from<1, S>([&](auto s) __attribute__((always_inline)) { repeat<C>(PENSTOCK_BODY(c) { acc[s][c] = Vec<T>{}; }); });
  for (Int k = 0; k < I; ++k, x += L) add(acc[0], x);
  Int k = 0;
  for (; k + S <= H; k += S, h += S * L) repeat<S>(PENSTOCK_BODY(s) { add(acc[s], h + s * L); });
  for (; k < H; ++k, h += L) add(acc[0], h);
  repeat_from<1, S>([&](auto s) __attribute__((always_inline)) { repeat<C>(PENSTOCK_BODY(c) { acc[0][c] += acc[s][c]; }); });
  then(acc[0]);
}

// Units of a tile of G gates with S sums side by side, that stay in registers.
constexpr int lanes_units(int G, int S) {
  const int most = kTileRegisters / (G * S);
  return most < 1 ? 1 : most > 4 ? 4 : most;
}

// then(B, u, sums of the B units from u on) for the units of a layer, one or two at a time. by_blocks() takes most units
// in pairs of vectors and the last ones singly, with other sums side by side, which is followed here.
template <typename T, int G, typename F>
PENSTOCK_INLINE void lanes_sums(const T* x, Int I, const T* h, Int H, const T* w, Int row, Int gate, const T* bias, Int units, F then) {
  const Int pair = 2 * kLanes<T>, paired = padded<T>(units) / pair * pair;
  Int u = 0;
  const auto up_to = [&](auto sums, Int end) __attribute__((always_inline)) {
    constexpr int S = decltype(sums)::value, N = lanes_units(G, S);
    const auto take = [&](auto n) __attribute__((always_inline)) {
      constexpr int M = decltype(n)::value;
      lanes_tile<T, G, M, S>(x, I, h, H, w + u, row, gate, bias + u, [&](Vec<T>(&v)[G * M]) __attribute__((always_inline)) {
        repeat<(M + 1) / 2>(PENSTOCK_BODY(p) {
          constexpr int first = 2 * decltype(p)::value, B = M - first < 2 ? 1 : 2;
          Vec<T> own[G * B];
          repeat<G * B>(PENSTOCK_BODY(i) { own[i] = v[i / B * M + first + i % B]; });
          then(Index<B>{}, u + first, own);
        });
      });
      u += M;
    };
    while (u + N <= end) take(Index<N>{});
    while (u < end) take(Index<1>{});
  };
  up_to(Index<kSums<G, 2>>{}, paired < units ? paired : units);
  up_to(Index<kSums<G, 1>>{}, units);
}

// A step of a recurrent layer from the state `h` (of an LSTM, `c` behind it) to `next`; `space` holds two more vectors a unit.
template <typename T>
PENSTOCK_INLINE void recur_lanes(const StepLayer& l, const T* w, const T* x, const T* h, T* c, T* next, T* space) {
  constexpr int L = kLanes<T>;
  const Int I = l.inputs, H = l.units, Hp = padded<T>(H), K = I + H;
  switch (l.kind) {
    case LayerKind::lstm:
      lanes_sums<T, 4>(x, I, h, H, w, 4 * Hp, Hp, w + K * 4 * Hp, H, [&](auto b, Int u, auto& v) __attribute__((always_inline)) {
        lstm_units<T, decltype(b)::value>(l, v, c + u * L, next + u * L);
      });
      break;
    case LayerKind::gru_after:
      lanes_sums<T, 4>(x, I, h, H, w, 4 * Hp, Hp, w + K * 4 * Hp, H, [&](auto b, Int u, auto& v) __attribute__((always_inline)) {
        gru_after_units<T, decltype(b)::value>(l, v, h + u * L, next + u * L);
      });
      break;
    case LayerKind::gru_before: {
      T *reset = space, *z = space + Hp * L;
      lanes_sums<T, 2>(x, I, h, H, w, 2 * Hp, Hp, w + K * 2 * Hp, H, [&](auto b, Int u, auto& v) __attribute__((always_inline)) {
        gru_gates<T, decltype(b)::value>(l, v, h + u * L, reset + u * L, z + u * L);
      });
      const T* last = w + (K + 1) * 2 * Hp;
      lanes_sums<T, 1>(x, I, reset, H, last, Hp, Hp, last + K * Hp, H, [&](auto b, Int u, auto& v) __attribute__((always_inline)) {
        gru_before_units<T, decltype(b)::value>(v, h + u * L, z + u * L, next + u * L);
      });
      break;
    }
    default:
      lanes_sums<T, 1>(x, I, h, H, w, Hp, Hp, w + K * Hp, H, [&](auto b, Int u, auto& v) __attribute__((always_inline)) {
        constexpr int B = decltype(b)::value;
        Vec<T> leak[B] = {};
        if (l.kind == LayerKind::leaky)
          repeat<B>(PENSTOCK_BODY(i) { leak[i] = splat(w[(K + 1) * Hp + u + i]); });
        rnn_units<T, B>(l, v, leak, h + u * L, next + u * L);
      });
  }
}

template <typename T> PENSTOCK_INLINE void normalise_lanes(const StepLayer& l, const T* w, const T* x, T* out) {
  constexpr int L = kLanes<T>;
  Vec<T> mean = {}, squares = {};
  for (Int i = 0; i < l.inputs; ++i) mean += load(x + i * L);
  mean /= T(l.inputs);
  for (Int i = 0; i < l.inputs; ++i) {
    const Vec<T> apart = load(x + i * L) - mean;
    squares += apart * apart;
  }
  T each[L];
  store(each, squares);
  for (int s = 0; s < L; ++s) each[s] = 1 / T(__builtin_sqrt(double(each[s]) / double(l.inputs) + l.epsilon));
  const Vec<T> one = load(each);
  const T* shift = w + padded<T>(l.inputs);
  for (Int i = 0; i < l.inputs; ++i) store(out + i * L, w[i] * ((load(x + i * L) - mean) * one) + shift[i]);
}

template <typename T> PENSTOCK_INLINE void dense_lanes(const StepLayer& l, const T* w, const T* x, T* out) {
  constexpr int L = kLanes<T>;
  const Int H = padded<T>(l.units);
  const T* none = nullptr;
  lanes_sums<T, 1>(none, 0, x, l.inputs, w, H, H, w + l.inputs * H, l.units, [&](auto b, Int u, auto& v) __attribute__((always_inline)) {
    repeat<decltype(b)::value>(PENSTOCK_BODY(i) { store(out + (u + i) * L, activated<T>(v[i], l.activation)); });
  });
}

template <typename T> void step_lanes(const Stack<T>& s, const T* x, T* state, T* scratch, T* out) {
  constexpr int L = kLanes<T>;
  const T* top = x;
  for (Int i = 0; i < s.layers; ++i) {
    const StepLayer& l = s.layer[i];
    const T* w = s.packed[i];
    const Int H = padded<T>(l.units) * L;
    if (l.kind == LayerKind::norm) normalise_lanes<T>(l, w, top, scratch);
    else if (l.kind == LayerKind::dense) dense_lanes<T>(l, w, top, scratch);
    else {
      recur_lanes<T>(l, w, top, state, state + H, scratch, scratch + H);
      for (Int u = 0; u < l.units; ++u) store(state + u * L, load(scratch + u * L));
      state += state_size<T>(l) * L;
    }
    top = scratch;
    scratch += scratch_size<T>(l) * L;
  }
  for (Int u = 0; s.layers && u < s.layer[s.layers - 1].units; ++u) store(out + u * L, load(top + u * L));
}

}  // namespace penstock::PENSTOCK_NAMESPACE
