// One sample, step by step: lanes are units, so that a single series fills the vectors.
#pragma once
#include "activations.h"
#include "steps_table.h"

namespace penstock::PENSTOCK_NAMESPACE {

template <typename T> PENSTOCK_INLINE Int padded(Int n) { return (n + kLanes<T> - 1) / kLanes<T> * kLanes<T>; }

// acc += a * the vector at p.
template <typename T> PENSTOCK_INLINE void add_product_at(Vec<T>& acc, Vec<T> a, const T* p) {
#if defined(__AVX512F__) || (defined(__FMA__) && defined(__x86_64__))
  if constexpr (sizeof(T) == 4) asm("vfmadd231ps %2, %1, %0" : "+v"(acc) : "v"(a), "m"(*(const typename Simd<T>::Loose*)p));
  else asm("vfmadd231pd %2, %1, %0" : "+v"(acc) : "v"(a), "m"(*(const typename Simd<T>::Loose*)p));
#else
  acc += a * load(p);
#endif
}

// Sums bias + x W + h U for B vectors of units of each of G gates, `gate` apart in a row of `row` values, and gives them
// to then(sums). h comes last, because it is known last; S sums side by side, so that none waits for the one before.
template <typename T, int G, int B, int S, typename F>
PENSTOCK_INLINE void tile(const T* x, Int I, const T* h, Int H, const T* w, Int row, Int gate, const T* bias, F then) {
  constexpr int L = kLanes<T>, C = G * B;
  Vec<T> acc[S][C];
  const auto add = [&](Vec<T>(&to)[C], T factor, const T* from) __attribute__((always_inline)) {
    const Vec<T> v = splat(factor);
    repeat<C>(PENSTOCK_BODY(c) { add_product_at<T>(to[c], v, from + c / B * gate + c % B * L); });
  };
  repeat<C>(PENSTOCK_BODY(c) { acc[0][c] = load(bias + c / B * gate + c % B * L); });
  repeat_from<1, S>([&](auto s) __attribute__((always_inline)) { repeat<C>(PENSTOCK_BODY(c) { acc[s][c] = Vec<T>{}; }); });
  for (Int k = 0; k < I; ++k, w += row) add(acc[0], x[k], w);
  Int k = 0;
  for (; k + S <= H; k += S, w += S * row) repeat<S>(PENSTOCK_BODY(s) { add(acc[s], h[k + s], w + s * row); });
  for (; k < H; ++k, w += row) add(acc[0], h[k], w);
  repeat_from<1, S>([&](auto s) __attribute__((always_inline)) { repeat<C>(PENSTOCK_BODY(c) { acc[0][c] += acc[s][c]; }); });
  then(acc[0]);
}

// f(Index<B>, u) for the units u of B vectors at a time, so that all of `n` (a multiple of the lanes) are done.
template <typename T, typename F> PENSTOCK_INLINE void by_blocks(Int n, F f) {
  constexpr Int L = kLanes<T>;
  Int u = 0;
  for (; u + 2 * L <= n; u += 2 * L) f(Index<2>{}, u);
  if (u < n) f(Index<1>{}, u);
}

template <typename T> PENSTOCK_INLINE Vec<T> clipped(Vec<T> v) { return below<T>(above<T>(v, T(0)), T(1)); }

template <typename T> PENSTOCK_INLINE Vec<T> hard(Vec<T> v, Activation kind) {
  return kind == Activation::hard_sigmoid ? clipped<T>((v + T(3)) / T(6)) : clipped<T>(v * T(.2) + T(.5));
}

// Gates' sigmoid, of whichever kind, on vectors 0 .. N - 1; `acts` says what the compiled form does to each.
template <typename T, Act... acts> PENSTOCK_INLINE void gates(Vec<T> (&v)[sizeof...(acts)], Activation kind) {
  if (kind == Activation::sigmoid) return activate<T, acts...>(v);
  constexpr Act act[] = {acts...};
  repeat<sizeof...(acts)>(PENSTOCK_BODY(i) {
    if constexpr (act[i] == Act::tanh) {
      Vec<T> one[1] = {v[i]};
      activate<T, Act::tanh>(one);
      v[i] = one[0];
    } else {
      v[i] = hard<T>(v[i], kind);
    }
  });
}

PENSTOCK_INLINE Int gate_columns(LayerKind kind) {  // of the packed product of x and h together
  switch (kind) {
    case LayerKind::lstm: case LayerKind::gru_after: return 4;
    case LayerKind::gru_before: return 3;
    default: return 1;
  }
}

template <typename T> Int packed_size(const StepLayer& l) {
  const Int H = padded<T>(l.units), G = gate_columns(l.kind);
  if (l.kind == LayerKind::norm) return 2 * padded<T>(l.inputs);
  if (l.kind == LayerKind::dense) return (l.inputs + 1) * H;
  return (l.inputs + l.units + 1) * G * H + (l.kind == LayerKind::leaky ? H : 0);
}

template <typename T> Int state_size(const StepLayer& l) {
  if (l.kind >= LayerKind::norm) return 0;
  return padded<T>(l.units) * (l.kind == LayerKind::lstm ? 2 : 1);
}

// h twice, for it is read while the next one is written; c; r h.
template <typename T> Int scratch_size(const StepLayer& l) { return 4 * padded<T>(l.units); }

// Gates first .. first + n of W and U, as rows of x, then of h; `keep` says which of both a column takes.
template <typename T>
T* pack_gates(const StepLayer& l, const PlainWeights<T>& p, const Int* source, const Int* parts, Int n, Int gates, T* to) {
  enum { of_x = 1, of_h = 2 };
  const Int H = l.units, Hp = padded<T>(H);
  for (Int k = 0; k < l.inputs + H; ++k) {
    const bool x = k < l.inputs;
    const T* row = x ? p.W + k * gates * H : p.U + (k - l.inputs) * gates * H;
    for (Int g = 0; g < n; ++g)
      for (Int u = 0; u < Hp; ++u) *to++ = u < H && (parts[g] & (x ? of_x : of_h)) ? row[source[g] * H + u] : T(0);
  }
  for (Int g = 0; g < n; ++g)
    for (Int u = 0; u < Hp; ++u) {
      T b = 0;
      if (u < H && (parts[g] & of_x) && p.b) b += p.b[source[g] * H + u];
      if (u < H && (parts[g] & of_h) && p.bU) b += p.bU[source[g] * H + u];
      *to++ = b;
    }
  return to;
}

template <typename T> void pack(const StepLayer& l, const PlainWeights<T>& p, T* to) {
  const Int H = l.units, Hp = padded<T>(H);
  const Int order[] = {0, 1, 2, 3}, both[] = {3, 3, 3, 3};
  switch (l.kind) {
    case LayerKind::lstm: pack_gates<T>(l, p, order, both, 4, 4, to); break;
    case LayerKind::gru_after: {  // r, z, the part of n that x gives, the part that h gives
      const Int source[] = {0, 1, 2, 2}, parts[] = {3, 3, 1, 2};
      pack_gates<T>(l, p, source, parts, 4, 3, to);
      break;
    }
    case LayerKind::gru_before: {
      const Int last[] = {2};
      to = pack_gates<T>(l, p, order, both, 2, 3, to);
      pack_gates<T>(l, p, last, both, 1, 3, to);
      break;
    }
    case LayerKind::norm: {
      const Int n = padded<T>(l.inputs);
      for (Int i = 0; i < n; ++i) to[i] = i < l.inputs ? p.W[i] : T(0), to[n + i] = i < l.inputs ? p.b[i] : T(0);
      break;
    }
    case LayerKind::dense:
      for (Int k = 0; k <= l.inputs; ++k)
        for (Int u = 0; u < Hp; ++u) *to++ = u < H ? (k < l.inputs ? p.W[k * H + u] : p.b[u]) : T(0);
      break;
    default:
      to = pack_gates<T>(l, p, order, both, 1, 1, to);
      if (l.kind == LayerKind::leaky)
        for (Int u = 0; u < Hp; ++u) to[u] = u < H ? p.leak[u] : T(0);
  }
}

// Where a layer works.
template <typename T> struct Place {
  T *h, *next, *c, *reset;
  PENSTOCK_INLINE Place(const StepLayer& l, T* scratch, Int t) {
    const Int H = padded<T>(l.units);
    h = scratch + (t & 1) * H, next = scratch + (1 - (t & 1)) * H, c = scratch + 2 * H, reset = c + H;
  }
};

template <typename T> PENSTOCK_INLINE void copy(T* to, const T* from, Int n) {
  for (Int i = 0; i < n; ++i) to[i] = from[i];
}

template <typename T, int B> PENSTOCK_INLINE void tanh_all(Vec<T> (&v)[B]) {
  if constexpr (B == 1) activate<T, Act::tanh>(v);
  else activate<T, Act::tanh, Act::tanh>(v);
}
template <typename T, int B> PENSTOCK_INLINE void two_gates(Vec<T> (&v)[2 * B], Activation kind) {
  constexpr Act s = Act::sigmoid;
  if constexpr (B == 1) gates<T, s, s>(v, kind);
  else gates<T, s, s, s, s>(v, kind);
}
template <typename T, int B> PENSTOCK_INLINE void four_gates(Vec<T> (&v)[4 * B], Activation kind) {
  constexpr Act s = Act::sigmoid, t = Act::tanh;
  if constexpr (B == 1) gates<T, s, s, t, s>(v, kind);
  else gates<T, s, s, s, s, t, t, s, s>(v, kind);
}

// What the cells make of the sums of B vectors, a vector after the other in memory. The single step and that of lanes share
// it, so that both give the same bits; a product that is added is fused with the sum by name, not as the compiler likes.
template <typename T, int B> PENSTOCK_INLINE void lstm_units(const StepLayer& l, Vec<T> (&v)[4 * B], T* c, T* next) {
  constexpr int L = kLanes<T>;
  four_gates<T, B>(v, l.activation);
  Vec<T> s[B];
  repeat<B>(PENSTOCK_BODY(i) { s[i] = v[i] * v[2 * B + i]; });
  repeat<B>(PENSTOCK_BODY(i) { add_product<T>(s[i], v[B + i], load(c + i * L)); });
  repeat<B>(PENSTOCK_BODY(i) { store(c + i * L, s[i]); });
  tanh_all<T, B>(s);
  repeat<B>(PENSTOCK_BODY(i) { store(next + i * L, v[3 * B + i] * s[i]); });
}

// z h + (1 - z) n
template <typename T> PENSTOCK_INLINE Vec<T> between(Vec<T> z, Vec<T> h, Vec<T> n) {
  Vec<T> s = (1 - z) * n;
  add_product<T>(s, z, h);
  return s;
}

template <typename T, int B> PENSTOCK_INLINE void gru_after_units(const StepLayer& l, Vec<T> (&z)[4 * B], const T* h, T* next) {
  constexpr int L = kLanes<T>;
  Vec<T> v[2 * B], n[B];
  repeat<2 * B>(PENSTOCK_BODY(i) { v[i] = z[i]; });
  two_gates<T, B>(v, l.activation);
  repeat<B>(PENSTOCK_BODY(i) { n[i] = z[2 * B + i], add_product<T>(n[i], v[i], z[3 * B + i]); });
  tanh_all<T, B>(n);
  repeat<B>(PENSTOCK_BODY(i) { store(next + i * L, between<T>(v[B + i], load(h + i * L), n[i])); });
}

template <typename T, int B> PENSTOCK_INLINE void gru_gates(const StepLayer& l, Vec<T> (&v)[2 * B], const T* h, T* reset, T* z) {
  constexpr int L = kLanes<T>;
  two_gates<T, B>(v, l.activation);
  repeat<B>(PENSTOCK_BODY(i) { store(reset + i * L, v[i] * load(h + i * L)); });
  repeat<B>(PENSTOCK_BODY(i) { store(z + i * L, v[B + i]); });
}

template <typename T, int B> PENSTOCK_INLINE void gru_before_units(Vec<T> (&n)[B], const T* h, const T* z, T* next) {
  constexpr int L = kLanes<T>;
  tanh_all<T, B>(n);
  repeat<B>(PENSTOCK_BODY(i) { store(next + i * L, between<T>(load(z + i * L), load(h + i * L), n[i])); });
}

template <typename T, int B>
PENSTOCK_INLINE void rnn_units(const StepLayer& l, Vec<T> (&v)[B], const Vec<T> (&leak)[B], const T* h, T* next) {
  constexpr int L = kLanes<T>;
  if (l.kind == LayerKind::rnn_relu) {
    repeat<B>(PENSTOCK_BODY(i) { v[i] = select<T>(v[i] < 0, Vec<T>{}, v[i]); });
  } else {
    tanh_all<T, B>(v);
  }
  if (l.kind == LayerKind::leaky)
    repeat<B>(PENSTOCK_BODY(i) {
      v[i] *= leak[i];
      add_product<T>(v[i], 1 - leak[i], load(h + i * L));
    });
  repeat<B>(PENSTOCK_BODY(i) { store(next + i * L, v[i]); });
}

// Sums side by side for B vectors of each of G gates, or of a dense layer.
template <int G, int B> constexpr int kSums = G == 4 ? 2 / B : G == 2 ? 4 / B : 4;

// A step of a recurrent layer from h to `next`.
template <typename T> PENSTOCK_INLINE void step(const StepLayer& l, const T* w, const T* x, const Place<T>& p) {
  constexpr int L = kLanes<T>;
  const Int I = l.inputs, H = l.units, Hp = padded<T>(H), K = I + H;
  switch (l.kind) {
    case LayerKind::lstm:
      by_blocks<T>(Hp, [&](auto b, Int u) __attribute__((always_inline)) {
        constexpr int B = decltype(b)::value;
        tile<T, 4, B, kSums<4, B>>(x, I, p.h, H, w + u, 4 * Hp, Hp, w + K * 4 * Hp + u, [&](Vec<T>(&v)[4 * B]) __attribute__((always_inline)) {
          lstm_units<T, B>(l, v, p.c + u, p.next + u);
        });
      });
      break;
    case LayerKind::gru_after:
      by_blocks<T>(Hp, [&](auto b, Int u) __attribute__((always_inline)) {
        constexpr int B = decltype(b)::value;
        tile<T, 4, B, kSums<4, B>>(x, I, p.h, H, w + u, 4 * Hp, Hp, w + K * 4 * Hp + u, [&](Vec<T>(&v)[4 * B]) __attribute__((always_inline)) {
          gru_after_units<T, B>(l, v, p.h + u, p.next + u);
        });
      });
      break;
    case LayerKind::gru_before: {
      by_blocks<T>(Hp, [&](auto b, Int u) __attribute__((always_inline)) {  // `c` keeps z
        constexpr int B = decltype(b)::value;
        tile<T, 2, B, kSums<2, B>>(x, I, p.h, H, w + u, 2 * Hp, Hp, w + K * 2 * Hp + u, [&](Vec<T>(&v)[2 * B]) __attribute__((always_inline)) {
          gru_gates<T, B>(l, v, p.h + u, p.reset + u, p.c + u);
        });
      });
      const T* last = w + (K + 1) * 2 * Hp;
      by_blocks<T>(Hp, [&](auto b, Int u) __attribute__((always_inline)) {
        constexpr int B = decltype(b)::value;
        tile<T, 1, B, kSums<1, B>>(x, I, p.reset, H, last + u, Hp, Hp, last + K * Hp + u, [&](Vec<T>(&v)[B]) __attribute__((always_inline)) {
          gru_before_units<T, B>(v, p.h + u, p.c + u, p.next + u);
        });
      });
      break;
    }
    default:
      by_blocks<T>(Hp, [&](auto b, Int u) __attribute__((always_inline)) {
        constexpr int B = decltype(b)::value;
        tile<T, 1, B, kSums<1, B>>(x, I, p.h, H, w + u, Hp, Hp, w + K * Hp + u, [&](Vec<T>(&v)[B]) __attribute__((always_inline)) {
          Vec<T> leak[B] = {};
          if (l.kind == LayerKind::leaky)
            repeat<B>(PENSTOCK_BODY(i) { leak[i] = load(w + (K + 1) * Hp + u + i * L); });
          rnn_units<T, B>(l, v, leak, p.h + u, p.next + u);
        });
      });
  }
}

template <typename T> PENSTOCK_INLINE void normalise(const StepLayer& l, const T* w, const T* x, T* out) {
  T mean = 0, squares = 0;
  for (Int i = 0; i < l.inputs; ++i) mean += x[i];
  mean /= T(l.inputs);
  for (Int i = 0; i < l.inputs; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const T one = 1 / T(__builtin_sqrt(double(squares) / double(l.inputs) + l.epsilon));
  for (Int i = 0; i < l.inputs; ++i) out[i] = w[i] * ((x[i] - mean) * one) + w[padded<T>(l.inputs) + i];
}

template <typename T> PENSTOCK_INLINE Vec<T> activated(Vec<T> v, Activation kind) {
  Vec<T> one[] = {v};
  switch (kind) {
    case Activation::relu: return select<T>(v < 0, Vec<T>{}, v);
    case Activation::tanh: activate<T, Act::tanh>(one); return one[0];
    case Activation::sigmoid: activate<T, Act::sigmoid>(one); return one[0];
    case Activation::linear: return v;
    default: return hard<T>(v, kind);
  }
}

template <typename T> PENSTOCK_INLINE void dense(const StepLayer& l, const T* w, const T* x, T* out) {
  constexpr int L = kLanes<T>;
  const Int H = padded<T>(l.units);
  by_blocks<T>(H, [&](auto b, Int u) __attribute__((always_inline)) {
    constexpr int B = decltype(b)::value;
    tile<T, 1, B, kSums<1, B>>(nullptr, 0, x, l.inputs, w + u, H, H, w + l.inputs * H + u, [&](Vec<T>(&v)[B]) __attribute__((always_inline)) {
      repeat<B>(PENSTOCK_BODY(i) { store(out + u + i * L, activated<T>(v[i], l.activation)); });
    });
  });
}

template <typename T>
void unroll(const Stack<T>& s, const T* x, Int stride, Int n, T* state, Int apart, T* scratch, T* out) {
  T *space = scratch, *kept = state;
  for (Int i = 0; i < s.layers; ++i) {
    const StepLayer& l = s.layer[i];
    const Place<T> p(l, space, 0);
    space += scratch_size<T>(l);
    if (l.kind >= LayerKind::norm) continue;
    const Int H = padded<T>(l.units);
    for (Int u = 0; u < H; ++u) {
      p.h[u] = kept ? kept[u * apart] : T(0);
      p.c[u] = kept && l.kind == LayerKind::lstm ? kept[(H + u) * apart] : T(0);
    }
    if (kept) kept += state_size<T>(l) * apart;
  }
  const T* top = x;
  for (Int t = 0; t < n; ++t, x += stride) {
    space = scratch, top = x;
    for (Int i = 0; i < s.layers; ++i) {
      const StepLayer& l = s.layer[i];
      const Place<T> p(l, space, t);
      if (l.kind == LayerKind::norm) normalise<T>(l, s.packed[i], top, p.next);
      else if (l.kind == LayerKind::dense) dense<T>(l, s.packed[i], top, p.next);
      else step<T>(l, s.packed[i], top, p);
      top = p.next;
      space += scratch_size<T>(l);
    }
  }
  if (s.layers && n) copy(out, top, s.layer[s.layers - 1].units);
  space = scratch, kept = state;
  for (Int i = 0; kept && i < s.layers; ++i) {
    const StepLayer& l = s.layer[i];
    const Place<T> p(l, space, n);
    space += scratch_size<T>(l);
    if (l.kind >= LayerKind::norm) continue;
    const Int H = padded<T>(l.units);
    for (Int u = 0; u < H; ++u) {
      kept[u * apart] = p.h[u];
      if (l.kind == LayerKind::lstm) kept[(H + u) * apart] = p.c[u];
    }
    kept += state_size<T>(l) * apart;
  }
}

}  // namespace penstock::PENSTOCK_NAMESPACE
