// The FFI handlers of a table that is updated row by row. Every operand and result has the leading axes from vmap in full.
//
// Sum:    gradients ids owner                                          -> owner rows sums
// Update: gradients rows number scales touched table [moments] [owner] -> touched table [moments] [owner]
//
// What comes back under its own name is written in place. `scales` are the factor of the learning rate, and what Adam
// divides its two means by. With `owner` the rows of an update are ids as they were looked up, summed on the way.
#include "ffi_guard.h"
#include "occurrences.h"

namespace penstock {
namespace {

constexpr ffi::DataType kIndex = ffi::DataType::S32;

struct Lengths {
  Int n, units, vocabulary;
};

// The table's length is the last axis of operand `by_row`.
Lengths lengths(const ffi::RemainingArgs& args, size_t by_row) {
  const auto gradients = args.get<ffi::AnyBuffer>(0)->dimensions();
  require(gradients.size() >= 2, "gradients need the axes n, units");
  auto of_table = args.get<ffi::AnyBuffer>(by_row);
  require(of_table.has_value() && of_table->dimensions().size() >= 1, "touched or owner lacks its axis");
  const Lengths l{gradients[gradients.size() - 2], gradients[gradients.size() - 1], of_table->dimensions().back()};
  require(l.n < (Int{1} << 31) && l.vocabulary < (Int{1} << 31), "too many occurrences or rows");
  return l;
}

void whole(const Cursor& cursor, std::initializer_list<const View*> views) {
  for (const View* view : views) require(!view->data || view->lead == cursor.members, "an operand lacks a leading axis");
}

// A result in the place of an operand. Should XLA have given it another, it begins as what the operand holds.
void in_place(const View& from, const View& to, Int bytes) {
  if (to.data != from.data) __builtin_memcpy(to.data, from.data, bytes);
}

// Below so many nanoseconds a second thread costs more than it brings.
constexpr double kAlone = 20e3;

// Chunks of a member, of at least 10 us; which thread takes which decides no bit.
Int chunks_of(double ns) { return ns < kAlone ? 1 : ns > 64 * 10e3 ? 64 : static_cast<Int>(ns / 10e3); }

// Nanoseconds of a member: of finding who owns what, and of moving so many gradients.
double search_time(const Lengths& l) { return l.n * 4.; }
template <typename T> double time_of(const Lengths& l) { return l.n * (5 + l.units * sizeof(T) * .1); }

template <typename T> void sum(Cursor& cursor, ffi::DataType type, ffi::ThreadPool& pool, const Updates<T>& k) {
  const Lengths l = lengths(cursor.args, 2);
  const View gradients = cursor.in("gradients", {l.n, l.units}, type), ids = cursor.in("ids", {l.n}, kIndex);
  const View before = cursor.in("owner", {l.vocabulary}, kIndex), owner = cursor.out("owner", {l.vocabulary}, kIndex);
  const View rows = cursor.out("rows", {l.n}, kIndex), sums = cursor.out("sums", {l.n, l.units}, type);
  cursor.end();
  whole(cursor, {&gradients, &ids, &before, &owner, &rows, &sums});
  const Sizes& axes = cursor.members;
  const Int members = axes.product();
  in_place(before, owner, members * l.vocabulary * Int{sizeof(std::int32_t)});
  if (members * l.n == 0) return;

  auto* const found_rows = static_cast<std::int32_t*>(thread_memory(Buffer::rows, members * 2 * l.n * Int{sizeof(std::int32_t)}));
  const auto found = [&](Int m) { return Occurrences{rows.at<std::int32_t>(axes, m), found_rows + m * 2 * l.n, found_rows + (m * 2 + 1) * l.n}; };
  parallel_for(members, members * search_time(l), kAlone, pool, [&](Int m) {
    find(ids.at<std::int32_t>(axes, m), l.n, l.vocabulary, owner.at<std::int32_t>(axes, m), found(m));
  });
  const Int chunks = chunks_of(time_of<T>(l));
  parallel_for(members * chunks, members * time_of<T>(l), kAlone, pool, [&](Int chunk) {
    const Int m = chunk / chunks, part = chunk % chunks;
    const Occurrences at = found(m);
    Rows<T> o{};
    o.vocabulary = l.vocabulary, o.units = l.units, o.first = l.n * part / chunks, o.end = l.n * (part + 1) / chunks;
    o.gradients = gradients.at<T>(axes, m), o.rows = at.rows, o.head = at.head, o.next = at.next, o.sums = sums.at<T>(axes, m);
    k.sum_rows(o);
  });
}

struct Settings {
  Rule rule;
  double learning_rate, mean, squares, epsilon;
};

template <typename T>
void update(const Settings& set, bool looked_up, Cursor& cursor, ffi::DataType type, ffi::ThreadPool& pool, const Updates<T>& k) {
  const Lengths l = lengths(cursor.args, 4);
  const Int moments = set.rule == Rule::sgd ? 0 : set.rule == Rule::rmsprop ? 1 : 2;
  const Sizes by_row{l.vocabulary}, like_table{l.vocabulary, l.units};
  const View gradients = cursor.in("gradients", {l.n, l.units}, type), rows = cursor.in("rows", {l.n}, kIndex);
  const View number = cursor.in("number", {}, kIndex), scales = cursor.in("scales", {3}, type);
  View before[5], after[5];  // touched, table, moments, owner
  const auto read = [&](View* views, auto get) {
    views[0] = get("touched", by_row, kIndex), views[1] = get("table", like_table, type);
    for (Int moment = 0; moment < moments; ++moment) views[2 + moment] = get("a moment", like_table, type);
    if (looked_up) views[4] = get("owner", by_row, kIndex);
  };
  read(before, [&](auto... a) { return cursor.in(a...); });
  read(after, [&](auto... a) { return cursor.out(a...); });
  cursor.end();
  whole(cursor, {&gradients, &rows, &number, &scales});
  const Sizes& axes = cursor.members;
  const Int members = axes.product();
  for (Int place = 0; place < 5; ++place) {
    whole(cursor, {&before[place], &after[place]});
    const bool index = place == 0 || place == 4;
    in_place(before[place], after[place], members * after[place].size * static_cast<Int>(index ? sizeof(std::int32_t) : sizeof(T)));
  }
  if (members * l.n == 0) return;

  // Buffer for who owns what, and for one row of sums a chunk.
  const Int chunks = chunks_of(time_of<T>(l)), line = (l.units + 15) / 16 * 16;
  std::int32_t* found_rows = nullptr;
  T* sums = nullptr;
  const auto found = [&](Int m) { return Occurrences{found_rows + m * 3 * l.n, found_rows + (m * 3 + 1) * l.n, found_rows + (m * 3 + 2) * l.n}; };
  if (looked_up) {
    found_rows = static_cast<std::int32_t*>(thread_memory(Buffer::rows, members * 3 * l.n * Int{sizeof(std::int32_t)}));
    sums = static_cast<T*>(thread_memory(Buffer::sums, members * chunks * line * Int{sizeof(T)}));
    parallel_for(members, members * search_time(l), kAlone, pool, [&](Int m) {
      find(rows.at<std::int32_t>(axes, m), l.n, l.vocabulary, after[4].at<std::int32_t>(axes, m), found(m));
    });
  }
  parallel_for(members * chunks, members * time_of<T>(l), kAlone, pool, [&](Int chunk) {
    const Int m = chunk / chunks, part = chunk % chunks;
    Rows<T> o{};
    o.vocabulary = l.vocabulary, o.units = l.units, o.first = l.n * part / chunks, o.end = l.n * (part + 1) / chunks;
    o.gradients = gradients.at<T>(axes, m), o.rows = rows.at<std::int32_t>(axes, m);
    if (looked_up) {
      const Occurrences at = found(m);
      o.rows = at.rows, o.head = at.head, o.next = at.next, o.sums = sums + chunk * line;
    }
    o.rule = set.rule, o.learning_rate = set.learning_rate, o.mean = set.mean, o.squares = set.squares, o.epsilon = set.epsilon;
    const T* const scale = scales.at<T>(axes, m);
    o.rate = scale[0], o.mean_bias = scale[1], o.squares_bias = scale[2];
    o.number = *number.at<std::int32_t>(axes, m), o.touched = after[0].at<std::int32_t>(axes, m);
    o.table = after[1].at<T>(axes, m);
    for (Int moment = 0; moment < 2; ++moment) o.moments[moment] = after[2 + moment].at<T>(axes, m);
    k.update_rows(o);
  });
}

// Calls f with the kernels of the first operand's dtype.
template <typename F> ffi::Error by_dtype(const ffi::RemainingArgs& args, const ffi::RemainingRets& rets, F f) {
  return guarded([&] {
    Cursor cursor(args, rets);
    auto first = args.get<ffi::AnyBuffer>(0);
    require(first.has_value(), "no operands");
    const ffi::DataType type = first->element_type();
    if (type == ffi::DataType::F32) f(cursor, type, table().f32.updates);
    else if (type == ffi::DataType::F64) f(cursor, type, table().f64.updates);
    else refuse("gradients must be float32 or float64");
  });
}

ffi::Error call_sum(ffi::ThreadPool pool, ffi::RemainingArgs args, ffi::RemainingRets rets) {
  return by_dtype(args, rets, [&](Cursor& cursor, ffi::DataType type, const auto& k) { sum(cursor, type, pool, k); });
}

ffi::Error call_update(ffi::ThreadPool pool, Int rule, Int looked_up, double learning_rate, double mean, double squares, double epsilon,
                       ffi::RemainingArgs args, ffi::RemainingRets rets) {
  return by_dtype(args, rets, [&](Cursor& cursor, ffi::DataType type, const auto& k) {
    require(rule >= 0 && rule < kRules, "unknown rule");
    update({Rule{rule}, learning_rate, mean, squares, epsilon}, looked_up != 0, cursor, type, pool, k);
  });
}

}  // namespace
}  // namespace penstock

#pragma GCC visibility push(default)
extern "C" {

XLA_FFI_DEFINE_HANDLER_SYMBOL(penstock_sum_rows, penstock::call_sum,
                              penstock::ffi::Ffi::Bind().Ctx<penstock::ffi::ThreadPool>().RemainingArgs().RemainingRets());
XLA_FFI_DEFINE_HANDLER_SYMBOL(penstock_update_rows, penstock::call_update,
                              penstock::ffi::Ffi::Bind()
                                  .Ctx<penstock::ffi::ThreadPool>()
                                  .Attr<penstock::Int>("rule")
                                  .Attr<penstock::Int>("looked_up")
                                  .Attr<double>("learning_rate")
                                  .Attr<double>("mean")
                                  .Attr<double>("squares")
                                  .Attr<double>("epsilon")
                                  .RemainingArgs()
                                  .RemainingRets());

}
#pragma GCC visibility pop
