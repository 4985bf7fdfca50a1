// Chooses the table of kernels for this machine, once, when the library is loaded.
#include "isa_choice.h"
#include "table.h"

namespace penstock {

// The tables of the instruction sets that were built.
#define PENSTOCK_DECLARE(isa) \
  namespace isa { \
  extern const Layouts<float> f32; \
  extern const Layouts<double> f64; \
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

namespace {

struct Choice {
  Table table;
  const char* problem;
};

Choice choose() {
  const IsaChoice isa = choose_isa();
#if !defined(PENSTOCK_WITHOUT_GENERIC)
  if (isa.place == 0) return {{isa.name, generic::f32, generic::f64}, isa.problem};
#endif
#if !defined(PENSTOCK_WITHOUT_AVX2)
  if (isa.place == 1) return {{isa.name, avx2::f32, avx2::f64}, isa.problem};
#endif
#if !defined(PENSTOCK_WITHOUT_AVX512)
  if (isa.place == 2) return {{isa.name, avx512::f32, avx512::f64}, isa.problem};
#endif
  return {{}, isa.problem};
}

const Choice& choice() {
  static const Choice made = choose();
  return made;
}

}  // namespace

const Table& table() { return choice().table; }
const char* isa_problem() { return choice().problem; }

}  // namespace penstock
