// One row of a series: its errors, its place in the window, the forecast after it, and the interval around that.
// What the numbers mean is said where Python computes the same: data/window_scaling.py, training/window_units.py,
// forecaster/reader.py, training/heads.py, streaming/bounds.py.
#include "penstock_stream.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "isa_choice.h"
#include "stream_network.h"

using namespace penstock;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

// ---- intervals

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

// ---- rows

Int age(const penstock_series& p, Int place) { return place - (*p.end - *p.count) + 1 - p.network->s.lost(); }

template <typename T> void read_row(penstock_series& p, Int place) {
  const StreamSizes& s = p.network->s;
  const bool first = place == *p.end - *p.count;
  double v = s.logs() ? std::log(p.y[place]) : p.y[place];
  if (s.lost()) v = first ? 0 : v - (s.logs() ? std::log(p.y[place - 1]) : p.y[place - 1]);
  p.changed[place] = v;
  if (p.scaling[1] == 0 && place - (*p.end - *p.count) >= s.lost()) {
    p.scaling[0] = s.additive && s.lost() ? 0 : v;
    p.scaling[1] = v == 0 ? 1 : std::fabs(v);
  }
  const double shift = p.scaling[0], scale = p.scaling[1] == 0 ? 1 : p.scaling[1];
  T* x = static_cast<T*>(p.x) + place * s.features;
  const double *given = p.covariates + place * s.covariates(), *map = p.network->part<double>(s.encoding);
  *x++ = static_cast<T>((v - shift) / scale);
  if (s.gaps) *x++ = static_cast<T>(p.filled[place]);
  for (Int i = 0; i < s.past; ++i) *x++ = static_cast<T>((given[i] - map[2 * i]) / map[2 * i + 1]);
  for (Int i = 0; i < s.seasons; ++i)
    *x++ = age(p, place) > s.season[i] ? static_cast<T>((p.changed[place - s.season[i]] - shift) / scale) : static_cast<T>(kNaN);
  for (Int i = 0; i < 2 * s.seasons; ++i) *x++ = static_cast<T>(given[s.past + s.known + i]);
  if (s.known_in_window)
    for (Int i = s.past; i < s.past + s.known; ++i) *x++ = static_cast<T>((given[i] - map[2 * i]) / map[2 * i + 1]);
}

void read_rows(penstock_series& p, Int place) {
  for (; place < *p.end; ++place) p.network->s.itemsize == 4 ? read_row<float>(p, place) : read_row<double>(p, place);
}

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

void run(penstock_series& p, bool wanted) {
  if (p.network->s.itemsize == 4) Runner<float>(p).forecast(wanted);
  else Runner<double>(p).forecast(wanted);
}

int after_newest(penstock_series& p, int flags) {
  const StreamSizes& s = p.network->s;
  const bool enough = *p.count >= s.least + s.lost(), wanted = enough && !(flags & PENSTOCK_NO_FORECAST);
  if (s.stateful && *p.count > s.lost()) run(p, wanted);
  else if (wanted) run(p, true);
  if (!wanted && s.intervals == Intervals::adaptive) p.spread[(*p.rows - 1) % s.horizon] = kNaN;
  return wanted ? PENSTOCK_FORECAST : PENSTOCK_TOO_FEW;
}

}  // namespace

extern "C" {

penstock_network* penstock_network_open(const void* bytes, size_t size, char* error) {
  const char* what = "memory ended";
  try {
    return open_network(bytes, size).release();
  } catch (const std::runtime_error& found) {
    std::snprintf(error, 200, "%s", found.what());
  } catch (...) {
    std::snprintf(error, 200, "%s", what);
  }
  return nullptr;
}

void penstock_network_close(penstock_network* network) { delete network; }

int64_t penstock_size(const penstock_network* n, const char* name) {
  const StreamSizes& s = n->s;
  const Int state = s.stateful ? s.members * (s.itemsize == 4 ? n->f32.state : n->f64.state) : 0;
  const struct { const char* name; Int size; } sizes[] = {
      {"series", s.series}, {"horizon", s.horizon}, {"levels", s.levels}, {"past", s.past}, {"known", s.known},
      {"seasons", s.seasons}, {"features", s.features}, {"state", state}, {"itemsize", s.itemsize}, {"window", s.errors},
      {"kept", s.kept}, {"scratch", n->scratch_bytes()}};
  for (const auto& each : sizes)
    if (!std::strcmp(each.name, name)) return each.size;
  return -1;
}

penstock_series* penstock_series_new(const penstock_network* n, int64_t number) {
  const StreamSizes& s = n->s;
  if (number < -1 || number >= s.series) return nullptr;
  const Int K = 2 * s.kept, H = s.horizon, state = penstock_size(n, "state");
  const Int sizes[] = {8, 8, K * 8, K * 8, K, K * s.covariates() * 8, K * 8, K * s.features * s.itemsize,
                       state * s.itemsize, 16, H * s.errors * 8, H * s.errors * 8, H * 8, H * 8, H * s.levels * 8, H * H * 8,
                       H * s.levels * H * 8, H * 8, 8, s.covariates() * 8, H * s.known * 8, (1 + 2 * s.levels) * H * 8,
                       n->scratch_bytes()};
  Int total = (sizeof(penstock_series) + 63) / 64 * 64;
  for (const Int size : sizes) total += (size + 63) / 64 * 64;
  char* memory = static_cast<char*>(std::aligned_alloc(64, static_cast<size_t>(total)));
  if (!memory) return nullptr;
  std::memset(memory, 0, static_cast<size_t>(total));
  auto& p = *reinterpret_cast<penstock_series*>(memory);
  memory += (sizeof(penstock_series) + 63) / 64 * 64;
  int at = 0;
  const auto take = [&](auto*& to) {
    to = reinterpret_cast<std::remove_reference_t<decltype(to)>>(memory);
    memory += (sizes[at++] + 63) / 64 * 64;
  };
  const auto take_void = [&](void*& to) {
    to = memory;
    memory += (sizes[at++] + 63) / 64 * 64;
  };
  p.network = n, p.number = number, p.kept = s.kept;
  take(p.count), take(p.end), take(p.times), take(p.y), take(p.filled), take(p.covariates), take(p.changed), take_void(p.x);
  take_void(p.state), take(p.scaling), take(p.queue), take(p.ordered), take(p.held), take(p.oldest), take(p.alpha);
  take(p.made), take(p.half), take(p.spread), take(p.rows), take(p.row), take(p.ahead), take(p.out), take_void(p.scratch);
  for (Int h = 0; h < H; ++h) {
    p.spread[h] = kNaN;
    for (Int l = 0; l < s.levels; ++l) p.alpha[h * s.levels + l] = n->part<double>(s.targets)[l];
  }
  if (number < 0) return &p;
  p.step = n->part<Int>(s.steps_at)[number];
  std::memcpy(p.scaling, n->part<double>(s.scaling) + 2 * number, 16);
  if (!s.rows) return &p;
  const SeriesParts parts(*n);
  const Int base = s.rows + number * parts.size;
  const auto load = [&](auto* to, Int part, Int values) { std::memcpy(to, n->at(base + part), static_cast<size_t>(values) * 8); };
  Int count = 0;
  load(&count, parts.count, 1), load(p.rows, parts.rows, 1);
  *p.count = *p.end = std::min(std::max<Int>(count, 0), s.kept);
  load(p.times, parts.times, s.kept), load(p.y, parts.y, s.kept), load(p.covariates, parts.covariates, s.kept * s.covariates());
  for (Int i = 0; i < s.kept; ++i) p.filled[i] = n->part<Int>(base + parts.filled)[i] != 0;
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
  if (s.stateful) std::memcpy(p.state, n->at(base + parts.state), static_cast<size_t>(state * s.itemsize));
  read_rows(p, 0);
  return &p;
}

void penstock_series_free(penstock_series* series) { std::free(series); }

int penstock_push(penstock_series* series, int64_t time, double y, int flags) {
  penstock_series& p = *series;
  const StreamSizes& s = p.network->s;
  const Int covariates = s.covariates();
  const bool missing = std::isnan(y);
  if (*p.count) {
    if (!(flags & PENSTOCK_ANY_TIME) && p.step && time - p.times[*p.end - 1] != p.step) return PENSTOCK_OFF_STEP;
    if (missing && !(flags & PENSTOCK_CARRY)) return PENSTOCK_MISSING;
  } else {
    bool whole = !missing;
    for (Int i = 0; i < covariates; ++i) whole = whole && !std::isnan(p.row[i]);
    if (!whole) return PENSTOCK_NO_FIRST;
  }
  if (std::isinf(y) || (s.logs() && y <= 0)) return PENSTOCK_NOT_FINITE;
  observe(p, y);
  if (*p.end == 2 * p.kept) {
    const Int keep = p.kept - 1, from = 2 * p.kept - keep;
    std::copy(p.times + from, p.times + from + keep, p.times), std::copy(p.y + from, p.y + from + keep, p.y);
    std::copy(p.filled + from, p.filled + from + keep, p.filled);
    std::copy(p.changed + from, p.changed + from + keep, p.changed);
    std::copy(p.covariates + from * covariates, p.covariates + (from + keep) * covariates, p.covariates);
    std::memmove(p.x, static_cast<char*>(p.x) + from * s.features * s.itemsize, static_cast<size_t>(keep * s.features * s.itemsize));
    *p.end = keep;
  }
  const Int place = (*p.end)++;
  if (*p.count < p.kept) ++*p.count;
  p.times[place] = time, p.filled[place] = missing, p.y[place] = missing ? p.y[place - 1] : y;
  for (Int i = 0; i < covariates; ++i)
    p.covariates[place * covariates + i] = std::isnan(p.row[i]) ? p.covariates[(place - 1) * covariates + i] : p.row[i];
  read_rows(p, place);
  return after_newest(p, flags);
}

int64_t penstock_push_many(penstock_series* const* series, int64_t n, int64_t time, const double* y, int flags, int32_t* answers) {
  Int made = 0;
  for (Int i = 0; i < n; ++i) made += (answers[i] = penstock_push(series[i], time, y[i], flags)) == PENSTOCK_FORECAST;
  return made;
}

void penstock_reload(penstock_series* series, int64_t place) {
  read_rows(*series, std::max<Int>(place, *series->end - *series->count));
}

int penstock_forecast(penstock_series* series) {
  if (!*series->count || series->network->s.stateful) return PENSTOCK_TOO_FEW;
  return after_newest(*series, 0);
}

const char* penstock_stream_isa(void) { return step_table().isa; }

}  // extern "C"
