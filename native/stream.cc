// The functions that C programs call.
#include "penstock_stream.h"

#include <algorithm>
#include <cstdio>

#include "isa_choice.h"
#include "stream_series.h"

using namespace penstock;

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
      {"kept", s.kept}, {"scratch", n->scratch_bytes()}, {"lanes", s.itemsize == 4 ? steps_of<float>().lanes : steps_of<double>().lanes}};
  for (const auto& each : sizes)
    if (!std::strcmp(each.name, name)) return each.size;
  return -1;
}

void penstock_get_state(const penstock_series* series, double* values) {
  if (series->network->s.stateful) state_into(*const_cast<penstock_series*>(series), values);
}

void penstock_set_state(penstock_series* series, const double* values) {
  if (series->network->s.stateful) state_from(*series, values);
}

int penstock_push(penstock_series* series, int64_t time, double y, int flags) {
  const int taken = take_row(*series, time, y, flags);
  return taken < 0 ? taken : go_on(*series, flags);
}

int64_t penstock_push_many(penstock_series* const* series, int64_t n, int64_t time, const double* y, int flags, int32_t* answers) {
  return push_blocks(series, n, &time, 0, y, flags, answers);
}

int64_t penstock_push_each(penstock_series* const* series, int64_t n, const int64_t* times, const double* y, int flags,
                           int32_t* answers) {
  return push_blocks(series, n, times, 1, y, flags, answers);
}

void penstock_outputs(penstock_series* const* series, int64_t n, double* values) {
  const Int each = n > 0 ? (1 + 2 * series[0]->network->s.levels) * series[0]->network->s.horizon : 0;
  for (Int i = 0; i < n; ++i) values = std::copy(series[i]->out, series[i]->out + each, values);
}

void penstock_reload(penstock_series* series, int64_t place) {
  read_rows(*series, std::max<Int>(place, *series->end - *series->count));
}

int penstock_forecast(penstock_series* series) {
  if (!*series->count || series->network->s.stateful) return PENSTOCK_TOO_FEW;
  return go_on(*series, 0);
}

const char* penstock_stream_isa(void) { return step_table().isa; }
const char* penstock_stream_problem(void) { return choose_isa().problem; }

}  // extern "C"
