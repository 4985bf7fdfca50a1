// One piece of a call: some samples of one member, over their whole sequence. Here: who is where, moving rows into
// blocks and back, packing of weights, and the two loops over time that every cell shares.
//
// A record holds what one group of samples keeps of one step: `slots` arrays of [quads of units][lanes]. A cell says
// which (lstm.h, gru.h, rnn.h). Forward without gradients keeps only two steps of records, in turn.
#pragma once
#include "product.h"
#include "table.h"

namespace penstock::PENSTOCK_NAMESPACE {

// Hands out aligned scratch; with a null base it only counts.
struct Arena {
  char* base;
  Int used = 0;
  template <typename E> E* take(Int n) {
    E* p = base ? (E*)(base + used) : nullptr;
    used += (n * (Int)sizeof(E) + 63) & ~(Int)63;
    return p;
  }
};

template <typename T> PENSTOCK_INLINE void zero(T* p, Int n) {
  for (Int i = 0; i < n; ++i) p[i] = 0;
}

// The first n < 4 values of a row, and their way back. No loop: gcc makes it a call of memcpy.
template <typename T> PENSTOCK_INLINE typename Simd<T>::Four few(const T* row, Int n) {
  typename Simd<T>::Four v = {};
  if (n > 0) v[0] = row[0];
  if (n > 1) v[1] = row[1];
  if (n > 2) v[2] = row[2];
  return v;
}
template <typename T> PENSTOCK_INLINE void put_few(T* row, const T* from, Int n) {
  if (n > 0) row[0] = from[0];
  if (n > 1) row[1] = from[1];
  if (n > 2) row[2] = from[2];
}

template <typename T> PENSTOCK_INLINE void copy_row(T* to, const T* from, Int n) {
  using Four = typename Simd<T>::Four;
  Int i = 0;
  for (; i + 4 <= n; i += 4) *(Four*)(to + i) = *(const Four*)(from + i);
  put_few(to + i, from + i, n - i);
}

template <typename T> PENSTOCK_INLINE void add(T* blocks, Int s, const T* row, Int n) {
  using Four = typename Simd<T>::Four;
  T* to = blocks + 4 * s;
  Int k = 0;
  for (; k + 4 <= n; k += 4, to += kLanes<T>) *(Four*)to += *(const Four*)(row + k);
  if (k < n) *(Four*)to += few(row + k, n - k);
}

template <typename T> struct Piece {
  static constexpr Int L = kLanes<T>, S = kSamples<T>;
  const Operands<T>& o;
  Int H, I, time, count, groups, Q;
  Int *length, *sample;  // [groups * S]; 0 and -1 where the last group has no sample
  T* mask;               // recurrent dropout in blocks, or null

  Piece(const Operands<T>& o, Arena& arena)
      : o(o), H(o.shape.units), I(o.shape.inputs), time(o.shape.time), count(o.count), groups((o.count + S - 1) / S), Q(quads(H)) {
    length = arena.template take<Int>(groups * S);
    sample = arena.template take<Int>(groups * S);
    mask = arena.template take<T>(o.mask || !arena.base ? groups * Q * L : 0);
    if (!arena.base) return;
    for (Int i = 0; i < groups * S; ++i) {
      sample[i] = i < count ? o.order[o.first + i] : -1;
      length[i] = i >= count ? 0 : o.lengths ? o.lengths[sample[i]] : time;
    }
    if (o.mask) gather_state(o.mask, mask, Q * L);
    else mask = nullptr;
  }

  Int longest(Int g) const { return length[g * S]; }  // samples come longest first
  bool full(Int g, Int t) const { return length[g * S + S - 1] > t; }
  Int step(Int i, Int t) const { return o.shape.reverse ? length[i] - 1 - t : t; }

  // Copies [batch, n] rows to or from blocks [groups][quads(n)][lanes]; lanes without a sample get zeros.
  void gather_state(const T* rows, T* blocks, Int group) const {
    for (Int i = 0; i < groups * S; ++i)
      put(blocks + i / S * group, i % S, sample[i] < 0 ? nullptr : rows + sample[i] * H, H);
  }
  static PENSTOCK_INLINE void put(T* blocks, Int s, const T* row, Int n, Int quad = L) {
    using Four = typename Simd<T>::Four;
    T* to = blocks + 4 * s;
    Int k = 0;
    if (!row) {
      for (; k < n; k += 4, to += quad) *(Four*)to = Four{};
      return;
    }
    for (; k + 4 <= n; k += 4, to += quad) *(Four*)to = *(const Four*)(row + k);
    if (k < n) *(Four*)to = few(row + k, n - k);
  }
  static PENSTOCK_INLINE void get(const T* blocks, Int s, T* row, Int n) {
    using Four = typename Simd<T>::Four;
    const T* from = blocks + 4 * s;
    Int k = 0;
    for (; k + 4 <= n; k += 4, from += L) *(Four*)(row + k) = *(const Four*)from;
    put_few(row + k, from, n - k);
  }

  const T* x_row(Int i, Int t) const { return t < length[i] ? o.x + (sample[i] * time + step(i, t)) * I : nullptr; }
  T* dx_row(Int i, Int t) const { return o.dx + (sample[i] * time + step(i, t)) * I; }
  T* hs_row(T* hs, Int i, Int t) const { return hs + (sample[i] * time + step(i, t)) * H; }
  const T* hs_row(const T* hs, Int i, Int t) const { return hs + (sample[i] * time + step(i, t)) * H; }

  Mask<T> alive(Int g, Int t) const {
    Mask<T> m = {};
    for (Int s = 0; s < S; ++s)
      for (Int u = 0; u < 4; ++u) m[4 * s + u] = length[g * S + s] > t ? -1 : 0;
    return m;
  }
  // Zeros the padding units of the preactivations: an infinite input times their zero weights is NaN.
  void trim(Int running, T* blocks, Int stride, Int arrays) const {
    if (H % 4 == 0) return;
    Mask<T> m = {};
    for (Int k = 0; k < L; ++k) m[k] = k % 4 < H % 4 ? -1 : 0;
    for (Int g = 0; g < running; ++g)
      for (Int a = 1; a <= arrays; ++a) {
        T* last = blocks + g * stride + (a * Q - 1) * L;
        store(last, select<T>(m, load(last), Vec<T>{}));
      }
  }
  // Zeros the lanes of samples that do not take step t, whatever was computed there.
  void hide(Int g, Int t, T* blocks, Int n, Int quad = L) const {
    if (full(g, t)) return;
    const Mask<T> m = alive(g, t);
    for (Int q = 0; q < n; ++q) store(blocks + q * quad, select<T>(m, load(blocks + q * quad), Vec<T>{}));
  }
};

// Packs gates first .. first + n of a weight matrix [K, gates*H] as a Factor: columns by gate, then by quad of units.
template <typename T> void pack(const T* M, Int K, Int H, Int gates, Int first, Int n, T* out) {
  const Int Q = quads(H);
  shares(n * Q, kColumns, [&](Int c0, Int C) __attribute__((always_inline)) {
    for (Int k = 0; k < K; ++k)
      for (Int c = c0; c < c0 + C; ++c, out += 4) {
        const Int h = c % Q * 4, width = least(4, H - h);
        const T* from = M + (k * gates + first + c / Q) * H + h;
        for (Int u = 0; u < 4; ++u) out[u] = u < width ? from[u] : T(0);
      }
  });
}

// The same matrix for the way back: what was a row is a column now, and K runs over the gates' padded units.
template <typename T> void pack_back(const T* M, Int K, Int H, Int gates, Int first, Int n, T* out) {
  const Int Hp = 4 * quads(H);
  shares(quads(K), kColumns, [&](Int c0, Int C) __attribute__((always_inline)) {
    for (Int gate = first; gate < first + n; ++gate)
      for (Int h = 0; h < Hp; ++h)
        for (Int k = 4 * c0; k < 4 * (c0 + C); ++k) *out++ = k < K && h < H ? M[(k * gates + gate) * H + h] : T(0);
  });
}

// The bias of one gate, padded; `add` puts a second bias on top.
template <typename T> void pack_bias(const T* b, Int H, Int gate, T* out, bool add) {
  for (Int h = 0; h < 4 * quads(H); ++h) out[h] = (add ? out[h] : T(0)) + (h < H ? b[gate * H + h] : T(0));
}

// What a cell sees of one forward step.
template <typename T> struct Ahead {
  const Piece<T>& piece;
  Int t, groups;                // groups that still run: the first ones
  const T* x;                   // [groups][quads(I)][L]
  const T* h;                   // what enters the recurrent product, `h_group` apart
  Int h_group;
  const T* before;              // records of the step before
  T* record;                    // records of this step
  Int size;                     // of a record
};

// Both loops, given an arena without memory, only say how many bytes they need.
template <typename T, typename Cell> Int forward(const Operands<T>& o, Arena arena) {
  constexpr Int L = kLanes<T>, S = kSamples<T>;
  Piece<T> p(o, arena);
  const Int Q = p.Q, QI = quads(p.I), size = Cell::slots * Q * L, all = p.groups * size;
  typename Cell::Weights weights(p, arena);
  T* x = arena.take<T>(p.groups * QI * L);
  T* initial = arena.take<T>(all);
  T* ring = arena.take<T>(o.residual && arena.base ? 0 : 2 * all);
  T* masked = arena.take<T>(o.mask || !arena.base ? p.groups * Q * L : 0);

  if (!arena.base) return arena.used;

  p.gather_state(o.h0, initial + Cell::h * Q * L, size);
  if constexpr (Cell::c >= 0) p.gather_state(o.c0, initial + Cell::c * Q * L, size);
  const T* before = initial;
  for (Int i = 0; i < p.count; ++i) {
    if (p.length[i] == 0) {
      copy_row(o.hT + p.sample[i] * p.H, o.h0 + p.sample[i] * p.H, p.H);
      if constexpr (Cell::c >= 0) copy_row(o.cT + p.sample[i] * p.H, o.c0 + p.sample[i] * p.H, p.H);
    }
    if (o.shape.sequence) zero(o.hs + (p.sample[i] * p.time + p.length[i]) * p.H, (p.time - p.length[i]) * p.H);
  }
  Int groups = p.groups;
  for (Int t = 0; t < p.time; ++t) {
    while (groups && p.longest(groups - 1) <= t) --groups;
    if (!groups) break;
    T* record = o.residual ? o.residual + t * all : ring + (t & 1) * all;
    for (Int i = 0; i < groups * S; ++i) Piece<T>::put(x + i / S * QI * L, i % S, p.x_row(i, t), p.I);
    const T* h = before + Cell::h * Q * L;
    if (p.mask) {
      for (Int g = 0; g < groups; ++g)
        for (Int b = 0; b < Q * L; b += L)
          store(masked + g * Q * L + b, load(h + g * size + b) * load(p.mask + g * Q * L + b));
    }
    Cell::step(Ahead<T>{p, t, groups, x, p.mask ? masked : h, p.mask ? Q * L : size, before, record, size}, weights);
    for (Int g = 0; g < groups; ++g) {
      T* state = record + g * size;
      p.hide(g, t, state + Cell::h * Q * L, Q);
      if constexpr (Cell::c >= 0) p.hide(g, t, state + Cell::c * Q * L, Q);
      for (Int i = g * S; i < g * S + S; ++i) {
        if (o.shape.sequence && t < p.length[i]) Piece<T>::get(state + Cell::h * Q * L, i % S, p.hs_row(o.hs, i, t), p.H);
        if (t + 1 == p.length[i]) {
          Piece<T>::get(state + Cell::h * Q * L, i % S, o.hT + p.sample[i] * p.H, p.H);
          if constexpr (Cell::c >= 0) Piece<T>::get(state + Cell::c * Q * L, i % S, o.cT + p.sample[i] * p.H, p.H);
        }
      }
    }
    before = record;
  }
  return 0;
}

// What a cell sees of one backward step. It fills dz, and leaves in `through` the gradient of what entered the
// recurrent product, in `direct` that of the state before on its other ways (if Cell::direct).
template <typename T> struct Back {
  const Piece<T>& piece;
  Int t, groups;
  const T *before, *record;
  Int size;
  const T* dh;         // [groups][Q][L]
  T* dc;               // [groups][Q][L]
  Panel<T> dz;         // [columns*Q][groups][L]
  T *through, *direct, *dleak;
};

template <typename T, typename Cell> Int backward(const Operands<T>& o, Arena arena) {
  constexpr Int L = kLanes<T>, S = kSamples<T>, columns = Cell::columns;
  Piece<T> p(o, arena);
  const Int Q = p.Q, QI = quads(p.I), QX = quads(p.I + 1), size = Cell::slots * Q * L, all = p.groups * size;
  const Int state = p.groups * Q * L;
  // So many steps are deferred that what outer() reads again and again, one share of the columns, fits the first cache.
  Int chunk = (24 << 10) / (kAccumulators / 4 * L * (Int)sizeof(T)) / p.groups;
  chunk = chunk < 1 ? 1 : chunk > p.time ? p.time : chunk;
  const Int most = chunk * p.groups;

  typename Cell::BackWeights weights(p, arena);
  T* wx = arena.take<T>(QI * Cell::gates * Q * 16);
  T* initial = arena.take<T>(all);
  T *dh = arena.take<T>(state), *dc = arena.take<T>(state), *through = arena.take<T>(state), *direct = arena.take<T>(state);
  T* dxb = arena.take<T>(p.groups * QI * L);
  const Int quad = (most | 1) * L;
  const Panel<T> x = {arena.take<T>(QX * quad), quad}, h = {arena.take<T>(Q * quad), quad};
  const Panel<T> extra = {arena.take<T>(Cell::extra == Cell::h ? 0 : Q * quad), quad};
  const Panel<T> dz = {arena.take<T>(columns * Q * quad), quad};
  T* dleak = arena.take<T>(Q * L);

  if (!arena.base) return arena.used;
  if (o.shape.need_dx) pack_back(o.W, p.I, p.H, Cell::gates, 0, Cell::gates, wx);
  p.gather_state(o.h0, initial + Cell::h * Q * L, size);
  if constexpr (Cell::c >= 0) p.gather_state(o.c0, initial + Cell::c * Q * L, size);
  zero(dc, state), zero(through, state), zero(direct, state), zero(dleak, Q * L);
  const Int rows_h = Q * columns * Q * 16, rows_x = QX * columns * Q * 16;
  T* partial_x = o.partial + rows_h;
  zero(o.partial, rows_h + rows_x + 4 * Q);
  for (Int i = 0; i < p.count; ++i) {
    if (p.length[i] == 0) {
      copy_row(o.dh0 + p.sample[i] * p.H, o.dhT + p.sample[i] * p.H, p.H);
      if constexpr (Cell::c >= 0) copy_row(o.dc0 + p.sample[i] * p.H, o.dcT + p.sample[i] * p.H, p.H);
    }
    if (o.shape.need_dx) zero(o.dx + (p.sample[i] * p.time + p.length[i]) * p.I, (p.time - p.length[i]) * p.I);
  }

  Int groups = 0, rows = 0;
  auto weight_gradients = [&] {
    outer<T>(x, dz, rows, 0, QX, 0, Cell::gates * Q, partial_x, columns * Q);
    Cell::recurrent_gradients(p, h, extra, x, dz, rows, QX, o.partial, partial_x);
    rows = 0;
  };
  for (Int t = p.groups ? p.longest(0) - 1 : -1, used = 0; t >= 0; --t) {
    while (groups < p.groups && p.longest(groups) > t) ++groups;
    const T* record = o.residual + t * all;
    const T* before = t ? record - all : initial;
    for (Int g = 0; g < groups; ++g) {
      T* dhg = dh + g * Q * L;
      for (Int b = 0; b < Q * L; b += L) {
        Vec<T> v = load(through + g * Q * L + b);
        if (p.mask) v *= load(p.mask + g * Q * L + b);
        if constexpr (Cell::direct) v += load(direct + g * Q * L + b);
        store(dhg + b, v);
      }
      for (Int i = g * S; i < g * S + S; ++i) {
        const bool last = t + 1 == p.length[i];
        if (last) add(dhg, i % S, o.dhT + p.sample[i] * p.H, p.H);
        if constexpr (Cell::c >= 0)
          if (last) add(dc + g * Q * L, i % S, o.dcT + p.sample[i] * p.H, p.H);
        if (o.shape.sequence && t < p.length[i]) add(dhg, i % S, p.hs_row(o.dhs, i, t), p.H);
      }
    }
    const Panel<T> now = {dz.at(0, rows), quad};
    Cell::back(Back<T>{p, t, groups, before, record, size, dh, dc, now, through, direct, dleak}, weights);
    if (o.shape.need_dx) {
      const Factor<T> factor = {now.data, L, quad, Cell::gates * Q * 4, wx};
      product<T>(1, &factor, nullptr, false, groups, QI, dxb, QI * L);
      for (Int i = 0; i < groups * S; ++i)
        if (t < p.length[i]) Piece<T>::get(dxb + i / S * QI * L, i % S, p.dx_row(i, t), p.I);
    }
    for (Int g = 0; g < groups; ++g, ++rows) {
      const T *from = before + g * size + Cell::h * Q * L, *more = record + g * size + Cell::extra * Q * L;
      for (Int k = 0; k < Q; ++k) {
        const Vec<T> v = load(from + k * L);
        store(h.at(k, rows), p.mask ? v * load(p.mask + (g * Q + k) * L) : v);
        if constexpr (Cell::extra != Cell::h) store(extra.at(k, rows), load(more + k * L));
      }
      T* xr = x.at(0, rows);
      if (p.I % 4 == 0) store(x.at(QI, rows), Vec<T>{});
      for (Int s = 0; s < S; ++s) {
        Piece<T>::put(xr, s, p.x_row(g * S + s, t), p.I, quad);
        xr[p.I / 4 * quad + 4 * s + p.I % 4] = 1;  // the bias is one more input
      }
    }
    if (++used == chunk) weight_gradients(), used = 0;
  }
  if (rows) weight_gradients();
  for (Int q = 0; q < Q; ++q) add_samples<T>(o.partial + rows_h + rows_x + 4 * q, load(dleak + q * L));
  for (Int i = 0; i < p.count; ++i) {
    if (p.length[i] == 0) continue;
    T* to = o.dh0 + p.sample[i] * p.H;
    const Int at = i / S * Q * L + i % S * 4;
    for (Int h = 0; h < p.H; ++h) {
      const Int k = at + h / 4 * L + h % 4;
      T v = through[k];
      if (p.mask) v *= p.mask[k];
      if constexpr (Cell::direct) v += direct[k];
      to[h] = v;
    }
    if constexpr (Cell::c >= 0) Piece<T>::get(dc + i / S * Q * L, i % S, o.dc0 + p.sample[i] * p.H, p.H);
  }
  return 0;
}

// Adds the pieces in their order, whoever computed them, and unpacks.
template <typename T, typename Cell> void reduce(const WeightGradients<T>& w) {
  const Int H = w.shape.units, I = w.shape.inputs, Q = quads(H), CB = Cell::columns * Q;
  auto sum = [&](Int kb, Int cb, Int k, T* to, Int n) {
    typename Simd<T>::Four v = {};
    for (Int p = 0; p < w.pieces; ++p)
      v += *(const typename Simd<T>::Four*)(w.partial + p * w.stride + ((kb * CB + cb) * 4 + k) * 4);
    if (n >= 4) *(typename Simd<T>::Four*)to = v;
    else for (Int u = 0; u < n; ++u) to[u] = v[u];
  };
  auto row = [&](Int kb, Int k, const int* columns, T* to) {
    for (int gate = 0; gate < Cell::gates; ++gate)
      for (Int q = 0; q < Q; ++q) sum(kb, columns[gate] * Q + q, k, to + gate * H + 4 * q, H - 4 * q);
  };
  for (Int j = 0; j < H; ++j) row(j / 4, j % 4, Cell::h_columns, w.dU + j * Cell::gates * H);
  for (Int j = 0; j < I; ++j) row(Q + j / 4, j % 4, Cell::x_columns, w.dW + j * Cell::gates * H);
  row(Q + I / 4, I % 4, Cell::x_columns, w.db);
  if constexpr (Cell::two_biases) row(Q + I / 4, I % 4, Cell::h_columns, w.dbU);
  if constexpr (Cell::leaks)
    for (Int h = 0; h < H; ++h) {
      T v = 0;
      for (Int p = 0; p < w.pieces; ++p) v += w.partial[p * w.stride + (Q + quads(I + 1)) * CB * 16 + h];
      w.dleak[h] = v;
    }
}

template <typename T, typename Cell> Int record_size(const Shape& s) { return Cell::slots * quads(s.units) * kLanes<T>; }
template <typename T, typename Cell> Int partial_size(const Shape& s) {
  const Int Q = quads(s.units);
  return (Q + quads(s.inputs + 1)) * Cell::columns * Q * 16 + 4 * Q;
}

}  // namespace penstock::PENSTOCK_NAMESPACE
