// A random problem for the kernels with exactly sized buffers: the native tests and the native benchmark run it.
#pragma once
#include <cstdlib>
#include <new>
#include <thread>
#include <vector>

#if defined(PENSTOCK_FENCED)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "call.h"

namespace penstock {

// Memory of exactly n values. With PENSTOCK_FENCED a page that may not be touched follows the last one, so that a read
// or write beyond it ends the program even where no sanitizer watches.
template <typename T> struct Exact {
  using value_type = T;
  Exact() = default;
  template <typename E> Exact(const Exact<E>&) {}
  template <typename E> bool operator==(const Exact<E>&) const { return true; }
  template <typename E> bool operator!=(const Exact<E>&) const { return false; }

#if defined(PENSTOCK_FENCED)
  static std::size_t pages(std::size_t n) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (n * sizeof(T) + page - 1) / page * page;
  }
  T* allocate(std::size_t n) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* data = mmap(nullptr, pages(n) + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) throw std::bad_alloc();
    mprotect(static_cast<char*>(data) + pages(n), page, PROT_NONE);
    return reinterpret_cast<T*>(static_cast<char*>(data) + pages(n) - n * sizeof(T));
  }
  void deallocate(T* p, std::size_t n) {
    munmap(reinterpret_cast<char*>(p + n) - pages(n), pages(n) + static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
  }
#else
  T* allocate(std::size_t n) {
    const std::size_t bytes = (n * sizeof(T) + 63) / 64 * 64;  // exact for scratch, whose sizes are multiples of 64 bytes
    if (void* data = n * sizeof(T) == bytes ? std::aligned_alloc(64, bytes) : std::malloc(n * sizeof(T))) return static_cast<T*>(data);
    throw std::bad_alloc();
  }
  void deallocate(T* p, std::size_t) { std::free(p); }
#endif
};
template <typename T> using Array = std::vector<T, Exact<T>>;

inline double uniform() {
  static std::uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<double>(state >> 11) / 9007199254740992.0 * 2 - 1;
}

template <typename T> struct Problem {
  Shape s;
  Array<std::int32_t> order, lengths;
  Array<T> x, h, c, W, U, b, bU, leak, mask, x_mask, dhs, dhT, dcT;
  Array<T> hs, hT, cT, dx, dh0, dc0, dW, dU, db, dbU, dleak, residual, partials;
  std::vector<Array<T>> scratch[2];  // of each chunk, forward and backward, kept from run to run

  static Array<T> random(Int n, double scale = 1) {
    Array<T> v(n);
    for (auto& e : v) e = static_cast<T>(uniform() * scale);
    return v;
  }
  explicit Problem(const Shape& shape, bool masked, bool ragged) : s(shape) {
    const Int B = s.batch, N = s.time, I = s.inputs, H = s.units;
    const Int G = H * (s.cell == Cell::lstm ? 4 : s.cell == Cell::gru_before || s.cell == Cell::gru_after ? 3 : 1);
    x = random(B * N * I), h = random(B * H), c = random(B * H);
    W = random(I * G, .5), U = random(H * G, 1. / H), b = random(G), bU = random(G), leak = random(H);
    for (T& a : leak) a = (1 + a) / 2;  // from 0 to 1: beyond, the state grows without bound
    if (masked) mask = random(B * H), x_mask = random(B * I);
    dhs = random(B * N * H), dhT = random(B * H), dcT = random(B * H);
    order.resize(B);
    for (Int i = 0; i < B; ++i) order[i] = static_cast<std::int32_t>(i);
    if (ragged)
      for (Int i = 0; i < B; ++i) lengths.push_back(static_cast<std::int32_t>(N - i * (N + 1) / B));  // longest first
    hs.resize(B * N * H), hT.resize(B * H), cT.resize(B * H), dx.resize(B * N * I), dh0.resize(B * H), dc0.resize(B * H);
    dW.resize(I * G), dU.resize(H * G), db.resize(G), dbU.resize(G), dleak.resize(H);
  }

  void run(const Kernels<T>& k, bool back, Int threads) {
    const Partition plan = partition(s, k.samples, 1);
    const Int groups = (s.batch + k.samples - 1) / k.samples, record = k.record_size(s), partial = k.partial_size(s);
    residual.resize(groups * s.time * record), partials.resize(plan.chunks * partial);
    scratch[0].resize(plan.chunks), scratch[1].resize(plan.chunks);
    for (bool backward : {false, true}) {
      if (backward && !back) break;
      auto work = [&](Int chunk) {
        Operands<T> o{};
        o.shape = s, o.first = plan.first(chunk), o.count = plan.count(chunk, s.batch);
        o.order = order.data(), o.lengths = lengths.empty() ? nullptr : lengths.data();
        o.x = x.data(), o.h0 = h.data(), o.c0 = c.data(), o.W = W.data(), o.U = U.data(), o.b = b.data(), o.bU = bU.data();
        o.leak = leak.data(), o.mask = mask.empty() ? nullptr : mask.data(), o.x_mask = x_mask.empty() ? nullptr : x_mask.data();
        o.residual = s.keep ? residual.data() + o.first / k.samples * s.time * record : nullptr;
        o.hs = hs.data(), o.hT = hT.data(), o.cT = cT.data(), o.dhs = dhs.data(), o.dhT = dhT.data(), o.dcT = dcT.data();
        o.dx = dx.data(), o.dh0 = dh0.data(), o.dc0 = dc0.data(), o.partial = partials.data() + chunk * partial;
        Array<T>& memory = scratch[backward][chunk];
        const Int values = 64 / static_cast<Int>(sizeof(T));
        memory.resize((k.scratch_size(s, o.count, backward) + values - 1) / values * values);
        o.scratch = memory.data();
        (backward ? k.backward : k.forward)(o);
      };
      std::vector<std::thread> started;
      run_shared(plan.chunks, threads - 1, [&](std::function<void()> task) { started.emplace_back(std::move(task)); }, work);
      for (auto& thread : started) thread.join();
    }
    if (!back) return;
    k.reduce({s, partials.data(), plan.chunks, partial, dW.data(), dU.data(), db.data(), dbU.data(), dleak.data()});
  }

  double loss(const Kernels<T>& k) {
    run(k, false, 1);
    double sum = 0;
    auto dot = [&](const Array<T>& p, const Array<T>& q) {
      for (size_t i = 0; i < p.size(); ++i) sum += static_cast<double>(p[i]) * q[i];
    };
    if (s.sequence) dot(hs, dhs);
    dot(hT, dhT);
    if (s.cell == Cell::lstm) dot(cT, dcT);
    return sum;
  }
};

}  // namespace penstock
