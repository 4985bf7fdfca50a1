#include "call.h"

#include <chrono>
#include <cstdlib>
#include <new>

namespace penstock {

double estimate(const Shape& s, bool backward) {
  const double gates = s.cell == Cell::lstm ? 4 : s.cell == Cell::gru_before || s.cell == Cell::gru_after ? 3 : 1;
  const double flops = 2 * gates * s.units * (s.units + s.inputs) * (backward ? 2 : 1);
  return s.batch * s.time * (flops / 80 + gates * s.units * .3);
}

Cut cut(const Shape& s, Int group, Int members) {
  // 12 samples are one tile of three groups at the widest. Pieces of less than 10 us are not worth their partial sums.
  Int by_size = (s.batch + 11) / 12;
  const Int by_time = (Int)(estimate(s, true) / 10e3);
  Int pieces = by_size < by_time ? by_size : by_time;
  if (members >= 8 && pieces > 1) pieces = pieces > 2 ? pieces / 2 : 1;  // members alone keep the threads busy
  if (pieces > 1) pieces += pieces % 2;  // three pieces would leave one of two threads idle for a third of the time
  const Int groups = (s.batch + group - 1) / group;
  if (pieces > groups) pieces = groups;
  if (pieces > 64) pieces = 64;
  if (pieces < 1) pieces = 1;
  return {pieces, groups, group};
}

namespace {

struct Shared {
  std::atomic<Int> next{0}, done{0};
  Int n;
  const std::function<void(Int)>* work;
  std::mutex mutex;
  std::condition_variable finished;

  void help() {
    Int did = 0;
    for (Int i; (i = next.fetch_add(1)) < n; ++did) (*work)(i);  // `work` outlives every i below n
    if (!did) return;
    std::lock_guard<std::mutex> lock(mutex);
    if ((done += did) == n) finished.notify_one();
  }

  // The pieces are of equal size, so the others are nearly done: being woken would take longer than looking for a while.
  void wait() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
    do {
      for (int k = 0; k < 32; ++k) {
        if (done == n) return;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
      }
    } while (std::chrono::steady_clock::now() < end);
    std::unique_lock<std::mutex> lock(mutex);
    finished.wait(lock, [&] { return done == n; });
  }
};

struct Memory {
  void* data = nullptr;
  Int bytes = 0;
  ~Memory() { std::free(data); }
};

}  // namespace

void share(Int n, Int helpers, const std::function<void(std::function<void()>)>& schedule, const std::function<void(Int)>& work) {
  if (helpers > n - 1) helpers = n - 1;
  if (helpers <= 0) {
    for (Int i = 0; i < n; ++i) work(i);
    return;
  }
  auto shared = std::make_shared<Shared>();  // a late helper may outlive this call
  shared->n = n, shared->work = &work;
  for (Int i = 0; i < helpers; ++i) schedule([shared] { shared->help(); });
  shared->help();
  shared->wait();
}

void* thread_memory(Room room, Int bytes) {
  static thread_local Memory memories[static_cast<int>(Room::rooms)];
  Memory& memory = memories[static_cast<int>(room)];
  if (memory.bytes < bytes || (memory.bytes > (64 << 20) && bytes < memory.bytes / 4)) {
    std::free(memory.data);
    memory.bytes = 0;
    memory.data = std::aligned_alloc(64, (bytes + 4095) / 4096 * 4096);
    if (!memory.data) throw std::bad_alloc();
    memory.bytes = bytes;
  }
  return memory.data;
}

}  // namespace penstock
