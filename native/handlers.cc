// The doors through which XLA calls. Everything a caller could get wrong is checked here and returned as an error.
//
// Forward:  x h0 [c0] W U b [bU] [leak] [mask] [lengths]                                   -> [hs] hT [cT] [residual]
// Backward: the same, residual, [dhs] dhT [dcT]          -> [dx] dh0 [dc0] dW dU db [dbU] [dleak]
// Every operand may carry leading axes from vmap, each of full size or of size 1 where the operand is shared.
#include <algorithm>
#include <cstring>
#include <exception>
#include <numeric>
#include <string>
#include <vector>

#include "call.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace penstock {
namespace {

struct Problem : std::exception {
  std::string text;
  explicit Problem(std::string t) : text(std::move(t)) {}
};
void require(bool ok, const std::string& text) {
  if (!ok) throw Problem("penstock kernels: " + text);
}

// One operand or result over all members.
struct View {
  char* data = nullptr;
  std::vector<Int> lead;  // its leading axes
  Int size = 0;           // values per member

  template <typename T> T* at(const std::vector<Int>& members, Int m) const {
    if (!data) return nullptr;
    Int index = 0, stride = 1;
    for (size_t a = lead.size(); a-- > 0;) {
      const Int here = m % members[a];
      m /= members[a];
      if (lead[a] != 1) index += here * stride;
      stride *= lead[a];
    }
    return reinterpret_cast<T*>(data) + index * size;
  }
};

struct Reader {
  std::vector<Int> members;  // leading axes, the widest seen
  ffi::DataType type = ffi::DataType::INVALID;

  View read(const ffi::AnyBuffer& buffer, const char* name, const std::vector<Int>& want, ffi::DataType dtype) {
    const auto dims = buffer.dimensions();
    const std::string label(name);
    require(buffer.element_type() == dtype, label + " has a wrong dtype");
    require(dims.size() >= want.size(), label + " has too few axes");
    const size_t lead = dims.size() - want.size();
    for (size_t a = 0; a < want.size(); ++a)
      require(dims[lead + a] == want[a], label + " has size " + std::to_string(dims[lead + a]) + " on an axis of " + std::to_string(want[a]));
    View view;
    view.data = static_cast<char*>(buffer.untyped_data());
    view.lead.assign(dims.begin(), dims.begin() + lead);
    view.size = std::accumulate(want.begin(), want.end(), Int{1}, std::multiplies<Int>());
    if (members.size() < lead) members.resize(lead, 1);
    require(members.size() == lead, label + " has another number of leading axes than the rest");
    for (size_t a = 0; a < lead; ++a) {
      require(view.lead[a] == 1 || members[a] == 1 || view.lead[a] == members[a], label + " has an unequal leading axis");
      members[a] = std::max(members[a], view.lead[a]);
    }
    return view;
  }
};

struct Cursor {
  const ffi::RemainingArgs& args;
  const ffi::RemainingRets& rets;
  Reader& reader;
  size_t arg = 0, ret = 0;

  ffi::AnyBuffer next() {
    auto got = args.get<ffi::AnyBuffer>(arg++);
    require(got.has_value(), "too few operands");
    return *got;
  }
  View in(const char* name, std::vector<Int> want) { return reader.read(next(), name, want, reader.type); }
  View out(const char* name, std::vector<Int> want) {
    auto got = rets.get<ffi::AnyBuffer>(ret++);
    require(got.has_value(), "too few results");
    return reader.read(**got, name, want, reader.type);
  }
};

struct Flags {
  bool reverse, sequence, keep, need_dx, mask, lengths;
};

template <typename T>
void run(bool backward, Cell cell, Flags flags, Cursor& cursor, const ffi::AnyBuffer& first, ffi::ThreadPool& pool, const Kernels<T>& k) {
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

  View none;
  const View x = cursor.in("x", {B, N, I}), h0 = cursor.in("h", {B, H}), c0 = lstm ? cursor.in("c", {B, H}) : none;
  const View W = cursor.in("W", {I, GH}), U = cursor.in("U", {H, GH}), b = cursor.in("b", {GH});
  const View bU = two ? cursor.in("bU", {GH}) : none, leak = leaky ? cursor.in("a", {H}) : none;
  const View mask = flags.mask ? cursor.in("mask", {B, H}) : none;
  const View lengths = flags.lengths ? cursor.reader.read(cursor.next(), "lengths", {B}, ffi::DataType::S32) : none;

  const Int groups = (B + k.samples - 1) / k.samples, record = k.record_size(s);
  const std::vector<Int> kept = {groups * N * record};
  View residual, hs, hT, cT, dhs, dhT, dcT, dx, dh0, dc0, dW, dU, db, dbU, dleak;
  if (backward) {
    residual = cursor.in("residual", kept);
    if (s.sequence) dhs = cursor.in("dhs", {B, N, H});
    dhT = cursor.in("dh", {B, H});
    if (lstm) dcT = cursor.in("dc", {B, H});
    if (s.need_dx) dx = cursor.out("dx", {B, N, I});
    dh0 = cursor.out("dh0", {B, H});
    if (lstm) dc0 = cursor.out("dc0", {B, H});
    dW = cursor.out("dW", {I, GH}), dU = cursor.out("dU", {H, GH}), db = cursor.out("db", {GH});
    if (two) dbU = cursor.out("dbU", {GH});
    if (leaky) dleak = cursor.out("da", {H});
  } else {
    if (s.sequence) hs = cursor.out("hs", {B, N, H});
    hT = cursor.out("hT", {B, H});
    if (lstm) cT = cursor.out("cT", {B, H});
    if (s.keep) residual = cursor.out("residual", kept);
  }
  require(cursor.arg == cursor.args.size() && cursor.ret == cursor.rets.size(), "too many operands or results");
  const std::vector<Int>& axes = cursor.reader.members;
  const Int members = std::accumulate(axes.begin(), axes.end(), Int{1}, std::multiplies<Int>());
  for (const View* v : {&hs, &hT, &cT, &dx, &dh0, &dc0, &dW, &dU, &db, &dbU, &dleak})
    require(!v->data || std::equal(axes.begin(), axes.end(), v->lead.begin(), v->lead.end()), "a result lacks a leading axis");
  require(!s.keep || backward || std::equal(axes.begin(), axes.end(), residual.lead.begin(), residual.lead.end()), "residual lacks a leading axis");
  if (members == 0) return;

  // Longest samples first, so that cost follows true steps.
  const bool many = flags.lengths && std::any_of(lengths.lead.begin(), lengths.lead.end(), [](Int n) { return n > 1; });
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

  const Cut plan = cut(s, k.samples, members);
  const Int scratch = k.scratch_size(s, plan.most(), backward), partial = (k.partial_size(s) + 15) / 16 * 16;
  std::vector<T> partials;
  T* partial_data = nullptr;
  if (backward) {
    partials.resize(members * plan.pieces * partial + 16);
    partial_data = partials.data();
  }
  std::atomic<bool> failed{false};
  auto work = [&](Int n) {
    const Int m = n / plan.pieces, piece = n % plan.pieces;
    try {
      Operands<T> o{};
      o.shape = s;
      o.first = plan.first(piece), o.count = plan.count(piece, B);
      o.order = order.data() + (many ? m * B : 0);
      o.lengths = flags.lengths ? true_length.data() + (many ? m * B : 0) : nullptr;
      auto get = [&](const View& v) { return v.at<T>(axes, m); };
      o.x = get(x), o.h0 = get(h0), o.c0 = get(c0), o.W = get(W), o.U = get(U), o.b = get(b), o.bU = get(bU);
      o.leak = get(leak), o.mask = get(mask);
      o.residual = get(residual);
      if (o.residual) o.residual += o.first / k.samples * N * record;
      o.hs = get(hs), o.hT = get(hT), o.cT = get(cT), o.dhs = get(dhs), o.dhT = get(dhT), o.dcT = get(dcT);
      o.dx = get(dx), o.dh0 = get(dh0), o.dc0 = get(dc0);
      o.partial = partial_data ? partial_data + n * partial : nullptr;
      o.scratch = static_cast<T*>(thread_memory(scratch * static_cast<Int>(sizeof(T))));
      (backward ? k.backward : k.forward)(o);
    } catch (...) {
      failed = true;
    }
  };
  // Below some 20 us a second thread costs more than it brings.
  const Int pieces = members * plan.pieces;
  const Int helpers = pieces > 1 && estimate(s, backward) * members > 20e3 ? pool.num_threads() : 0;
  const auto schedule = [&](std::function<void()> task) { pool.Schedule(std::move(task)); };
  share(pieces, helpers, schedule, work);
  require(!failed, "out of memory");
  if (!backward) return;
  auto sum = [&](Int m) {
    WeightGradients<T> w{};
    w.shape = s, w.partial = partial_data + m * plan.pieces * partial, w.pieces = plan.pieces, w.stride = partial;
    w.dW = dW.at<T>(axes, m), w.dU = dU.at<T>(axes, m), w.db = db.at<T>(axes, m);
    w.dbU = dbU.at<T>(axes, m), w.dleak = dleak.at<T>(axes, m);
    k.reduce(w);
  };
  share(members, 0, schedule, sum);
}

ffi::Error call(bool backward, ffi::ThreadPool pool, Int cell, Int reverse, Int sequence, Int keep, Int need_dx, Int mask,
                Int lengths, ffi::RemainingArgs args, ffi::RemainingRets rets) {
  try {
    require(cell >= 0 && cell < kCells, "unknown cell");
    Reader reader;
    Cursor cursor{args, rets, reader};
    auto first = args.get<ffi::AnyBuffer>(0);
    require(first.has_value(), "no operands");
    const Flags flags{reverse != 0, sequence != 0, keep != 0, need_dx != 0, mask != 0, lengths != 0};
    reader.type = first->element_type();
    if (reader.type == ffi::DataType::F32) run<float>(backward, Cell{cell}, flags, cursor, *first, pool, table().f32);
    else if (reader.type == ffi::DataType::F64) run<double>(backward, Cell{cell}, flags, cursor, *first, pool, table().f64);
    else return ffi::Error::InvalidArgument("penstock kernels: x must be float32 or float64");
    return ffi::Error::Success();
  } catch (const Problem& problem) {
    return ffi::Error::InvalidArgument(problem.text);
  } catch (const std::exception& error) {
    return ffi::Error::Internal(std::string("penstock kernels: ") + error.what());
  } catch (...) {
    return ffi::Error::Internal("penstock kernels: unknown failure");
  }
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
  const auto size = [&](const auto& k) { return (batch + k.samples - 1) / k.samples * time * k.record_size(s); };
  return is_double ? size(penstock::table().f64) : size(penstock::table().f32);
}

}
#pragma GCC visibility pop
