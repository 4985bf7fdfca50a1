// Compiled for each instruction set and each type, so that a build takes all cores; PENSTOCK_NAMESPACE names the set and
// keeps the copies apart, PENSTOCK_TYPE is float or double, PENSTOCK_FORMS f32 or f64. Nothing of std:: belongs here: the linker keeps ONE copy of an inline function, and it might be the one for the widest machine.
#include "gru.h"
#include "lstm.h"
#include "rnn.h"
#include "rows.h"

namespace penstock::PENSTOCK_NAMESPACE {

// Calls f with the cell's type.
template <typename Form, typename F> PENSTOCK_INLINE auto by_cell(Cell cell, F f) {
  switch (cell) {
    case Cell::gru_before: return f((Gru<Form, false>*)nullptr);
    case Cell::gru_after: return f((Gru<Form, true>*)nullptr);
    case Cell::rnn_tanh: return f((Rnn<Form, Kind::tanh>*)nullptr);
    case Cell::rnn_relu: return f((Rnn<Form, Kind::relu>*)nullptr);
    case Cell::leaky: return f((Rnn<Form, Kind::leaky>*)nullptr);
    default: return f((Lstm<Form>*)nullptr);
  }
}
#define PENSTOCK_CELL(p) __typeof__(*p)

template <typename Form, typename T = typename Form::T> void run_forward(const Operands<T>& o) {
  by_cell<Form>(o.shape.cell, [&](auto* cell) { forward<PENSTOCK_CELL(cell)>(o, Arena{(char*)o.scratch}); });
}
template <typename Form, typename T = typename Form::T> void run_backward(const Operands<T>& o) {
  by_cell<Form>(o.shape.cell, [&](auto* cell) { backward<PENSTOCK_CELL(cell)>(o, Arena{(char*)o.scratch}); });
}
template <typename Form, typename T = typename Form::T> void run_reduce(const WeightGradients<T>& w) {
  by_cell<Form>(w.shape.cell, [&](auto* cell) { reduce<PENSTOCK_CELL(cell)>(w); });
}
template <typename Form> Int run_record_size(const Shape& s) {
  return by_cell<Form>(s.cell, [&](auto* cell) { return record_size<PENSTOCK_CELL(cell)>(s); });
}
template <typename Form> Int run_partial_size(const Shape& s) {
  return by_cell<Form>(s.cell, [&](auto* cell) { return partial_size<PENSTOCK_CELL(cell)>(s); });
}
template <typename Form> Int run_scratch_size(const Shape& shape, Int count, bool back) {
  using T = typename Form::T;
  return by_cell<Form>(shape.cell, [&](auto* cell) {
    Operands<T> o{};
    o.shape = shape, o.count = count;
    const Int bytes = back ? backward<PENSTOCK_CELL(cell)>(o, Arena{}) : forward<PENSTOCK_CELL(cell)>(o, Arena{});
    return (bytes + (Int)sizeof(T) - 1) / (Int)sizeof(T);
  });
}

template <typename Form> constexpr Kernels<typename Form::T> kernels() {
  return {Form::S,           Form::U,
          run_forward<Form>, run_backward<Form>, run_reduce<Form>, run_record_size<Form>, run_partial_size<Form>,
          run_scratch_size<Form>};
}

using T = PENSTOCK_TYPE;
extern const Forms<T> PENSTOCK_FORMS;
const Forms<T> PENSTOCK_FORMS = {{kernels<Form<T, 1>>(), kernels<Form<T, 4>>()}, {sum_rows<T>, update_rows<T>}};

}  // namespace penstock::PENSTOCK_NAMESPACE
