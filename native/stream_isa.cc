// Chooses the steps for this machine, once.
#include "isa_choice.h"
#include "steps_table.h"

namespace penstock {

// The tables of the instruction sets that were built.
#define PENSTOCK_DECLARE(isa) \
  namespace isa { \
  extern const Steps<float> steps_f32; \
  extern const Steps<double> steps_f64; \
  }
#if !defined(PENSTOCK_WITHOUT_GENERIC)
PENSTOCK_DECLARE(generic)
#endif
#if !defined(PENSTOCK_WITHOUT_AVX2)
PENSTOCK_DECLARE(avx2)
#endif
#if !defined(PENSTOCK_WITHOUT_AVX512)
PENSTOCK_DECLARE(avx512)
#endif

const StepTable& step_table() {
  static const StepTable made = [] {
    const IsaChoice isa = choose_isa();
#if !defined(PENSTOCK_WITHOUT_GENERIC)
    if (isa.place == 0) return StepTable{isa.name, generic::steps_f32, generic::steps_f64};
#endif
#if !defined(PENSTOCK_WITHOUT_AVX2)
    if (isa.place == 1) return StepTable{isa.name, avx2::steps_f32, avx2::steps_f64};
#endif
#if !defined(PENSTOCK_WITHOUT_AVX512)
    if (isa.place == 2) return StepTable{isa.name, avx512::steps_f32, avx512::steps_f64};
#endif
    return StepTable{};
  }();
  return made;
}

}  // namespace penstock
