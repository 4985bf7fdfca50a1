// One chunk of a call: some samples of one member, over their whole sequence. Here: who is where, and what of the
// caller's arrays belongs to which lane.
//
// A record holds what one group of samples keeps of one step: `slots` arrays of [blocks of units][lanes]. A cell says
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

template <typename Layout> struct Chunk {
  using T = typename Layout::T;
  static constexpr Int L = Layout::L, S = Layout::S, U = Layout::U;
  const Operands<T>& o;
  Int H, I, time, count, groups, Q, QI, widest;  // QI blocks of inputs; weights are packed by `widest` columns
  Int *length, *sample;                          // [groups * S]; 0 and -1 where the last group has no sample
  T *mask, *x_mask;                              // recurrent dropout and that of the inputs in blocks, or null
  T *zeros, *trash;                              // rows to read and to write where a lane has none

  Chunk(const Operands<T>& o, Arena& arena)
      : o(o), H(o.shape.units), I(o.shape.inputs), time(o.shape.time), count(o.count), groups((o.count + S - 1) / S),
        Q(Layout::blocks(H)), QI(Layout::blocks(I)), widest(Tiles<Layout>::widest(groups)) {
    length = arena.template take<Int>(groups * S);
    sample = arena.template take<Int>(groups * S);
    mask = arena.template take<T>(o.mask || !arena.base ? groups * Q * L : 0);
    x_mask = arena.template take<T>(o.x_mask || !arena.base ? groups * QI * L : 0);
    zeros = arena.template take<T>(H > I ? H : I);
    trash = arena.template take<T>(H > I ? H : I);
    if (!arena.base) return;
    zero(zeros, H > I ? H : I);
    for (Int i = 0; i < groups * S; ++i) {
      sample[i] = i < count ? o.order[o.first + i] : -1;
      length[i] = i >= count ? 0 : o.lengths ? o.lengths[sample[i]] : time;
    }
    if (o.mask) gather_all(o.mask, H, mask, Q * L);
    else mask = nullptr;
    if (o.x_mask) gather_all(o.x_mask, I, x_mask, QI * L);
    else x_mask = nullptr;
  }

  Int longest(Int g) const { return length[g * S]; }  // samples come longest first
  bool full(Int g, Int t) const { return length[g * S + S - 1] > t; }
  // Of the first `groups` groups, those that still run at step t; or, in the backward recurrence, from these on.
  Int running(Int groups, Int t) const {
    while (groups && longest(groups - 1) <= t) --groups;
    while (groups < this->groups && longest(groups) > t) ++groups;
    return groups;
  }
  bool ends(Int g, Int t) const {
    for (Int i = g * S; i < g * S + S; ++i)
      if (length[i] == t + 1) return true;
    return false;
  }

  // The rows that a group's lanes have in an array: a state's [batch, n], of all samples, of those with a true step, of those
  // that end with step t; those of step t in a sequence [batch, time, n].
  template <typename E> struct Rows { E* at[S]; };
  template <typename E> Rows<E> state_rows(E* array, Int n, Int g, E* none) const {
    Rows<E> rows;
    for (Int s = 0, i = g * S; s < S; ++s, ++i) rows.at[s] = sample[i] < 0 ? none : array + sample[i] * n;
    return rows;
  }
  template <typename E> Rows<E> nonempty_rows(E* array, Int n, Int g, E* none) const {
    Rows<E> rows;
    for (Int s = 0, i = g * S; s < S; ++s, ++i) rows.at[s] = length[i] == 0 ? none : array + sample[i] * n;
    return rows;
  }
  template <typename E> Rows<E> last_rows(E* array, Int n, Int g, Int t, E* none) const {
    Rows<E> rows;
    for (Int s = 0, i = g * S; s < S; ++s, ++i) rows.at[s] = length[i] != t + 1 ? none : array + sample[i] * n;
    return rows;
  }
  template <typename E> Rows<E> step_rows(E* array, Int n, Int g, Int t, E* none) const {
    Rows<E> rows;
    for (Int s = 0, i = g * S; s < S; ++s, ++i) {
      const Int step = o.shape.reverse ? length[i] - 1 - t : t;
      rows.at[s] = t < length[i] ? array + (sample[i] * time + step) * n : none;
    }
    return rows;
  }

  // Rows of a state into blocks [groups][blocks(n)][L], `apart` from group to group; lanes without a sample get zeros.
  void gather_all(const T* array, Int n, T* to, Int apart) const {
    for (Int g = 0; g < groups; ++g) Layout::gather(state_rows<const T>(array, n, g, zeros).at, n, to + g * apart);
  }
  // The inputs of step t, with their dropout, into blocks `apart`.
  PENSTOCK_INLINE void gather_x(Int g, Int t, T* to, Int apart) const {
    Layout::gather(step_rows<const T>(o.x, I, g, t, zeros).at, I, to, apart);
    if (!x_mask) return;
    for (Int q = 0; q < QI; ++q) store(to + q * apart, load(to + q * apart) * load(x_mask + (g * QI + q) * L));
  }

  Mask<T> active_lanes(Int g, Int t) const {
    Mask<T> m = {};
    for (Int s = 0; s < S; ++s)
      for (Int u = 0; u < U; ++u) m[U * s + u] = length[g * S + s] > t ? -1 : 0;
    return m;
  }
  // Zeros the padding units of the preactivations: an infinite input times their zero weights is NaN.
  void mask_padding(Int running, T* blocks, Int stride, Int arrays) const {
    if (H % U == 0) return;
    Mask<T> m = {};
    for (Int k = 0; k < L; ++k) m[k] = k % U < H % U ? -1 : 0;
    for (Int g = 0; g < running; ++g)
      for (Int a = 1; a <= arrays; ++a) {
        T* last = blocks + g * stride + (a * Q - 1) * L;
        store(last, select<T>(m, load(last), Vec<T>{}));
      }
  }
  // Zeros the lanes of samples that do not take step t, whatever was computed there.
  void mask_ended(Int g, Int t, T* blocks, Int n, Int apart = L) const {
    if (full(g, t)) return;
    const Mask<T> m = active_lanes(g, t);
    for (Int q = 0; q < n; ++q) store(blocks + q * apart, select<T>(m, load(blocks + q * apart), Vec<T>{}));
  }
};

// What a cell sees of one forward step.
template <typename Layout> struct ForwardStep {
  using T = typename Layout::T;
  const Chunk<Layout>& chunk;
  Int t, groups;    // groups that still run: the first ones
  const T* x;       // [groups][blocks(I)][L]
  const T* h;       // what enters the recurrent product, `h_group` apart
  Int h_group;
  const T* before;  // records of the step before
  T* record;        // records of this step
  Int size;         // of a record
};

// What a cell sees of one backward step. It fills dz, and leaves in `through` the gradient of what entered the
// recurrent product, in `direct` that of the state before on its other ways (if Cell::direct).
template <typename Layout> struct BackwardStep {
  using T = typename Layout::T;
  const Chunk<Layout>& chunk;
  Int t, groups;
  const T *before, *record;
  Int size;
  const T* dh;  // [groups][Q][L]
  T* dc;        // [groups][Q][L]
  Panel<T> dz;  // [columns*Q][groups][L]
  T *through, *direct, *dleak;
};

}  // namespace penstock::PENSTOCK_NAMESPACE
