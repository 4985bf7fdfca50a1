// What every FFI handler shares: operands and results as views over all members, checked before anything is touched, and a
// guard that turns exceptions into errors for XLA. Reading and checking allocate nothing unless something is wrong, since a
// handler runs every step; what parallel_for() hands to other threads does.
#pragma once
#include <exception>
#include <string>

#include "call.h"
#include "xla/ffi/api/ffi.h"

namespace penstock {

namespace ffi = xla::ffi;

struct Refusal : std::exception {
  std::string text;
  explicit Refusal(std::string t) : text(std::move(t)) {}
};
[[noreturn]] inline void refuse(const std::string& text) { throw Refusal("penstock kernels: " + text); }
inline void require(bool ok, const char* text) {
  if (!ok) refuse(text);
}

// Runs the body of a handler; whatever it throws goes back to XLA as an error.
template <typename F> ffi::Error guarded(F f) {
  try {
    f();
    return ffi::Error::Success();
  } catch (const Refusal& refusal) {
    return ffi::Error::InvalidArgument(refusal.text);
  } catch (const std::exception& error) {
    return ffi::Error::Internal(std::string("penstock kernels: ") + error.what());
  } catch (...) {
    return ffi::Error::Internal("penstock kernels: unknown failure");
  }
}

// Works through n chunks, which take some `ns` together, on the caller and on the pool's threads; below `least` ns a second
// thread costs more than it brings. Work fails for want of memory only; a helper has no caller to throw to.
template <typename F> void parallel_for(Int n, double ns, double least, ffi::ThreadPool& pool, const F& work) {
  std::atomic<bool> failed{false};
  const auto schedule = [&pool](std::function<void()> task) { pool.Schedule(std::move(task)); };
  run_shared(n, n > 1 && ns > least ? pool.num_threads() : 0, schedule, [&](Int chunk) {
    try {
      work(chunk);
    } catch (...) {
      failed = true;
    }
  });
  require(!failed, "out of memory");
}

// A few sizes.
struct Sizes {
  static constexpr Int most = 8;
  Int count = 0, at[most] = {};
  Sizes() = default;
  Sizes(std::initializer_list<Int> sizes) {
    for (const Int size : sizes) at[count++] = size;
  }
  Int product() const {
    Int n = 1;
    for (Int a = 0; a < count; ++a) n *= at[a];
    return n;
  }
  bool operator==(const Sizes& other) const {
    bool same = count == other.count;
    for (Int a = 0; same && a < count; ++a) same = at[a] == other.at[a];
    return same;
  }
};

// One operand or result over all members.
struct View {
  char* data = nullptr;
  Sizes lead;    // its leading axes
  Int size = 0;  // values per member

  template <typename T> T* at(const Sizes& members, Int m) const {
    if (!data) return nullptr;
    Int index = 0, stride = 1;
    for (Int a = lead.count; a-- > 0;) {
      const Int here = m % members.at[a];
      m /= members.at[a];
      if (lead.at[a] != 1) index += here * stride;
      stride *= lead.at[a];
    }
    return reinterpret_cast<T*>(data) + index * size;
  }
};

// Reads a call's operands and results in their order. Each may carry leading axes from vmap, of full size or of size 1
// where it is shared.
struct Cursor {
  const ffi::RemainingArgs& args;
  const ffi::RemainingRets& rets;
  Sizes members;  // leading axes, the widest seen; those of the first operand say how many
  size_t arg = 0, ret = 0;

  Cursor(const ffi::RemainingArgs& args, const ffi::RemainingRets& rets) : args(args), rets(rets) {}

  View in(const char* name, const Sizes& want, ffi::DataType type) {
    auto got = args.get<ffi::AnyBuffer>(arg++);
    require(got.has_value(), "too few operands");
    return read(*got, name, want, type);
  }
  View out(const char* name, const Sizes& want, ffi::DataType type) {
    auto got = rets.get<ffi::AnyBuffer>(ret++);
    require(got.has_value(), "too few results");
    return read(**got, name, want, type);
  }
  void end() const { require(arg == args.size() && ret == rets.size(), "too many operands or results"); }
  // A result has every leading axis in full.
  void whole(const View& result) const { require(!result.data || result.lead == members, "a result lacks a leading axis"); }

 private:
  View read(const ffi::AnyBuffer& buffer, const char* name, const Sizes& want, ffi::DataType type) {
    const auto dims = buffer.dimensions();
    const Int axes = static_cast<Int>(dims.size()), lead = axes - want.count;
    if (buffer.element_type() != type) refuse(std::string(name) + " has a wrong dtype");
    if (lead < 0) refuse(std::string(name) + " has too few axes");
    if (lead > Sizes::most) refuse(std::string(name) + " has too many axes");
    for (Int a = 0; a < want.count; ++a)
      if (dims[lead + a] != want.at[a])
        refuse(std::string(name) + " has size " + std::to_string(dims[lead + a]) + " on an axis of " + std::to_string(want.at[a]));
    if (arg == 1 && ret == 0)
      for (members.count = 0; members.count < lead;) members.at[members.count++] = 1;
    if (members.count != lead) refuse(std::string(name) + " has another number of leading axes than the rest");
    View view;
    view.data = static_cast<char*>(buffer.untyped_data());
    view.lead.count = lead;
    view.size = want.product();
    for (Int a = 0; a < lead; ++a) {
      const Int n = view.lead.at[a] = dims[a];
      Int& widest = members.at[a];
      if (n != 1 && widest != 1 && n != widest) refuse(std::string(name) + " has an unequal leading axis");
      if (n != 1) widest = n;
    }
    return view;
  }
};

}  // namespace penstock
