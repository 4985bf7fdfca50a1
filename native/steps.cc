// Compiled for each instruction set, as kernels.cc is; nothing of std:: belongs here.
#include "lanes.h"

namespace penstock::PENSTOCK_NAMESPACE {

template <typename T> constexpr Steps<T> steps() {
  return {packed_size<T>, state_size<T>, scratch_size<T>, pack<T>, unroll<T>, step_lanes<T>, kLanes<T>};
}

extern const Steps<float> steps_f32;
extern const Steps<double> steps_f64;
const Steps<float> steps_f32 = steps<float>();
const Steps<double> steps_f64 = steps<double>();

}  // namespace penstock::PENSTOCK_NAMESPACE
