// How much of one core's fused-multiply-add peak the kernels use: prints JSON. Useful FLOPs only: 6 for each weight,
// sample and step of a training step (2 forward, 4 backward); no padding, no activations.
// Built and run by native/run.sh; knows nothing of XLA.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "problem.h"

#define PENSTOCK_DECLARE(isa) \
  namespace penstock::isa { double multiply_add(penstock::Int n, float* out); }
PENSTOCK_DECLARE(generic)
#if defined(PENSTOCK_X86)
PENSTOCK_DECLARE(avx2)
PENSTOCK_DECLARE(avx512)
#endif

using namespace penstock;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// GFLOP/s of the best of many short runs: the one that nothing disturbed.
template <typename F> double best(F run, double seconds) {
  double most = 0;
  for (const double end = now() + seconds; now() < end;) {
    const double start = now(), flops = run();
    most = std::max(most, flops / (now() - start) * 1e-9);
  }
  return most;
}

double peak(const char* isa) {
  auto* run = generic::multiply_add;
#if defined(PENSTOCK_X86)
  if (!std::strcmp(isa, "avx2")) run = avx2::multiply_add;
  if (!std::strcmp(isa, "avx512")) run = avx512::multiply_add;
#endif
  float out;
  return best([&] { return run(2000000, &out); }, 1);
}

double useful(const Shape& shape, const Kernels<float>& kernels) {
  Problem<float> problem(shape, false, false);
  const double gates = static_cast<double>(problem.b.size()) / static_cast<double>(shape.units);
  const double weights = gates * static_cast<double>(shape.units * (shape.units + shape.inputs));
  // Without the gradient of the inputs a third of their share falls away.
  const double flops = 6 * weights - (shape.need_dx ? 0 : 2 * gates * static_cast<double>(shape.units * shape.inputs));
  return best([&] { problem.run(kernels, true, 1); return flops * static_cast<double>(shape.batch * shape.time); }, 1.5);
}

}  // namespace

int main() {
  const double most = peak(table().isa);
  std::printf("{\"isa\": \"%s\", \"peak_gflops\": %.1f, \"rows\": [", table().isa, most);
  const struct { const char* name; Cell cell; Int batch, time, inputs, units; bool need_dx; } rows[] = {
      {"LSTM 64 on 64, batch 64, window 100", Cell::lstm, 64, 100, 64, 64, true},
      {"LSTM 25 on 1, batch 32, window 52", Cell::lstm, 32, 52, 1, 25, false},
      {"LSTM 20 on 1, batch 20, window 63", Cell::lstm, 20, 63, 1, 20, false},
      {"LSTM 10 on 25, batch 32, window 52", Cell::lstm, 32, 52, 25, 10, true},
      {"GRU 32 on 100 (reset after), batch 32, window 100", Cell::gru_after, 32, 100, 100, 32, true},
      {"GRU 32 on 100 (reset before), batch 32, window 100", Cell::gru_before, 32, 100, 100, 32, true},
      {"RNN 12 on 3, batch 64, window 5", Cell::rnn_tanh, 64, 5, 3, 12, false}};
  const char* comma = "";
  for (const auto& r : rows) {
    const Shape shape{r.cell, r.batch, r.time, r.inputs, r.units, false, false, true, r.need_dx};
    double rates[kLayouts];
    for (int layout = 0; layout < kLayouts; ++layout) rates[layout] = useful(shape, table().f32.at[layout]);
    const int layout = choose(table().f32, shape, nullptr, 1);
    std::printf("%s\n  {\"row\": \"%s\", \"gflops\": %.1f, \"of_peak\": %.3f, \"layout\": %d, \"layouts\": [%.1f, %.1f]}", comma,
                r.name, rates[layout], rates[layout] / most, static_cast<int>(table().f32.at[layout].units), rates[0], rates[1]);
    comma = ",";
  }
  std::printf("]}\n");
}
