// Compiled for each instruction set and each type, so that a build takes all cores; PENSTOCK_NAMESPACE names the set and
// keeps the copies apart, PENSTOCK_TYPE is float or double, PENSTOCK_LAYOUTS f32 or f64. Nothing of std:: belongs here: the linker keeps ONE copy of an inline function, and it might be the one for the widest machine.
#include "gru.h"
#include "lstm.h"
#include "rnn.h"
#include "rows.h"

namespace penstock::PENSTOCK_NAMESPACE {

// Stands for a type where a value is passed.
template <typename C> struct Type { using type = C; };

// Calls f with the type of the cell, as a Type<...>.
template <typename Layout, typename F> PENSTOCK_INLINE auto by_cell(Cell cell, F f) {
  switch (cell) {
    case Cell::gru_before: return f(Type<Gru<Layout, false>>{});
    case Cell::gru_after: return f(Type<Gru<Layout, true>>{});
    case Cell::rnn_tanh: return f(Type<Rnn<Layout, Kind::tanh>>{});
    case Cell::rnn_relu: return f(Type<Rnn<Layout, Kind::relu>>{});
    case Cell::leaky: return f(Type<Rnn<Layout, Kind::leaky>>{});
    default: return f(Type<Lstm<Layout>>{});
  }
}

template <typename Layout, typename T = typename Layout::T> void run_forward(const Operands<T>& o) {
  by_cell<Layout>(o.shape.cell, [&](auto cell) { forward<typename decltype(cell)::type>(o, Arena{(char*)o.scratch}); });
}
template <typename Layout, typename T = typename Layout::T> void run_backward(const Operands<T>& o) {
  by_cell<Layout>(o.shape.cell, [&](auto cell) { backward<typename decltype(cell)::type>(o, Arena{(char*)o.scratch}); });
}
template <typename Layout, typename T = typename Layout::T> void run_reduce(const WeightGradients<T>& w) {
  by_cell<Layout>(w.shape.cell, [&](auto cell) { reduce<typename decltype(cell)::type>(w); });
}
template <typename Layout> Int run_record_size(const Shape& s) {
  return by_cell<Layout>(s.cell, [&](auto cell) { return record_size<typename decltype(cell)::type>(s); });
}
template <typename Layout> Int run_partial_size(const Shape& s) {
  return by_cell<Layout>(s.cell, [&](auto cell) { return partial_size<typename decltype(cell)::type>(s); });
}
template <typename Layout> Int run_scratch_size(const Shape& shape, Int count, bool back) {
  using T = typename Layout::T;
  return by_cell<Layout>(shape.cell, [&](auto cell) {
    Operands<T> o{};
    o.shape = shape, o.count = count;
    const Int bytes = back ? backward<typename decltype(cell)::type>(o, Arena{}) : forward<typename decltype(cell)::type>(o, Arena{});
    return (bytes + (Int)sizeof(T) - 1) / (Int)sizeof(T);
  });
}

template <typename Layout> constexpr Kernels<typename Layout::T> kernels() {
  return {Layout::S,           Layout::U,
          run_forward<Layout>, run_backward<Layout>, run_reduce<Layout>, run_record_size<Layout>, run_partial_size<Layout>,
          run_scratch_size<Layout>};
}

using T = PENSTOCK_TYPE;
extern const Layouts<T> PENSTOCK_LAYOUTS;
const Layouts<T> PENSTOCK_LAYOUTS = {{kernels<Layout<T, 1>>(), kernels<Layout<T, 4>>()}, {sum_rows<T>, update_rows<T>}};

}  // namespace penstock::PENSTOCK_NAMESPACE
