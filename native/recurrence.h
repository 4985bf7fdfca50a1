// The forward and the backward recurrence over time that every cell shares, and the sum of what the chunks found.
// Given an arena without memory, both only say how many bytes they need.
#pragma once
#include "chunk.h"

namespace penstock::PENSTOCK_NAMESPACE {

template <typename Cell, typename T = typename Cell::Layout::T> Int forward(const Operands<T>& o, Arena arena) {
  using Layout = typename Cell::Layout;
  constexpr Int L = Layout::L;
  Chunk<Layout> p(o, arena);
  const Int Q = p.Q, size = Cell::slots * Q * L, all = p.groups * size, inputs = p.groups * p.QI * L;
  typename Cell::Weights weights(p, arena);
  T* x[2] = {arena.take<T>(inputs), nullptr};
  x[1] = arena.take<T>(inputs);
  T* initial = arena.take<T>(all);
  T* ring = arena.take<T>(o.residual && arena.base ? 0 : 2 * all);
  T* masked = arena.take<T>(o.mask || !arena.base ? p.groups * Q * L : 0);

  if (!arena.base) return arena.used;

  p.gather_all(o.h0, p.H, initial + Cell::h * Q * L, size);
  if constexpr (Cell::c >= 0) p.gather_all(o.c0, p.H, initial + Cell::c * Q * L, size);
  const T* before = initial;
  for (Int i = 0; i < p.count; ++i) {
    if (p.length[i] == 0) {
      copy_row(o.hT + p.sample[i] * p.H, o.h0 + p.sample[i] * p.H, p.H);
      if constexpr (Cell::c >= 0) copy_row(o.cT + p.sample[i] * p.H, o.c0 + p.sample[i] * p.H, p.H);
    }
    if (o.shape.sequence) zero(o.hs + (p.sample[i] * p.time + p.length[i]) * p.H, (p.time - p.length[i]) * p.H);
  }
  auto read = [&](Int groups, Int t) {
    for (Int g = 0; g < groups; ++g) p.gather_x(g, t, x[t & 1] + g * p.QI * L, L);
  };
  Int groups = p.running(p.groups, 0);
  read(groups, 0);
  for (Int t = 0; groups; ++t) {
    T* record = o.residual ? o.residual + t * all : ring + (t & 1) * all;
    const T* h = before + Cell::h * Q * L;
    if (p.mask) {
      for (Int g = 0; g < groups; ++g)
        for (Int b = 0; b < Q * L; b += L)
          store(masked + g * Q * L + b, load(h + g * size + b) * load(p.mask + g * Q * L + b));
    }
    Cell::step(ForwardStep<Layout>{p, t, groups, x[t & 1], p.mask ? masked : h, p.mask ? Q * L : size, before, record, size}, weights);
    // Now, not when they are needed: a vector is read late from stores narrower than itself.
    const Int next = t + 1 < p.time ? p.running(groups, t + 1) : 0;
    read(next, t + 1);
    for (Int g = 0; g < groups; ++g) {
      T* const h_now = record + g * size + Cell::h * Q * L;
      p.mask_ended(g, t, h_now, Q);
      if (o.shape.sequence) Layout::scatter(h_now, p.step_rows(o.hs, p.H, g, t, p.trash).at, p.H);
      const bool ends = p.ends(g, t);
      if (ends) Layout::scatter(h_now, p.last_rows(o.hT, p.H, g, t, p.trash).at, p.H);
      if constexpr (Cell::c >= 0) {
        T* const c_now = record + g * size + Cell::c * Q * L;
        p.mask_ended(g, t, c_now, Q);
        if (ends) Layout::scatter(c_now, p.last_rows(o.cT, p.H, g, t, p.trash).at, p.H);
      }
    }
    groups = next;
    before = record;
  }
  return 0;
}

// Where a chunk's sums of weight gradients begin: those of U, of W and b, of the leak; and their end.
template <typename Cell> struct Sums {
  Int W, leak, end;
  explicit Sums(const Shape& s) {
    using Layout = typename Cell::Layout;
    const Int Q = Layout::blocks(s.units), columns = Cell::columns * Q;
    W = place<Layout::U>(4 * quads(s.units), 0, columns);
    leak = W + place<Layout::U>(4 * quads(s.inputs + 1), 0, columns);
    end = leak + Q * Layout::U;
  }
};

template <typename Cell, typename T = typename Cell::Layout::T> Int backward(const Operands<T>& o, Arena arena) {
  using Layout = typename Cell::Layout;
  constexpr Int L = Layout::L, U = Layout::U, columns = Cell::columns;
  Chunk<Layout> p(o, arena);
  const Int Q = p.Q, QI = p.QI, QX = Layout::blocks(p.I + 1), size = Cell::slots * Q * L, all = p.groups * size;
  const Int state = p.groups * Q * L;
  // So many steps are deferred that what outer() reads again and again, one share of the columns, fits the first cache, and
  // all of it half a megabyte of the second, beside the records.
  const Int row = (QX + (Cell::extra == Cell::h ? 1 : 2) * Q + columns * Q) * L * (Int)sizeof(T);
  Int deferred = least((24 << 10) / (kAccumulators / 4 * L * (Int)sizeof(T)), (512 << 10) / row) / p.groups;
  deferred = deferred < 1 ? 1 : deferred > p.time ? p.time : deferred;
  const Int most = deferred * p.groups;

  typename Cell::BackWeights weights(p, arena);
  T* wx = arena.take<T>(QI * Cell::gates * Q * U * U);
  T* initial = arena.take<T>(all);
  T *dh = arena.take<T>(state), *dc = arena.take<T>(state), *through = arena.take<T>(state), *direct = arena.take<T>(state);
  T *sent = arena.take<T>(state), *last = arena.take<T>(Q * L), *dxb = arena.take<T>(p.groups * QI * L);
  const Int block = (most | 1) * L;
  const Panel<T> x = {arena.take<T>(QX * block), block}, h = {arena.take<T>(Q * block), block};
  const Panel<T> extra = {arena.take<T>(Cell::extra == Cell::h ? 0 : Q * block), block};
  const Panel<T> dz = {arena.take<T>(columns * Q * block), block};
  T* dleak = arena.take<T>(Q * L);

  if (!arena.base) return arena.used;
  if (o.shape.need_dx) Layout::pack_back(o.W, p.I, p.H, Cell::gates, 0, Cell::gates, p.widest, wx);
  p.gather_all(o.h0, p.H, initial + Cell::h * Q * L, size);
  if constexpr (Cell::c >= 0) p.gather_all(o.c0, p.H, initial + Cell::c * Q * L, size);
  zero(dc, state), zero(through, state), zero(direct, state), zero(dleak, Q * L);
  const Sums<Cell> sums(o.shape);
  zero(o.partial, sums.end);
  for (Int i = 0; i < p.count; ++i) {
    if (p.length[i] == 0) {
      copy_row(o.dh0 + p.sample[i] * p.H, o.dhT + p.sample[i] * p.H, p.H);
      if constexpr (Cell::c >= 0) copy_row(o.dc0 + p.sample[i] * p.H, o.dcT + p.sample[i] * p.H, p.H);
    }
    if (o.shape.need_dx) zero(o.dx + (p.sample[i] * p.time + p.length[i]) * p.I, (p.time - p.length[i]) * p.I);
  }

  Int rows = 0;
  auto weight_gradients = [&] {
    outer<Layout>(x, dz, rows, 0, QX, 0, Cell::gates * Q, o.partial + sums.W, columns * Q);
    Cell::recurrent_gradients(p, h, extra, x, dz, rows, o.partial, o.partial + sums.W);
    rows = 0;
  };
  // What comes back to the states of step t, read before it is needed: a vector is read late from narrower stores.
  auto receive = [&](Int groups, Int t) {
    if (!o.shape.sequence) return;
    for (Int g = 0; g < groups; ++g) Layout::gather(p.step_rows(o.dhs, p.H, g, t, (const T*)p.zeros).at, p.H, sent + g * Q * L);
  };
  auto add_last = [&](const T* array, Int g, Int t, T* to) {
    Layout::gather(p.last_rows(array, p.H, g, t, (const T*)p.zeros).at, p.H, last);
    for (Int b = 0; b < Q * L; b += L) store(to + b, load(to + b) + load(last + b));
  };
  // The gradient of a group's states: through the recurrent product, on its other ways, and (`outside`) from the caller.
  auto arrived = [&](Int g, bool outside) __attribute__((always_inline)) {
    T* const to = dh + g * Q * L;
    for (Int b = 0; b < Q * L; b += L) {
      Vec<T> v = load(through + g * Q * L + b);
      if (p.mask) v *= load(p.mask + g * Q * L + b);
      if constexpr (Cell::direct) v += load(direct + g * Q * L + b);
      if (outside) v += load(sent + g * Q * L + b);
      store(to + b, v);
    }
    return to;
  };
  Int groups = 0, t = p.groups ? p.longest(0) - 1 : -1, used = 0;
  if (t >= 0) receive(groups = p.running(0, t), t);
  for (; t >= 0; --t) {
    const T* record = o.residual + t * all;
    const T* before = t ? record - all : initial;
    for (Int g = 0; g < groups; ++g) {
      T* const dhg = arrived(g, o.shape.sequence);
      if (!p.ends(g, t)) continue;
      add_last(o.dhT, g, t, dhg);
      if constexpr (Cell::c >= 0) add_last(o.dcT, g, t, dc + g * Q * L);
    }
    const Panel<T> now = {dz.at(0, rows), block};
    Cell::back(BackwardStep<Layout>{p, t, groups, before, record, size, dh, dc, now, through, direct, dleak}, weights);
    const Int next = t ? p.running(groups, t - 1) : 0;
    receive(next, t - 1);
    if (o.shape.need_dx) {
      const Factor<T> factor = {now.data, L, block, Cell::gates * Q * U, wx};
      product<Layout>(1, &factor, nullptr, false, groups, QI, p.widest, dxb, QI * L);
      for (Int g = 0; g < groups; ++g) {
        T* const to = dxb + g * QI * L;
        if (p.x_mask)
          for (Int b = 0; b < QI * L; b += L) store(to + b, load(to + b) * load(p.x_mask + g * QI * L + b));
        Layout::scatter(to, p.step_rows(o.dx, p.I, g, t, p.trash).at, p.I);
      }
    }
    for (Int g = 0; g < groups; ++g, ++rows) {
      const T *from = before + g * size + Cell::h * Q * L, *more = record + g * size + Cell::extra * Q * L;
      for (Int k = 0; k < Q; ++k) {
        const Vec<T> v = load(from + k * L);
        store(h.at(k, rows), p.mask ? v * load(p.mask + (g * Q + k) * L) : v);
        if constexpr (Cell::extra != Cell::h) store(extra.at(k, rows), load(more + k * L));
      }
      p.gather_x(g, t, x.at(0, rows), block);
      T* const ones = x.at(p.I / U, rows);  // the bias is one more input
      if (p.I % U == 0) store(ones, Vec<T>{});
      for (Int k = p.I % U; k < L; k += U) ones[k] = 1;
    }
    if (++used == deferred) weight_gradients(), used = 0;
    groups = next;
  }
  if (rows) weight_gradients();
  for (Int k = 0; k < Q * L; ++k) o.partial[sums.leak + k / L * U + k % U] += dleak[k];
  for (Int g = 0; g < p.groups; ++g) {
    Layout::scatter(arrived(g, false), p.nonempty_rows(o.dh0, p.H, g, p.trash).at, p.H);
    if constexpr (Cell::c >= 0) Layout::scatter(dc + g * Q * L, p.nonempty_rows(o.dc0, p.H, g, p.trash).at, p.H);
  }
  return 0;
}

// Adds the chunks in their order, whoever computed them, and unpacks.
template <typename Cell, typename T = typename Cell::Layout::T> void reduce(const WeightGradients<T>& w) {
  constexpr Int U = Cell::Layout::U;
  const Int H = w.shape.units, I = w.shape.inputs, Q = Cell::Layout::blocks(H), CB = Cell::columns * Q;
  const Sums<Cell> sums(w.shape);
  auto sum = [&](const T* from) __attribute__((always_inline)) {
    Four<T> v = {};
    for (Int p = 0; p < w.chunks; ++p) v += load_four(from + p * w.stride);
    return v;
  };
  // n < 5 rows k .. k + n - 1 of a gate's H columns, to `row` apart.
  auto unpack = [&](const T* from, Int k, Int n, int column, T* to, Int row) {
    if constexpr (U == 4) {
      for (Int u = 0; u < n; ++u)
        for (Int q = 0; q < Q; ++q) {
          const Four<T> v = sum(from + place<U>(k + u, column * Q + q, CB));
          T* const here = to + u * row + 4 * q;
          if (H - 4 * q >= 4) store_four(here, v);
          else for (Int i = 0; i < H - 4 * q; ++i) here[i] = v[i];
        }
    } else {
      const T* first = from + place<U>(k / 4 * 4, column * Q, CB);
      for (Int h = 0; h < H; h += 4) {
        Four<T> v[4] = {};
        for (Int i = 0; i < 4 && h + i < H; ++i) v[i] = sum(first + (h + i) * 4);
        transpose<T>(v);
        for (Int u = 0; u < n; ++u) {
          const Four<T> r = v[k % 4 + u];
          if (H - h >= 4) store_four(to + u * row + h, r);
          else for (Int i = 0; i < H - h; ++i) to[u * row + h + i] = r[i];
        }
      }
    }
  };
  auto matrix = [&](const T* from, Int K, const int* column, T* to) {
    for (Int k = 0; k < K; k += 4)
      for (int gate = 0; gate < Cell::gates; ++gate)
        unpack(from, k, least(4, K - k), column[gate], to + (k * Cell::gates + gate) * H, Cell::gates * H);
  };
  auto bias = [&](const int* column, T* to) {
    for (int gate = 0; gate < Cell::gates; ++gate) unpack(w.partial + sums.W, I, 1, column[gate], to + gate * H, 0);
  };
  matrix(w.partial, H, Cell::h_columns, w.dU);
  matrix(w.partial + sums.W, I, Cell::x_columns, w.dW);
  bias(Cell::x_columns, w.db);
  if constexpr (Cell::two_biases) bias(Cell::h_columns, w.dbU);
  if constexpr (Cell::leaks)
    for (Int h = 0; h < H; ++h) {
      T v = 0;
      for (Int p = 0; p < w.chunks; ++p) v += w.partial[p * w.stride + sums.leak + h];
      w.dleak[h] = v;
    }
}

template <typename Cell> Int record_size(const Shape& s) { return Cell::slots * Cell::Layout::blocks(s.units) * Cell::Layout::L; }
template <typename Cell> Int partial_size(const Shape& s) { return Sums<Cell>(s).end; }

}  // namespace penstock::PENSTOCK_NAMESPACE
