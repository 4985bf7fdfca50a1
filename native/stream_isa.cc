// Chooses the steps for this machine, once.
#include "isa_choice.h"
#include "steps_table.h"

namespace penstock {

namespace generic {
extern const Steps<float> steps_f32;
extern const Steps<double> steps_f64;
}  // namespace generic
#if defined(PENSTOCK_X86)
namespace avx2 {
extern const Steps<float> steps_f32;
extern const Steps<double> steps_f64;
}  // namespace avx2
namespace avx512 {
extern const Steps<float> steps_f32;
extern const Steps<double> steps_f64;
}  // namespace avx512
#endif

const StepTable& step_table() {
  static const StepTable made = [] {
    const IsaChoice isa = choose_isa();
#if defined(PENSTOCK_X86)
    if (isa.place == 2) return StepTable{isa.name, avx512::steps_f32, avx512::steps_f64};
    if (isa.place == 1) return StepTable{isa.name, avx2::steps_f32, avx2::steps_f64};
#endif
    return StepTable{isa.name, generic::steps_f32, generic::steps_f64};
  }();
  return made;
}

}  // namespace penstock
