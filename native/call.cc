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

Partition partition(const Shape& s, Int group, Int members) {
  // What one tile holds is 12 samples of three groups, or 16 and more of one. Chunks of less than 20 us are not worth
  // their partial sums and the wait for another thread.
  const Int tile = group > 12 ? group : 12;
  Int by_size = (s.batch + tile - 1) / tile;
  const Int by_time = (Int)(estimate(s, true) / 20e3);
  Int chunks = by_size < by_time ? by_size : by_time;
  if (members >= 8 && chunks > 1) chunks = chunks > 2 ? chunks / 2 : 1;  // members alone keep the threads busy
  if (chunks > 1) chunks += chunks % 2;  // three chunks would leave one of two threads idle for a third of the time
  const Int groups = (s.batch + group - 1) / group;
  if (chunks > groups) chunks = groups;
  if (chunks > 64) chunks = 64;
  if (chunks < 1) chunks = 1;
  return {chunks, groups, group};
}

template <typename T> int choose(const Layouts<T>& layouts, const Shape& s, const std::int32_t* lengths, Int lists) {
  double least = 0;
  int best = 0;
  for (int f = 0; f < kLayouts; ++f) {
    const Int group = layouts.at[f].samples, units = layouts.at[f].units;
    double lanes = 0;
    if (lengths) {
      for (Int list = 0; list < lists; ++list)
        for (Int i = 0; i < s.batch; i += group) lanes += static_cast<double>(lengths[list * s.batch + i] * group);
    } else {
      const Partition plan = partition(s, group, 1);
      lanes = static_cast<double>(plan.most() * ((plan.chunks + 1) / 2));
    }
    const double shuffles = units > 1 ? 1.15 : 1;
    const double cost = lanes * static_cast<double>((s.units + units - 1) / units * units) * shuffles;
    if (f && cost >= least) continue;
    best = f, least = cost;
  }
  return best;
}
template int choose(const Layouts<float>&, const Shape&, const std::int32_t*, Int);
template int choose(const Layouts<double>&, const Shape&, const std::int32_t*, Int);

template <typename T> Int residual_size(const Layouts<T>& layouts, const Shape& s) {
  Int most = 0;
  for (const Kernels<T>& k : layouts.at) {
    const Int size = (s.batch + k.samples - 1) / k.samples * s.time * k.record_size(s);
    if (size > most) most = size;
  }
  return most;
}
template Int residual_size(const Layouts<float>&, const Shape&);
template Int residual_size(const Layouts<double>&, const Shape&);

namespace {

// Tells the core that this thread only waits: the other one on the same core gets its share.
inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__ARM_ARCH_7A__)
  __asm__ volatile("yield");
#endif
}

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

  // The chunks are of equal size, so the others are nearly done: being woken would take longer than looking for a while.
  void wait() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
    do {
      for (int k = 0; k < 32; ++k) {
        if (done == n) return;
        pause();
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

void run_shared(Int n, Int helpers, const std::function<void(std::function<void()>)>& schedule, const std::function<void(Int)>& work) {
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

void* thread_memory(Buffer buffer, Int bytes) {
  static thread_local Memory memories[static_cast<int>(Buffer::count)];
  Memory& memory = memories[static_cast<int>(buffer)];
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
