// The rows of a series: what is taken, what the network reads of it, and the state that is carried along.
#include <algorithm>
#include <cmath>

#include "stream_series.h"

namespace penstock {

namespace {

template <typename T> void read_row(penstock_series& p, Int place) {
  const StreamSizes& s = p.network->s;
  const Int at = row_at(p, place), before = at - p.stride;
  const bool first = place == *p.end - *p.count;
  double v = s.logs() ? std::log(p.y[at]) : p.y[at];
  if (s.lost()) v = first ? 0 : v - (s.logs() ? std::log(p.y[before]) : p.y[before]);
  if (!s.stateful) p.changed[at] = v;
  if (p.scaling[1] == 0 && place - (*p.end - *p.count) >= s.lost()) {
    p.scaling[0] = s.additive && s.lost() ? 0 : v;
    p.scaling[1] = v == 0 ? 1 : std::fabs(v);
  }
  const double shift = p.scaling[0], scale = p.scaling[1] == 0 ? 1 : p.scaling[1];
  T* x = static_cast<T*>(p.x) + (s.stateful ? 0 : place * s.features);
  const double *given = p.covariates + at * s.covariates(), *map = p.network->part<double>(s.encoding);
  *x++ = static_cast<T>((v - shift) / scale);
  if (s.gaps) *x++ = static_cast<T>(p.filled[at]);
  for (Int i = 0; i < s.past; ++i) *x++ = static_cast<T>((given[i] - map[2 * i]) / map[2 * i + 1]);
  for (Int i = 0; i < s.seasons; ++i)
    *x++ = age(p, place) > s.season[i] ? static_cast<T>((p.changed[place - s.season[i]] - shift) / scale) : static_cast<T>(kNaN);
  for (Int i = 0; i < 2 * s.seasons; ++i) *x++ = static_cast<T>(given[s.past + s.known + i]);
  if (s.known_in_window)
    for (Int i = s.past; i < s.past + s.known; ++i) *x++ = static_cast<T>((given[i] - map[2 * i]) / map[2 * i + 1]);
}

// Rows from the one at `from` on move to the front of a buffer: `keep` of them, `apart`, of which `width` values each.
template <typename V> void move_rows(V* rows, Int from, Int keep, Int apart, Int width) {
  if (apart == width) {
    std::copy(rows + from * width, rows + (from + keep) * width, rows);
    return;
  }
  for (Int row = 0; row < keep; ++row, rows += apart) std::copy(rows + from * apart, rows + from * apart + width, rows);
}

// f(a value of the state as it is kept, padded; its place among `state_values`), for all of a series.
template <typename T, typename F> void each_state(penstock_series& p, F f) {
  const penstock_network& n = *p.network;
  T* kept = static_cast<T*>(p.state);
  Int place = 0;
  for (Int k = 0; k < n.s.members; ++k)
    for (const auto& l : n.layers) {
      const Int parts = states_of(l), size = steps_of<T>().state_size(l);
      for (Int part = 0; part < parts; ++part)
        for (Int u = 0; u < l.units; ++u) f(kept[(part * (size / parts) + u) * p.lanes], place++);
      kept += size * p.lanes;
    }
}

}  // namespace

void read_rows(penstock_series& p, Int place) {
  for (; place < *p.end; ++place) p.network->s.itemsize == 4 ? read_row<float>(p, place) : read_row<double>(p, place);
}

void state_from(penstock_series& p, const double* values) {
  if (p.network->s.itemsize == 4) each_state<float>(p, [&](float& to, Int i) { to = static_cast<float>(values[i]); });
  else each_state<double>(p, [&](double& to, Int i) { to = values[i]; });
}

void state_into(penstock_series& p, double* values) {
  if (p.network->s.itemsize == 4) each_state<float>(p, [&](float& from, Int i) { values[i] = static_cast<double>(from); });
  else each_state<double>(p, [&](double& from, Int i) { values[i] = from; });
}

void make_room(penstock_series& p, Int n) {
  const StreamSizes& s = p.network->s;
  const Int keep = p.kept - 1, from = 2 * p.kept - keep, apart = p.stride, wide = s.covariates();
  move_rows(p.times, from, keep, apart, n), move_rows(p.y, from, keep, apart, n);
  move_rows(p.filled, from, keep, apart, n);
  if (wide) move_rows(p.covariates, from, keep, apart * wide, n * wide);
  const Int x = s.features * s.itemsize;
  if (!s.stateful) move_rows(p.changed, from, keep, 1, 1), move_rows(static_cast<char*>(p.x), from, keep, x, x);
  for (Int i = 0; i < n; ++i) p.end[i] = keep;
}

int take_row(penstock_series& p, Int time, double y, int flags) {
  const StreamSizes& s = p.network->s;
  const Int covariates = s.covariates();
  const bool missing = std::isnan(y);
  if (*p.count) {
    if (!(flags & PENSTOCK_ANY_TIME) && p.step && time - p.times[row_at(p, *p.end - 1)] != p.step) return PENSTOCK_OFF_STEP;
    if (missing && !(flags & PENSTOCK_CARRY)) return PENSTOCK_MISSING;
  } else {
    bool whole = !missing;
    for (Int i = 0; i < covariates; ++i) whole = whole && !std::isnan(p.row[i]);
    if (!whole) return PENSTOCK_NO_FIRST;
  }
  if (std::isinf(y) || (s.logs() && y <= 0)) return PENSTOCK_NOT_FINITE;
  observe(p, y);
  if (*p.end == 2 * p.kept) make_room(p, 1);
  const Int place = (*p.end)++, at = row_at(p, place), before = at - p.stride;
  if (*p.count < p.kept) ++*p.count;
  p.times[at] = time, p.filled[at] = missing, p.y[at] = missing ? p.y[before] : y;
  for (Int i = 0; i < covariates; ++i)
    p.covariates[at * covariates + i] = std::isnan(p.row[i]) ? p.covariates[before * covariates + i] : p.row[i];
  read_rows(p, place);
  return 1;
}

After after_newest(const penstock_series& p, int flags) {
  const StreamSizes& s = p.network->s;
  const bool wanted = *p.count >= s.least + s.lost() && !(flags & PENSTOCK_NO_FORECAST);
  if (!wanted && s.intervals == Intervals::adaptive) p.spread[(*p.rows - 1) % s.horizon] = kNaN;
  return {wanted || (s.stateful && *p.count > s.lost()), wanted};
}

int go_on(penstock_series& p, int flags) {
  const After after = after_newest(p, flags);
  if (after.walked) forecast(p, after.wanted);
  return after.wanted ? PENSTOCK_FORECAST : PENSTOCK_TOO_FEW;
}

}  // namespace penstock
