// What a row of a series goes through: its errors, the forecast after it, and the interval around that.
#pragma once
#include <limits>

#include "penstock_stream.h"
#include "stream_network.h"

namespace penstock {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

// Where a row stands in the buffers.
inline Int row_at(const penstock_series& p, Int place) { return place * p.stride; }

// Rows of the series up to `place` that have a value.
inline Int age(const penstock_series& p, Int place) { return place - (*p.end - *p.count) + 1 - p.network->s.lost(); }

// What is done after a row.
struct After {
  bool walked, wanted;  // whether the network reads it; whether a forecast is made
};

void make_room(penstock_series& p, Int n);                 // moves the rows of n series side by side to the front of the buffers
int take_row(penstock_series& p, Int time, double y, int flags);  // 1, or why it was refused
After after_newest(const penstock_series& p, int flags);
int go_on(penstock_series& p, int flags);                  // what after_newest says, by the series alone
void read_rows(penstock_series& p, Int place);             // what the network reads, from a place of the buffers on
void state_from(penstock_series& p, const double* values); // `state_values` of them
void state_into(penstock_series& p, double* values);
void observe(penstock_series& p, double y);                // the errors of the forecasts made of `y`
void give_intervals(penstock_series& p, double spread);    // around the forecast in `out`
void forecast(penstock_series& p, bool wanted);            // into `out`, where it is wanted
// A row of each of n series, `apart` times from one to the next; how many forecasts were made.
Int push_blocks(penstock_series* const* series, Int n, const Int* times, Int apart, const double* y, int flags, int32_t* answers);

}  // namespace penstock
