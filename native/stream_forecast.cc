// The forecast after the newest row of one series. What the numbers mean is said where Python computes the same:
// data/window_scaling.py, training/window_units.py, forecaster/reader.py, training/heads.py.
#include <algorithm>
#include <cmath>

#include "stream_head.h"

namespace penstock {

namespace {

// ---- windows in their own units

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

template <typename T> struct Runner {
  penstock_series& p;
  const penstock_network& net;
  const StreamSizes& s;
  const Packed<T>& packed;
  const Steps<T>& steps;
  T *scratch, *window, *beside, *out;
  double *outputs, *bounds, *sorted;
  Head head;
  T level = 0, inverse = 1;

  explicit Runner(penstock_series& series)
      : p(series), net(*series.network), s(net.s), packed(net.packed<T>()), steps(steps_of<T>()), head{p, s, nullptr} {
    scratch = static_cast<T*>(p.scratch), window = scratch + packed.layers;
    beside = window + (s.window + s.horizon) * s.features + 64, out = beside + packed.beside + 64;
    outputs = reinterpret_cast<double*>(static_cast<char*>(p.scratch) + (packed.scratch * Int(sizeof(T)) + 63) / 64 * 64);
    bounds = outputs + s.members * s.steps * s.width, head.members = bounds + s.members * head.lines();
    sorted = head.members + s.members;
  }

  // Rows of the window, the oldest first; copied where a network reads them otherwise than they are kept.
  const T* rows(Int length) {
    if (s.stateful) return static_cast<const T*>(p.x);
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
      T* state = s.stateful ? static_cast<T*>(p.state) + k * packed.state * p.lanes : nullptr;
      if (s.stateful) steps.unroll(stack, x + (length - 1) * s.features, s.features, 1, state, p.lanes, scratch, beside);
      else if (s.reverse) steps.unroll(stack, x + (length - 1) * s.features, -s.features, length, nullptr, 1, scratch, beside);
      else steps.unroll(stack, x, s.features, length, nullptr, 1, scratch, beside);
    }
    T* to = beside + packed.top;
    if (s.statics) {
      const T* own = packed.statics + (k * s.series + std::max<Int>(p.number, 0)) * s.statics;
      to = std::copy(own, own + s.statics, to);
    }
    if (s.additive) to = tell<T>(p, head.m, level, inverse, to);
    const double* map = net.part<double>(s.encoding) + 2 * s.past;
    for (Int h = ahead; h < ahead + s.steps; ++h)
      for (Int i = 0; i < s.known; ++i) *to++ = static_cast<T>((p.ahead[h * s.known + i] - map[2 * i]) / map[2 * i + 1]);
    const Stack<T> above{s.dense, net.dense.data(), packed.stacked[k].data() + s.layers};
    steps.unroll(above, beside, 0, 1, nullptr, 1, scratch, out);
  }

  void forecast(bool wanted) {
    const Int length = std::min(s.additive ? age(p, *p.end - 1) : s.window, s.stateful ? Int(1) : s.window);
    if (s.additive) {
      head.m = measure(p, sorted);
      level = static_cast<T>((head.m.level - p.scaling[0]) / p.scaling[1]);
      inverse = static_cast<T>(head.m.spread > 0 ? p.scaling[1] / head.m.spread : 0);
    }
    for (Int k = 0; k < s.members; ++k) {
      const T* x = rows(length);
      double *o = outputs + k * s.steps * s.width, *steps_ahead = bounds + k * head.lines();
      if (s.steps == s.horizon) {
        member(k, x, length, 0);
        for (Int i = 0; i < s.steps * s.width; ++i) o[i] = static_cast<double>(out[i]);
        head.say(o, steps_ahead);
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
      head.to_units(steps_ahead);
    }
    if (wanted) head.answer(bounds);
  }
};

}  // namespace

void forecast(penstock_series& p, bool wanted) {
  if (p.network->s.itemsize == 4) Runner<float>(p).forecast(wanted);
  else Runner<double>(p).forecast(wanted);
}

}  // namespace penstock
