// Compiled once for each instruction set; PENSTOCK_NAMESPACE names it and keeps the copies apart. Nothing of std::
// belongs here: the linker keeps ONE copy of an inline function, and it might be the one for the widest machine.
#include "gru.h"
#include "lstm.h"
#include "rnn.h"
#include "rows.h"

namespace penstock::PENSTOCK_NAMESPACE {

#define PENSTOCK_STRING2(x) #x
#define PENSTOCK_STRING(x) PENSTOCK_STRING2(x)

// Calls f with the cell's type.
template <typename T, typename F> PENSTOCK_INLINE auto by_cell(Cell cell, F f) {
  switch (cell) {
    case Cell::gru_before: return f((Gru<T, false>*)nullptr);
    case Cell::gru_after: return f((Gru<T, true>*)nullptr);
    case Cell::rnn_tanh: return f((Rnn<T, Kind::tanh>*)nullptr);
    case Cell::rnn_relu: return f((Rnn<T, Kind::relu>*)nullptr);
    case Cell::leaky: return f((Rnn<T, Kind::leaky>*)nullptr);
    default: return f((Lstm<T>*)nullptr);
  }
}
#define PENSTOCK_CELL(p) __typeof__(*p)

template <typename T> void run_forward(const Operands<T>& o) {
  by_cell<T>(o.shape.cell, [&](auto* cell) { forward<T, PENSTOCK_CELL(cell)>(o, Arena{(char*)o.scratch}); });
}
template <typename T> void run_backward(const Operands<T>& o) {
  by_cell<T>(o.shape.cell, [&](auto* cell) { backward<T, PENSTOCK_CELL(cell)>(o, Arena{(char*)o.scratch}); });
}
template <typename T> void run_reduce(const WeightGradients<T>& w) {
  by_cell<T>(w.shape.cell, [&](auto* cell) { reduce<T, PENSTOCK_CELL(cell)>(w); });
}
template <typename T> Int run_record_size(const Shape& s) {
  return by_cell<T>(s.cell, [&](auto* cell) { return record_size<T, PENSTOCK_CELL(cell)>(s); });
}
template <typename T> Int run_partial_size(const Shape& s) {
  return by_cell<T>(s.cell, [&](auto* cell) { return partial_size<T, PENSTOCK_CELL(cell)>(s); });
}
template <typename T> Int run_scratch_size(const Shape& shape, Int count, bool back) {
  return by_cell<T>(shape.cell, [&](auto* cell) {
    Operands<T> o{};
    o.shape = shape, o.count = count;
    const Int bytes = back ? backward<T, PENSTOCK_CELL(cell)>(o, Arena{}) : forward<T, PENSTOCK_CELL(cell)>(o, Arena{});
    return (bytes + (Int)sizeof(T) - 1) / (Int)sizeof(T);
  });
}

template <typename T> constexpr Kernels<T> kernels() {
  return {kSamples<T>,       run_forward<T>,      run_backward<T>,    run_reduce<T>,
          run_record_size<T>, run_partial_size<T>, run_scratch_size<T>,
          sum_rows<T>,        update_rows<T>};
}

extern const Table table;
const Table table = {PENSTOCK_STRING(PENSTOCK_NAMESPACE), kernels<float>(), kernels<double>()};

}  // namespace penstock::PENSTOCK_NAMESPACE
