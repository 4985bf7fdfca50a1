// Series in memory of their own, for C programs: one alone, or many side by side.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "stream_series.h"

using namespace penstock;

namespace {

constexpr Int rounded(Int bytes) { return (bytes + 63) / 64 * 64; }

// An array of a series: bytes of one series; of one of its rows, where rows of many series stand side by side.
struct Part {
  void* where;  // the pointer in the struct
  Int bytes, row;
};

struct Parts {
  Part each[23];
  explicit Parts(penstock_series& p, const penstock_network& n) {
    const StreamSizes& s = n.s;
    const Int K = 2 * s.kept, H = s.horizon, state = penstock_size(&n, "state"), wide = s.covariates() * 8;
    const Part all[] = {
        {&p.count, 8, 0}, {&p.end, 8, 0}, {&p.times, K * 8, 8}, {&p.y, K * 8, 8}, {&p.filled, K, 1},
        {&p.covariates, K * wide, wide}, {&p.changed, s.stateful ? 0 : K * 8, 0}, {&p.x, (s.stateful ? 1 : K) * s.features * s.itemsize, 0},
        {&p.state, state * s.itemsize, 0}, {&p.scaling, 16, 0}, {&p.queue, H * s.errors * 8, 0},
        {&p.ordered, H * s.errors * 8, 0}, {&p.held, H * 8, 0}, {&p.oldest, H * 8, 0}, {&p.alpha, H * s.levels * 8, 0},
        {&p.made, H * H * 8, 0}, {&p.half, H * s.levels * H * 8, 0}, {&p.spread, H * 8, 0}, {&p.rows, 8, 0},
        {&p.row, wide, 0}, {&p.ahead, H * s.known * 8, 0}, {&p.out, (1 + 2 * s.levels) * H * 8, 0},
        {&p.scratch, rounded(n.scratch_bytes()), 0}};
    std::copy(std::begin(all), std::end(all), each);
  }
};

void load_rows(penstock_series& p) {
  const penstock_network& n = *p.network;
  const StreamSizes& s = n.s;
  const SeriesParts parts(n);
  const Int base = s.rows + p.number * parts.size, H = s.horizon, wide = s.covariates();
  const auto load = [&](auto* to, Int part, Int values) { std::memcpy(to, n.at(base + part), static_cast<size_t>(values) * 8); };
  Int count = 0;
  load(&count, parts.count, 1), load(p.rows, parts.rows, 1);
  *p.count = *p.end = std::min(std::max<Int>(count, 0), s.kept);
  for (Int i = 0; i < s.kept; ++i) {
    const Int at = row_at(p, i);
    p.times[at] = n.part<Int>(base + parts.times)[i], p.y[at] = n.part<double>(base + parts.y)[i];
    p.filled[at] = n.part<Int>(base + parts.filled)[i] != 0;
    const double* given = n.part<double>(base + parts.covariates) + i * wide;
    std::copy(given, given + wide, p.covariates + at * wide);
  }
  load(p.queue, parts.queue, H * s.errors), load(p.ordered, parts.ordered, H * s.errors), load(p.held, parts.held, H);
  load(p.oldest, parts.oldest, H), load(p.alpha, parts.alpha, H * s.levels), load(p.made, parts.made, H * H);
  load(p.half, parts.half, H * s.levels * H), load(p.spread, parts.spread, H);
  for (Int i = 0; i < H * s.errors; ++i)  // NaN has no place in an order
    if (!std::isfinite(p.queue[i]) || !std::isfinite(p.ordered[i])) p.queue[i] = p.ordered[i] = 0;
  for (Int h = 0; h < H; ++h) {
    p.held[h] = std::min(std::max<Int>(p.held[h], 0), s.errors);
    p.oldest[h] = std::min(std::max<Int>(p.oldest[h], 0), s.errors - 1);
    std::sort(p.ordered + h * s.errors, p.ordered + h * s.errors + p.held[h]);
  }
  *p.rows = std::max<Int>(*p.rows, 0);
  if (s.stateful) state_from(p, n.part<double>(base + parts.state));
  read_rows(p, 0);
}

void begin(penstock_series& p) {
  const penstock_network& n = *p.network;
  const StreamSizes& s = n.s;
  for (Int h = 0; h < s.horizon; ++h) {
    p.spread[h] = kNaN;
    for (Int l = 0; l < s.levels; ++l) p.alpha[h * s.levels + l] = n.part<double>(s.targets)[l];
  }
  if (p.number < 0) return;
  p.step = n.part<Int>(s.steps_at)[p.number];
  std::memcpy(p.scaling, n.part<double>(s.scaling) + 2 * p.number, 16);
  if (s.rows) load_rows(p);
}

}  // namespace

extern "C" {

int penstock_series_new_many(const penstock_network* network, int64_t n, const int64_t* numbers, penstock_series** series) {
  const StreamSizes& s = network->s;
  if (n < 1 || n > (Int(1) << 40)) return 0;
  for (Int i = 0; i < n; ++i)
    if (numbers[i] < -1 || numbers[i] >= s.series) return 0;
  const Int lanes = n > 1 && s.stateful ? penstock_size(network, "lanes") : 1, whole = (n + lanes - 1) / lanes * lanes;
  penstock_series first{};
  const Parts sizes(first, *network);
  Int total = rounded(n * Int(sizeof(penstock_series)));
  for (const Part& part : sizes.each) {
    if (part.bytes && whole > (Int(1) << 46) / part.bytes) return 0;
    total += rounded(whole * part.bytes);
  }
  char* memory = static_cast<char*>(std::aligned_alloc(64, static_cast<size_t>(total)));
  if (!memory) return 0;
  std::memset(memory, 0, static_cast<size_t>(total));
  auto* made = reinterpret_cast<penstock_series*>(memory);
  for (Int i = 0; i < n; ++i) {
    penstock_series& p = made[i];
    p.network = network, p.number = numbers[i], p.kept = s.kept;
    p.stride = lanes > 1 ? n : 1, p.lanes = lanes, p.lane = i % lanes, p.beside = 1;
    char* at = memory + rounded(n * Int(sizeof(penstock_series)));
    for (const Part& part : Parts(p, *network).each) {
      char* own = at + i * (p.stride > 1 && part.row ? part.row : part.bytes);
      if (part.where == &p.state) own = at + i / lanes * lanes * part.bytes + i % lanes * s.itemsize;
      std::memcpy(part.where, &own, sizeof own);
      at += rounded(whole * part.bytes);
    }
    series[i] = &p;
  }
  for (Int i = 0; i < n; ++i) begin(made[i]);
  for (Int i = n - 2; lanes > 1 && i >= 0; --i)
    if (made[i].step == made[i + 1].step) made[i].beside = made[i + 1].beside + 1;
  return 1;
}

penstock_series* penstock_series_new(const penstock_network* network, int64_t number) {
  penstock_series* series = nullptr;
  return penstock_series_new_many(network, 1, &number, &series) ? series : nullptr;
}

void penstock_series_free(penstock_series* series) { std::free(series); }

}  // extern "C"
