// What a forecast makes of the outputs of the members: values in the units of the target, means over the members, intervals.
#pragma once
#include "stream_series.h"

namespace penstock {

// A window in its own units.
struct Measures {
  double level, spread;
  Int lag;
};

struct Head {
  penstock_series& p;
  const StreamSizes& s;
  double* members;  // space for one value of each
  Measures m{0, 1, 1};

  Int lines() const { return (1 + 2 * s.levels) * s.horizon; }                  // of a member, centre and bounds
  void to_units(double* h) const;                       // makes scaled steps ahead values in the units of the target
  void say(const double* outputs, double* to) const;    // centre, lower and upper bounds of one member, [1 + 2 levels, horizon]
  void answer(const double* said) const;                // what all members say, into `out`, with intervals
 private:
  double aggregate(const double* values, Int apart) const;
};

}  // namespace penstock
