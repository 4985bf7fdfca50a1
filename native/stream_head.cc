#include "stream_head.h"

#include <algorithm>
#include <cmath>

namespace penstock {

void Head::to_units(double* h) const {
  const Int last = *p.end - 1;
  if (s.head == HeadKind::probability) return;
  if (s.summed > 1)
    for (Int i = s.horizon - 1; i > 0; --i) h[i] -= h[i - 1];
  const double newest = p.y[row_at(p, last)];
  double total = 0;
  for (Int i = 0; i < s.horizon; ++i) {
    if (s.additive) {
      const double base = m.lag > 0 ? p.changed[last - m.lag + 1 + i % m.lag] : 0;
      h[i] = base + h[i] * m.spread;
    } else {
      h[i] = h[i] * p.scaling[1] + p.scaling[0];
    }
    total += h[i];
    switch (s.transform) {
      case Transform::log: h[i] = std::exp(h[i]); break;
      case Transform::difference: h[i] = newest + total; break;
      case Transform::log_return: h[i] = newest * std::exp(total); break;
      default: break;
    }
  }
}

// Mean or median over the members, of values `apart` from member to member.
double Head::aggregate(const double* values, Int apart) const {
  if (!s.median || s.members < 3) {
    double total = 0;
    for (Int k = 0; k < s.members; ++k) total += values[k * apart];
    return total / static_cast<double>(s.members);
  }
  for (Int k = 0; k < s.members; ++k) members[k] = values[k * apart];
  std::sort(members, members + s.members);
  const Int half = s.members / 2;
  return s.members % 2 ? members[half] : (members[half - 1] + members[half]) / 2;
}

namespace {
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
}  // namespace

void Head::say(const double* outputs, double* to) const {
  const Int H = s.horizon, W = s.width;
  constexpr double least = 1e-4;
  const double* own = p.network->part<double>(s.own);
  for (Int h = 0; h < H; ++h) {
    const double* o = outputs + h * W;
    to[h] = s.head == HeadKind::probability ? 1 / (1 + std::exp(-std::min(std::max(o[0], -500.), 500.))) : o[0];
    if (s.intervals != Intervals::own) continue;
    for (Int l = 0; l < s.levels; ++l) {
      double down = 0, up = 0;
      if (s.head == HeadKind::gaussian) {
        down = up = own[l] * (softplus(o[1]) + least);
      } else {
        const Int count = W / 2, place = static_cast<Int>(own[l]);
        for (Int i = 0; i < place; ++i) up += softplus(o[1 + i]) + least, down += softplus(o[1 + count + i]) + least;
      }
      to[(1 + 2 * l) * H + h] = o[0] - down, to[(2 + 2 * l) * H + h] = o[0] + up;
    }
  }
  const Int said = s.intervals == Intervals::own ? 1 + 2 * s.levels : 1;
  for (Int i = 0; i < said; ++i) to_units(to + i * H);
}

void Head::answer(const double* said) const {
  const Int values = s.intervals == Intervals::own ? lines() : s.horizon;
  for (Int i = 0; i < values; ++i) p.out[i] = aggregate(said + i, lines());
  if (s.intervals != Intervals::adaptive) return;
  double spread = p.scaling[1];
  if (s.additive) spread = s.logs() ? m.spread * std::fabs(p.y[row_at(p, *p.end - 1)]) : m.spread;
  give_intervals(p, spread);
}

}  // namespace penstock
