// The FFI handler that gives the order of keys: keys -> order, both [n], behind leading axes from vmap.
#include "order.h"

#include "ffi_guard.h"

namespace penstock {
namespace {

ffi::Error call(ffi::ThreadPool pool, ffi::RemainingArgs args, ffi::RemainingRets rets) {
  return guarded([&] {
    Cursor cursor(args, rets);
    const auto first = args.get<ffi::AnyBuffer>(0);
    require(first.has_value() && first->dimensions().size() >= 1, "keys need an axis");
    const Int n = first->dimensions().back();
    require(n < (Int{1} << 31), "too many keys for an order of 32 bits");
    const View keys = cursor.in("keys", {n}, ffi::DataType::U32), order = cursor.out("order", {n}, ffi::DataType::S32);
    cursor.end();
    cursor.whole(order);
    const Sizes& axes = cursor.members;
    const Int members = axes.product();
    // Some 5 ns a key: below 20 us a second thread costs more than it brings.
    parallel_for(members, 5. * static_cast<double>(n * members), 20e3, pool, [&](Int m) {
      const Int bytes = order_scratch(n) * static_cast<Int>(sizeof(std::int32_t));
      auto* const scratch = static_cast<std::int32_t*>(thread_memory(Buffer::order, bytes));
      stable_order(keys.at<std::uint32_t>(axes, m), n, order.at<std::int32_t>(axes, m), scratch);
    });
  });
}

auto binding() { return ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().RemainingArgs().RemainingRets(); }

}  // namespace
}  // namespace penstock

#pragma GCC visibility push(default)
extern "C" {

XLA_FFI_DEFINE_HANDLER_SYMBOL(penstock_order, ([](auto&&... a) { return penstock::call(a...); }), penstock::binding());

}
#pragma GCC visibility pop
