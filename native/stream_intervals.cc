// Adaptive conformal intervals of one series, as streaming/bounds.py computes them.
#include <algorithm>
#include <cmath>

#include "stream_series.h"

namespace penstock {

namespace {

void join(penstock_series& p, Int step, double error) {
  const Int window = p.network->s.errors;
  double *ordered = p.ordered + step * window, *queue = p.queue + step * window;
  Int held = p.held[step];
  if (held == window) {
    const Int place = p.oldest[step];
    double* gone = std::min(std::lower_bound(ordered, ordered + window, queue[place]), ordered + window - 1);
    std::copy(gone + 1, ordered + window, gone);
    queue[place] = error;
    p.oldest[step] = place + 1 == window ? 0 : place + 1;
    --held;
  } else {
    queue[held] = error;
  }
  double* to = std::lower_bound(ordered, ordered + held, error);
  std::copy_backward(to, ordered + held, ordered + held + 1);
  *to = error;
  p.held[step] = held + 1;
}

}  // namespace

void observe(penstock_series& p, double y) {
  const StreamSizes& s = p.network->s;
  const Int H = s.horizon, row = (*p.rows)++;
  if (std::isnan(y) || s.intervals != Intervals::adaptive) return;
  const double* target = p.network->part<double>(s.targets);
  for (Int step = 0; step < H && step < row; ++step) {
    const Int slot = (row - 1 - step) % H;
    const double spread = p.spread[slot];
    if (!(spread > 0)) continue;
    const double error = std::fabs(y - p.made[slot * H + step]);
    if (!std::isfinite(error / spread)) continue;
    for (Int l = 0; l < s.levels; ++l) {
      const bool missed = error > p.half[(slot * s.levels + l) * H + step];
      p.alpha[step * s.levels + l] += s.rate * (target[l] - missed);
    }
    join(p, step, error / spread);
  }
}

void give_intervals(penstock_series& p, double spread) {
  const StreamSizes& s = p.network->s;
  const Int H = s.horizon, slot = (*p.rows - 1) % H;
  const Int* fewest = p.network->part<Int>(s.fewest);
  for (Int step = 0; step < H; ++step) {
    const Int held = p.held[step];
    double widest = 0;
    for (Int l = 0; l < s.levels; ++l) {
      double width = kInfinity;
      if (held >= fewest[l]) {
        const double rank = std::ceil(static_cast<double>(held + 1) * (1 - p.alpha[step * s.levels + l]) - 1e-9);
        width = rank > 0 ? p.ordered[step * s.errors + (rank < static_cast<double>(held) ? static_cast<Int>(rank) : held) - 1] : 0;
      }
      if (width > widest) widest = width;
      const double half = widest < kInfinity ? widest * spread : widest;
      p.half[(slot * s.levels + l) * H + step] = half;
      p.out[(1 + 2 * l) * H + step] = p.out[step] - half;
      p.out[(2 + 2 * l) * H + step] = p.out[step] + half;
    }
    p.made[slot * H + step] = p.out[step];
  }
  p.spread[slot] = spread;
}

}  // namespace penstock
