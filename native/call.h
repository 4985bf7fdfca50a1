// A whole call: every member, divided into chunks that any number of threads may work through.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "table.h"

namespace penstock {

// How a batch is divided into chunks. Depends on sizes only, never on threads: the sums of weight gradients keep their order.
struct Partition {
  Int chunks, groups, group;  // shares of whole groups of samples, equal to within one
  Int first(Int chunk) const { return groups * chunk / chunks * group; }
  Int count(Int chunk, Int batch) const {
    const Int end = first(chunk + 1);
    return (end < batch ? end : batch) - first(chunk);
  }
  Int most() const { return (groups + chunks - 1) / chunks * group; }
};
Partition partition(const Shape& shape, Int group, Int members);

// Which layout costs least, by the lanes that the busier of two threads fills, padding included. `lengths` holds the true steps of
// `lists` batches, each longest first; null: all steps are true. Forward and backward must come to the same answer, so
// nothing else may count.
template <typename T> int choose(const Layouts<T>& layouts, const Shape& shape, const std::int32_t* lengths, Int lists);
// Values that every layout's records fit into.
template <typename T> Int residual_size(const Layouts<T>& layouts, const Shape& shape);

// Runs work(0 .. n-1), each once, on the caller and on up to `helpers` threads that `schedule` may start whenever it
// likes. The caller returns when all are done, and waits only for those that already run: a helper that starts late
// finds nothing left, so a full pool cannot block it.
void run_shared(Int n, Int helpers, const std::function<void(std::function<void()>)>& schedule, const std::function<void(Int)>& work);

// Aligned memory that a thread keeps from call to call, one buffer for each use: fresh pages would cost more than the kernels.
enum class Buffer { scratch, sums, order, rows, count };
void* thread_memory(Buffer buffer, Int bytes);

// Estimated nanoseconds of a call, on the safe side of what a fast core takes.
double estimate(const Shape& shape, bool backward);

}  // namespace penstock
