// Chooses the steps for this machine, once.
#include "isa_choice.h"
#include "steps_table.h"

namespace penstock {

#define PENSTOCK_DECLARE(place, isa) \
  namespace isa { \
  extern const Steps<float> steps_f32; \
  extern const Steps<double> steps_f64; \
  }
PENSTOCK_BUILT(PENSTOCK_DECLARE)

const StepTable& step_table() {
  static const StepTable made = [] {
    const IsaChoice chosen = choose_isa();
#define PENSTOCK_TAKE(number, isa) \
  if (chosen.place == number) return StepTable{chosen.name, isa::steps_f32, isa::steps_f64};
    PENSTOCK_BUILT(PENSTOCK_TAKE)
    return StepTable{};
  }();
  return made;
}

}  // namespace penstock
