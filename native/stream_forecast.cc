// The forecast after the newest row of one series. What the numbers mean is said where Python computes the same:
// data/window_scaling.py, training/window_units.py, forecaster/reader.py, training/heads.py.
#include <algorithm>
#include <cmath>

#include "stream_series.h"

namespace penstock {

namespace {

// ---- windows in their own units

struct Measures {
  double level, spread;
  Int lag;
};

Measures measure(const penstock_series& p, double* sorted) {
  const StreamSizes& s = p.network->s;
  const Int last = *p.end - 1, old = age(p, last), length = std::min(old, s.window);
  const double* y = p.changed + last - length + 1;
  const auto difference = [&](Int period) {  // mean over the rows that have a row so far back; NaN where none has
    double total = 0;
    Int n = 0;
    for (Int i = 0; i < length; ++i)
      if (age(p, last - length + 1 + i) > period) total += std::fabs(y[i] - y[i - period]), ++n;
    return n ? total / static_cast<double>(n) : kNaN;
  };
  Measures found{p.scaling[0], p.scaling[1], 1};
  double best = kInfinity, of_season = kNaN;
  for (Int i = 0; i < s.seasons; ++i) {
    double error = difference(s.season[i]);
    if (i == 0) of_season = error;
    if (std::isnan(error)) error = std::numeric_limits<double>::max();
    if (old >= s.season[i] && error < best) best = error, found.lag = s.season[i];
  }
  if (s.lost() && found.lag == 1) found.lag = 0;
  if (s.spread == Spread::none) return found;
  const double first = y[0], n = static_cast<double>(length);
  double sum = 0, squares = 0, size = 0, most = 0;
  for (Int i = 0; i < length; ++i) {
    sum += y[i] - first, size += std::fabs(y[i]);
    most = std::max(most, std::fabs(y[i]));
  }
  const double mean = sum / n;
  size /= n;
  for (Int i = 0; i < length; ++i) squares += (y[i] - first - mean) * (y[i] - first - mean);
  const double deviation = std::sqrt(squares / n);
  if (s.level == Level::mean) found.level = mean + first;
  else if (s.level == Level::last) found.level = y[length - 1];
  else {
    std::copy(y, y + length, sorted);
    std::sort(sorted, sorted + length);
    found.level = length % 2 ? sorted[length / 2] : (sorted[length / 2 - 1] + sorted[length / 2]) / 2;
  }
  if (s.spread == Spread::series) return found;
  double spread = s.spread == Spread::absolute ? size : deviation;
  if (s.spread == Spread::difference) {
    spread = s.seasons ? of_season : kNaN;
    if (std::isnan(spread)) spread = difference(1);
    if (!std::isnan(spread)) spread = std::max(spread, .02 * deviation);
  }
  if (std::isnan(spread) || length == 1) spread = size;
  found.spread = spread > 1e-9 * most ? spread : 0;
  return found;
}

// What a network is told of a window beside its steps.
template <typename T> T* tell(const penstock_series& p, const Measures& m, T level, T inverse, T* to) {
  const StreamSizes& s = p.network->s;
  const Int last = *p.end - 1, old = age(p, last);
  const T* x = static_cast<const T*>(p.x);
  const auto value = [&](Int place) { return x[place * s.features]; };
  *to++ = static_cast<T>(std::asinh(m.spread > 0 ? m.level / m.spread : 0.));
  *to++ = (value(last) - level) * inverse;
  for (Int i = 0; i < s.seasons; ++i) {
    const Int period = s.season[i], n = std::min(period, s.steps);
    for (Int ahead = 0; ahead < n; ++ahead) {
      const Int place = last - period + 1 + ahead;
      *to++ = ((last - place < old ? value(place) : value(last)) - level) * inverse;
    }
    for (Int ahead = 0; ahead < n; ++ahead) {
      T total = 0, count = 0;
      for (Int back = 0; back < 3; ++back) {
        const Int place = last - period + 1 + ahead - back * period;
        if (last - place < old) total += value(place), count += 1;
      }
      *to++ = ((count > 0 ? total / count : level) - level) * inverse;
    }
  }
  return to;
}

// ---- the network

struct Space {
  double *outputs, *steps, *bounds, *members, *sorted;
};

template <typename T> struct Runner {
  penstock_series& p;
  const penstock_network& net;
  const StreamSizes& s;
  const Packed<T>& packed;
  const Steps<T>& steps;
  T *scratch, *window, *beside, *out;
  Space space;
  Measures m{0, 1, 1};
  T level = 0, inverse = 1;

  explicit Runner(penstock_series& series)
      : p(series), net(*series.network), s(net.s), packed(net.packed<T>()), steps(steps_of<T>()) {
    T* at = static_cast<T*>(p.scratch);
    Int sizes = 0;
    for (const auto& l : net.layers) sizes += steps.scratch_size(l);
    for (const auto& l : net.dense) sizes += steps.scratch_size(l);
    scratch = at, window = scratch + sizes, beside = window + (s.window + s.horizon) * s.features + 64;
    out = beside + packed.beside + 64;
    double* more = reinterpret_cast<double*>(static_cast<char*>(p.scratch) + (packed.scratch * Int(sizeof(T)) + 63) / 64 * 64);
    const Int outputs = s.steps * s.width;
    space.outputs = more, space.bounds = space.outputs + s.members * outputs;
    space.steps = space.bounds + s.members * (1 + 2 * s.levels) * s.horizon;
    space.members = space.steps + 4 * s.horizon, space.sorted = space.members + s.members;
  }

  // Rows of the window, the oldest first; copied where a network reads them otherwise than they are kept.
  const T* rows(Int length) {
    const T* from = static_cast<const T*>(p.x) + (*p.end - length) * s.features;
    if (!s.additive && s.steps == s.horizon) return from;
    std::copy(from, from + length * s.features, window);
    if (s.additive) {
      const Int back = 1 + s.gaps + s.past;
      for (Int t = 0; t < length; ++t) {
        T* x = window + t * s.features;
        x[0] = (x[0] - level) * inverse;
        for (Int i = 0; i < s.seasons; ++i) {
          const T scaled = (x[back + i] - level) * inverse;
          x[back + i] = scaled != scaled ? T(0) : scaled;
        }
        if (x[0] != x[0]) x[0] = 0;
      }
    }
    return window;
  }

  // Outputs of one member for the window at `x`; `ahead` is the step whose known covariates it reads.
  void member(Int k, const T* x, Int length, Int ahead) {
    if (s.flatten) {
      for (Int t = 0; t < s.flatten; ++t) {
        const Int step = length - s.flatten + t;
        for (Int i = 0; i < s.features; ++i)
          beside[t * s.features + i] = step < 0 ? T(0) : x[(s.reverse ? length - 1 - step : step) * s.features + i];
      }
    } else {
      const Stack<T> stack{s.layers, net.layers.data(), packed.stacked[k].data()};
      T* state = s.stateful ? static_cast<T*>(p.state) + k * packed.state : nullptr;
      if (s.stateful) steps.unroll(stack, x + (length - 1) * s.features, s.features, 1, state, scratch, beside);
      else if (s.reverse) steps.unroll(stack, x + (length - 1) * s.features, -s.features, length, nullptr, scratch, beside);
      else steps.unroll(stack, x, s.features, length, nullptr, scratch, beside);
    }
    T* to = beside + packed.top;
    if (s.statics) {
      const T* own = packed.statics + (k * s.series + std::max<Int>(p.number, 0)) * s.statics;
      to = std::copy(own, own + s.statics, to);
    }
    if (s.additive) to = tell<T>(p, m, level, inverse, to);
    const double* map = net.part<double>(s.encoding) + 2 * s.past;
    for (Int h = ahead; h < ahead + s.steps; ++h)
      for (Int i = 0; i < s.known; ++i) *to++ = static_cast<T>((p.ahead[h * s.known + i] - map[2 * i]) / map[2 * i + 1]);
    const Stack<T> above{s.dense, net.dense.data(), packed.stacked[k].data() + s.layers};
    steps.unroll(above, beside, 0, 1, nullptr, scratch, out);
  }

  // Makes scaled steps ahead values in the units of the target.
  void to_units(double* h) const {
    const Int last = *p.end - 1;
    if (s.head == HeadKind::probability) return;
    if (s.summed > 1)
      for (Int i = s.horizon - 1; i > 0; --i) h[i] -= h[i - 1];
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
        case Transform::difference: h[i] = p.y[last] + total; break;
        case Transform::log_return: h[i] = p.y[last] * std::exp(total); break;
        default: break;
      }
    }
  }

  // Mean or median over the members, of values `apart` from member to member.
  double aggregate(const double* values, Int apart) const {
    if (!s.median || s.members < 3) {
      double total = 0;
      for (Int k = 0; k < s.members; ++k) total += values[k * apart];
      return total / static_cast<double>(s.members);
    }
    for (Int k = 0; k < s.members; ++k) space.members[k] = values[k * apart];
    std::sort(space.members, space.members + s.members);
    const Int half = s.members / 2;
    return s.members % 2 ? space.members[half] : (space.members[half - 1] + space.members[half]) / 2;
  }

  static double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

  // Centre, lower and upper bounds of one member into `to`, [1 + 2 levels, horizon].
  void say(const double* outputs, double* to) const {
    const Int H = s.horizon, W = s.width;
    constexpr double least = 1e-4;
    const double* own = net.part<double>(s.own);
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
    const Int lines = s.intervals == Intervals::own ? 1 + 2 * s.levels : 1;
    for (Int i = 0; i < lines; ++i) to_units(to + i * H);
  }

  void forecast(bool wanted) {
    const Int length = std::min(s.additive ? age(p, *p.end - 1) : s.window, s.stateful ? Int(1) : s.window);
    if (s.additive) {
      m = measure(p, space.sorted);
      level = static_cast<T>((m.level - p.scaling[0]) / p.scaling[1]);
      inverse = static_cast<T>(m.spread > 0 ? p.scaling[1] / m.spread : 0);
    }
    const Int outputs = s.steps * s.width, lines = (1 + 2 * s.levels) * s.horizon;
    for (Int k = 0; k < s.members; ++k) {
      const T* x = rows(length);
      double* o = space.outputs + k * outputs;
      double* steps_ahead = space.bounds + k * lines;
      if (s.steps == s.horizon) {
        member(k, x, length, 0);
        for (Int i = 0; i < outputs; ++i) o[i] = static_cast<double>(out[i]);
        say(o, steps_ahead);
        continue;
      }
      const double* map = net.part<double>(s.encoding) + 2 * s.past;
      for (Int h = 0; h < s.horizon; ++h) {  // each step is read as if it had been observed
        member(k, x + h * s.features, length, h);
        T* row = window + (length + h) * s.features;
        std::fill(row, row + s.features, T(0));
        row[0] = out[0];
        for (Int i = 0; s.known_in_window && i < s.known; ++i)
          row[s.features - s.known + i] = static_cast<T>((p.ahead[h * s.known + i] - map[2 * i]) / map[2 * i + 1]);
        steps_ahead[h] = static_cast<double>(out[0]);
      }
      to_units(steps_ahead);
    }
    if (!wanted) return;
    const Int said = s.intervals == Intervals::own ? lines : s.horizon;
    for (Int i = 0; i < said; ++i) p.out[i] = aggregate(space.bounds + i, lines);
    if (s.intervals == Intervals::adaptive) {
      double spread = p.scaling[1];
      if (s.additive) spread = s.logs() ? m.spread * std::fabs(p.y[*p.end - 1]) : m.spread;
      give_intervals(p, spread);
    }
  }
};

}  // namespace

void forecast(penstock_series& p, bool wanted) {
  if (p.network->s.itemsize == 4) Runner<float>(p).forecast(wanted);
  else Runner<double>(p).forecast(wanted);
}

}  // namespace penstock
