// What a row of a series goes through: its errors, the forecast after it, and the interval around that.
#pragma once
#include <limits>

#include "penstock_stream.h"
#include "stream_network.h"

namespace penstock {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

// Rows of the series up to `place` that have a value.
inline Int age(const penstock_series& p, Int place) { return place - (*p.end - *p.count) + 1 - p.network->s.lost(); }

void observe(penstock_series& p, double y);                // the errors of the forecasts made of `y`
void give_intervals(penstock_series& p, double spread);    // around the forecast in `out`
void forecast(penstock_series& p, bool wanted);            // into `out`, where it is wanted

}  // namespace penstock
