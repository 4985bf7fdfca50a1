// The FFI handlers of the unrolls. Everything a caller could get wrong is checked here and returned as an error.
//
// Forward:  x h0 [c0] W U b [bU] [leak] [mask] [x_mask] [lengths]                          -> [hs] hT [cT] [residual]
// Backward: the same, residual, [dhs] dhT [dcT]          -> [dx] dh0 [dc0] dW dU db [dbU] [dleak]
// Every operand may carry leading axes from vmap, each of full size or of size 1 where the operand is shared.
#include <algorithm>
#include <numeric>
#include <vector>

#include "ffi_guard.h"

namespace penstock {
namespace {

struct Flags {
  bool reverse, sequence, keep, need_dx, mask, x_mask, lengths;
};

template <typename T>
void run(bool backward, Cell cell, Flags flags, Cursor& cursor, const ffi::AnyBuffer& first, ffi::ThreadPool& pool, const Layouts<T>& layouts) {
  const ffi::DataType type = first.element_type();
  // x [batch, time, inputs] and h0 [batch, units] end the leading axes that the attributes do not tell.
  const auto xd = first.dimensions();
  require(xd.size() >= 3, "x needs the axes batch, time, inputs");
  Shape s{};
  s.cell = cell;
  s.batch = xd[xd.size() - 3], s.time = xd[xd.size() - 2], s.inputs = xd[xd.size() - 1];
  s.reverse = flags.reverse, s.sequence = flags.sequence, s.keep = flags.keep, s.need_dx = flags.need_dx;
  auto hb = cursor.args.get<ffi::AnyBuffer>(1);
  require(hb.has_value() && hb->dimensions().size() >= 2, "h needs the axes batch, units");
  s.units = hb->dimensions().back();
  const Int B = s.batch, N = s.time, I = s.inputs, H = s.units;
  require(B > 0 && N > 0 && I > 0 && H > 0, "batch, time, inputs and units must be positive");
  require(B < (Int{1} << 31) && N < (Int{1} << 31), "batch or time too large");
  const bool lstm = cell == Cell::lstm, two = cell == Cell::gru_after, leaky = cell == Cell::leaky;
  const Int GH = H * (lstm ? 4 : cell == Cell::gru_before || two ? 3 : 1);

  const View none;
  const View x = cursor.in("x", {B, N, I}, type), h0 = cursor.in("h", {B, H}, type), c0 = lstm ? cursor.in("c", {B, H}, type) : none;
  const View W = cursor.in("W", {I, GH}, type), U = cursor.in("U", {H, GH}, type), b = cursor.in("b", {GH}, type);
  const View bU = two ? cursor.in("bU", {GH}, type) : none, leak = leaky ? cursor.in("a", {H}, type) : none;
  const View mask = flags.mask ? cursor.in("mask", {B, H}, type) : none;
  const View x_mask = flags.x_mask ? cursor.in("x_mask", {B, I}, type) : none;
  const View lengths = flags.lengths ? cursor.in("lengths", {B}, ffi::DataType::S32) : none;

  const Sizes kept = {residual_size(layouts, s)};
  View residual, hs, hT, cT, dhs, dhT, dcT, dx, dh0, dc0, dW, dU, db, dbU, dleak;
  if (backward) {
    residual = cursor.in("residual", kept, type);
    if (s.sequence) dhs = cursor.in("dhs", {B, N, H}, type);
    dhT = cursor.in("dh", {B, H}, type);
    if (lstm) dcT = cursor.in("dc", {B, H}, type);
    if (s.need_dx) dx = cursor.out("dx", {B, N, I}, type);
    dh0 = cursor.out("dh0", {B, H}, type);
    if (lstm) dc0 = cursor.out("dc0", {B, H}, type);
    dW = cursor.out("dW", {I, GH}, type), dU = cursor.out("dU", {H, GH}, type), db = cursor.out("db", {GH}, type);
    if (two) dbU = cursor.out("dbU", {GH}, type);
    if (leaky) dleak = cursor.out("da", {H}, type);
  } else {
    if (s.sequence) hs = cursor.out("hs", {B, N, H}, type);
    hT = cursor.out("hT", {B, H}, type);
    if (lstm) cT = cursor.out("cT", {B, H}, type);
    if (s.keep) residual = cursor.out("residual", kept, type);
  }
  cursor.end();
  const Sizes& axes = cursor.members;
  const Int members = axes.product();
  for (const View* v : {&hs, &hT, &cT, &dx, &dh0, &dc0, &dW, &dU, &db, &dbU, &dleak}) cursor.whole(*v);
  if (!backward) cursor.whole(residual);
  if (members == 0) return;

  // Longest samples first, so that cost follows true steps.
  const bool many = flags.lengths && lengths.lead.product() > 1;
  std::vector<std::int32_t> order((many ? members : 1) * B), true_length;
  if (flags.lengths) true_length.resize(order.size());
  for (Int m = 0; m < (many ? members : 1); ++m) {
    auto* o = order.data() + m * B;
    std::iota(o, o + B, 0);
    if (!flags.lengths) continue;
    auto* l = true_length.data() + m * B;
    const auto* given = lengths.at<std::int32_t>(axes, m);
    for (Int i = 0; i < B; ++i) l[i] = std::clamp<std::int32_t>(given[i], 0, static_cast<std::int32_t>(N));
    std::stable_sort(o, o + B, [l](std::int32_t p, std::int32_t q) { return l[p] > l[q]; });
  }

  std::vector<std::int32_t> sorted(true_length.size());
  for (size_t i = 0; i < sorted.size(); ++i) sorted[i] = true_length[i / B * B + order[i]];
  const Kernels<T>& k = layouts.at[choose(layouts, s, flags.lengths ? sorted.data() : nullptr, many ? members : 1)];
  const Int record = k.record_size(s);
  const Partition split = partition(s, k.samples, members);
  const Int scratch = k.scratch_size(s, split.most(), backward), partial = (k.partial_size(s) + 15) / 16 * 16;
  T* const sums = backward ? static_cast<T*>(thread_memory(Buffer::sums, members * split.chunks * partial * sizeof(T))) : nullptr;
  // Below some 40 us a second thread costs more than it brings.
  parallel_for(members * split.chunks, estimate(s, backward) * static_cast<double>(members), 40e3, pool, [&](Int n) {
    const Int m = n / split.chunks, chunk = n % split.chunks;
    Operands<T> o{};
    o.shape = s;
    o.first = split.first(chunk), o.count = split.count(chunk, B);
    o.order = order.data() + (many ? m * B : 0);
    o.lengths = flags.lengths ? true_length.data() + (many ? m * B : 0) : nullptr;
    auto get = [&](const View& v) { return v.at<T>(axes, m); };
    o.x = get(x), o.h0 = get(h0), o.c0 = get(c0), o.W = get(W), o.U = get(U), o.b = get(b), o.bU = get(bU);
    o.leak = get(leak), o.mask = get(mask), o.x_mask = get(x_mask);
    o.residual = get(residual);
    if (o.residual) o.residual += o.first / k.samples * N * record;
    o.hs = get(hs), o.hT = get(hT), o.cT = get(cT), o.dhs = get(dhs), o.dhT = get(dhT), o.dcT = get(dcT);
    o.dx = get(dx), o.dh0 = get(dh0), o.dc0 = get(dc0);
    o.partial = sums ? sums + n * partial : nullptr;
    o.scratch = static_cast<T*>(thread_memory(Buffer::scratch, scratch * sizeof(T)));
    (backward ? k.backward : k.forward)(o);
  });
  if (!backward) return;
  for (Int m = 0; m < members; ++m) {
    WeightGradients<T> w{};
    w.shape = s, w.partial = sums + m * split.chunks * partial, w.chunks = split.chunks, w.stride = partial;
    w.dW = dW.at<T>(axes, m), w.dU = dU.at<T>(axes, m), w.db = db.at<T>(axes, m);
    w.dbU = dbU.at<T>(axes, m), w.dleak = dleak.at<T>(axes, m);
    k.reduce(w);
  }
}

ffi::Error call(bool backward, ffi::ThreadPool pool, Int cell, Int reverse, Int sequence, Int keep, Int need_dx, Int mask, Int x_mask,
                Int lengths, ffi::RemainingArgs args, ffi::RemainingRets rets) {
  return guarded([&] {
    require(cell >= 0 && cell < kCells, "unknown cell");
    Cursor cursor(args, rets);
    auto first = args.get<ffi::AnyBuffer>(0);
    require(first.has_value(), "no operands");
    const Flags flags{reverse != 0, sequence != 0, keep != 0, need_dx != 0, mask != 0, x_mask != 0, lengths != 0};
    if (first->element_type() == ffi::DataType::F32) run<float>(backward, Cell{cell}, flags, cursor, *first, pool, table().f32);
    else if (first->element_type() == ffi::DataType::F64) run<double>(backward, Cell{cell}, flags, cursor, *first, pool, table().f64);
    else refuse("x must be float32 or float64");
  });
}

auto binding() {
  return ffi::Ffi::Bind()
      .Ctx<ffi::ThreadPool>()
      .Attr<Int>("cell")
      .Attr<Int>("reverse")
      .Attr<Int>("sequence")
      .Attr<Int>("keep")
      .Attr<Int>("need_dx")
      .Attr<Int>("mask")
      .Attr<Int>("x_mask")
      .Attr<Int>("lengths")
      .RemainingArgs()
      .RemainingRets();
}

}  // namespace
}  // namespace penstock

#pragma GCC visibility push(default)
extern "C" {

XLA_FFI_DEFINE_HANDLER_SYMBOL(penstock_forward, ([](auto&&... a) { return penstock::call(false, a...); }), penstock::binding());
XLA_FFI_DEFINE_HANDLER_SYMBOL(penstock_backward, ([](auto&&... a) { return penstock::call(true, a...); }), penstock::binding());

const char* penstock_isa() { return penstock::table().isa; }
const char* penstock_isa_problem() { return penstock::isa_problem(); }

// Values that forward() keeps for backward(): the size of its last result.
std::int64_t penstock_residual_size(std::int64_t cell, int is_double, std::int64_t batch, std::int64_t time,
                                                    std::int64_t inputs, std::int64_t units) {
  if (cell < 0 || cell >= penstock::kCells) return -1;
  penstock::Shape s{};
  s.cell = penstock::Cell{cell}, s.batch = batch, s.time = time, s.inputs = inputs, s.units = units;
  return is_double ? penstock::residual_size(penstock::table().f64, s) : penstock::residual_size(penstock::table().f32, s);
}

}
#pragma GCC visibility pop
