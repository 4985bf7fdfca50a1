// Runs every kernel of every instruction set over small and odd shapes, forward, backward and summed, with exactly
// sized buffers, so that AddressSanitizer and UBSan see every access; and checks gradients by numerical ones.
// Built and run by native/test.sh; knows nothing of XLA.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "call.h"

using namespace penstock;

namespace {

std::uint64_t state = 1;
double uniform() {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<double>(state >> 11) / 9007199254740992.0 * 2 - 1;
}

template <typename T> struct Problem {
  Shape s;
  std::vector<std::int32_t> order, lengths;
  std::vector<T> x, h, c, W, U, b, bU, leak, mask, dhs, dhT, dcT;
  std::vector<T> hs, hT, cT, dx, dh0, dc0, dW, dU, db, dbU, dleak;

  static std::vector<T> random(Int n, double scale = 1) {
    std::vector<T> v(n);
    for (auto& e : v) e = static_cast<T>(uniform() * scale);
    return v;
  }
  explicit Problem(const Shape& shape, bool masked, bool ragged) : s(shape) {
    const Int B = s.batch, N = s.time, I = s.inputs, H = s.units;
    const Int G = H * (s.cell == Cell::lstm ? 4 : s.cell == Cell::gru_before || s.cell == Cell::gru_after ? 3 : 1);
    x = random(B * N * I), h = random(B * H), c = random(B * H);
    W = random(I * G, .5), U = random(H * G, 1. / H), b = random(G), bU = random(G), leak = random(H);
    if (masked) mask = random(B * H);
    dhs = random(B * N * H), dhT = random(B * H), dcT = random(B * H);
    order.resize(B);
    for (Int i = 0; i < B; ++i) order[i] = static_cast<std::int32_t>(i);
    if (ragged)
      for (Int i = 0; i < B; ++i) lengths.push_back(static_cast<std::int32_t>(N - i * (N + 1) / B));  // longest first
    hs.resize(B * N * H), hT.resize(B * H), cT.resize(B * H), dx.resize(B * N * I), dh0.resize(B * H), dc0.resize(B * H);
    dW.resize(I * G), dU.resize(H * G), db.resize(G), dbU.resize(G), dleak.resize(H);
  }

  void run(const Kernels<T>& k, bool back, Int threads) {
    const Cut plan = cut(s, k.samples, 1);
    const Int groups = (s.batch + k.samples - 1) / k.samples, record = k.record_size(s), partial = k.partial_size(s);
    std::vector<T> residual(groups * s.time * record), partials(plan.pieces * partial);
    for (bool backward : {false, true}) {
      if (backward && !back) break;
      auto work = [&](Int piece) {
        Operands<T> o{};
        o.shape = s, o.first = plan.first(piece), o.count = plan.count(piece, s.batch);
        o.order = order.data(), o.lengths = lengths.empty() ? nullptr : lengths.data();
        o.x = x.data(), o.h0 = h.data(), o.c0 = c.data(), o.W = W.data(), o.U = U.data(), o.b = b.data(), o.bU = bU.data();
        o.leak = leak.data(), o.mask = mask.empty() ? nullptr : mask.data();
        o.residual = s.keep ? residual.data() + o.first / k.samples * s.time * record : nullptr;
        o.hs = hs.data(), o.hT = hT.data(), o.cT = cT.data(), o.dhs = dhs.data(), o.dhT = dhT.data(), o.dcT = dcT.data();
        o.dx = dx.data(), o.dh0 = dh0.data(), o.dc0 = dc0.data(), o.partial = partials.data() + piece * partial;
        const Int scratch = k.scratch_size(s, o.count, backward) * static_cast<Int>(sizeof(T));
        std::unique_ptr<void, void (*)(void*)> memory(std::aligned_alloc(64, (scratch + 63) / 64 * 64), std::free);
        o.scratch = static_cast<T*>(memory.get());
        (backward ? k.backward : k.forward)(o);
      };
      std::vector<std::thread> started;
      share(plan.pieces, threads - 1, [&](std::function<void()> task) { started.emplace_back(std::move(task)); }, work);
      for (auto& thread : started) thread.join();
    }
    if (!back) return;
    k.reduce({s, partials.data(), plan.pieces, partial, dW.data(), dU.data(), db.data(), dbU.data(), dleak.data()});
  }

  double loss(const Kernels<T>& k) {
    run(k, false, 1);
    double sum = 0;
    auto dot = [&](const std::vector<T>& p, const std::vector<T>& q) {
      for (size_t i = 0; i < p.size(); ++i) sum += static_cast<double>(p[i]) * q[i];
    };
    if (s.sequence) dot(hs, dhs);
    dot(hT, dhT);
    if (s.cell == Cell::lstm) dot(cT, dcT);
    return sum;
  }
};

int failures = 0;
void expect(bool ok, const char* isa, const Shape& s, const char* what) {
  if (ok) return;
  ++failures;
  std::printf("FAILED %s: %s, cell %d, batch %d, time %d, inputs %d, units %d\n", isa, what, static_cast<int>(s.cell),
              static_cast<int>(s.batch), static_cast<int>(s.time), static_cast<int>(s.inputs), static_cast<int>(s.units));
}

void check(const char* isa, const Shape& shape, bool masked, bool ragged) {
  const Kernels<double>& k = table().f64;
  Problem<double> p(shape, masked, ragged);
  p.run(k, true, 1);
  const auto dU = p.dU, dW = p.dW, dh = p.dh0, dx = p.dx;
  p.run(k, true, 3);
  expect(dU == p.dU && dW == p.dW && dh == p.dh0, isa, shape, "three threads give other bits than one");
  struct { std::vector<double>* value; const std::vector<double>* gradient; const char* name; } checks[] = {
      {&p.U, &dU, "dU"}, {&p.W, &dW, "dW"}, {&p.h, &dh, "dh"}, {&p.x, shape.need_dx ? &dx : nullptr, "dx"}};
  if (shape.cell == Cell::rnn_relu || shape.batch > 20) return;  // a kink; too slow
  for (auto& c : checks) {
    if (!c.gradient) continue;
    const auto before = *c.value, direction = Problem<double>::random(before.size());
    double losses[2], slope = 0;
    for (int side = 0; side < 2; ++side) {
      for (size_t i = 0; i < before.size(); ++i) (*c.value)[i] = before[i] + (side ? 1e-5 : -1e-5) * direction[i];
      losses[side] = p.loss(k);
    }
    *c.value = before;
    for (size_t i = 0; i < before.size(); ++i) slope += (*c.gradient)[i] * direction[i];
    const double numerical = (losses[1] - losses[0]) / 2e-5;
    expect(std::fabs(slope - numerical) < 1e-6 * (1 + std::fabs(numerical)), isa, shape, c.name);
  }
  Problem<float> single(shape, masked, ragged);
  single.run(table().f32, true, 2);
  for (float v : single.dU) expect(std::isfinite(v), isa, shape, "float32 is not finite");
}

}  // namespace

int main() {
  const char* isa = table().isa;
  const Int sizes[][4] = {{1, 1, 1, 1}, {3, 4, 2, 5}, {20, 9, 1, 20}, {7, 3, 9, 8}, {5, 6, 4, 33}, {70, 40, 7, 24}};
  for (Int cell = 0; cell < kCells; ++cell)
    for (const auto& n : sizes)
      for (int option = 0; option < 16; ++option) {
        const Shape s{Cell{cell}, n[0], n[1], n[2], n[3], bool(option & 1), bool(option & 2), true, bool(option & 4)};
        check(isa, s, option & 8, option & 1);
        Shape forward_only = s;
        forward_only.keep = false;
        Problem<float>(forward_only, option & 8, option & 2).run(table().f32, false, 2);
      }
  std::printf("%s: %s\n", isa, failures ? "FAILED" : "passed");
  return failures != 0;
}
