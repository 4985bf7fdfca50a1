// The rows of a series, and the functions that C programs call.
#include "penstock_stream.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "isa_choice.h"
#include "stream_series.h"

using namespace penstock;

namespace {

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

// f(a value of the state as it is kept, padded; its place among `state_values`), for all of a series.
template <typename T, typename F> void each_state(penstock_series& p, F f) {
  const penstock_network& n = *p.network;
  T* kept = static_cast<T*>(p.state);
  Int place = 0;
  for (Int k = 0; k < n.s.members; ++k)
    for (const auto& l : n.layers) {
      const Int parts = states_of(l), size = steps_of<T>().state_size(l);
      for (Int part = 0; part < parts; ++part)
        for (Int u = 0; u < l.units; ++u) f(kept[part * (size / parts) + u], place++);
      kept += size;
    }
}

void state_from(penstock_series& p, const double* values) {
  if (p.network->s.itemsize == 4) each_state<float>(p, [&](float& to, Int i) { to = static_cast<float>(values[i]); });
  else each_state<double>(p, [&](double& to, Int i) { to = values[i]; });
}

int after_newest(penstock_series& p, int flags) {
  const StreamSizes& s = p.network->s;
  const bool enough = *p.count >= s.least + s.lost(), wanted = enough && !(flags & PENSTOCK_NO_FORECAST);
  if (s.stateful && *p.count > s.lost()) forecast(p, wanted);
  else if (wanted) forecast(p, true);
  if (!wanted && s.intervals == Intervals::adaptive) p.spread[(*p.rows - 1) % s.horizon] = kNaN;
  return wanted ? PENSTOCK_FORECAST : PENSTOCK_TOO_FEW;
}

}  // namespace

extern "C" {

penstock_network* penstock_network_open(const void* bytes, size_t size, char* error) {
  const char* what = "memory ended";
  const IsaChoice isa = choose_isa();
  if (isa.place < 0) {
    std::snprintf(error, 200, "the compiled steps: %s", isa.problem);
    return nullptr;
  }
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
      {"seasons", s.seasons}, {"features", s.features}, {"state", state}, {"state_values", n->state_values()}, {"itemsize", s.itemsize}, {"window", s.errors},
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
  if (s.stateful) state_from(p, n->part<double>(base + parts.state));
  read_rows(p, 0);
  return &p;
}

void penstock_get_state(const penstock_series* series, double* values) {
  auto& p = *const_cast<penstock_series*>(series);
  if (!p.network->s.stateful) return;
  if (p.network->s.itemsize == 4) each_state<float>(p, [&](float& from, Int i) { values[i] = static_cast<double>(from); });
  else each_state<double>(p, [&](double& from, Int i) { values[i] = from; });
}

void penstock_set_state(penstock_series* series, const double* values) {
  if (series->network->s.stateful) state_from(*series, values);
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

int64_t penstock_push_each(penstock_series* const* series, int64_t n, const int64_t* times, const double* y, int flags,
                           int32_t* answers) {
  Int made = 0;
  for (Int i = 0; i < n; ++i) made += (answers[i] = penstock_push(series[i], times[i], y[i], flags)) == PENSTOCK_FORECAST;
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
const char* penstock_stream_problem(void) { return choose_isa().problem; }

}  // extern "C"
