// Chooses the table of kernels for this machine, once, when the library is loaded.
#include "isa_choice.h"
#include "table.h"

namespace penstock {

#define PENSTOCK_DECLARE(place, isa) \
  namespace isa { \
  extern const Layouts<float> f32; \
  extern const Layouts<double> f64; \
  }
PENSTOCK_BUILT(PENSTOCK_DECLARE)

namespace {

struct Choice {
  Table table;
  const char* problem;
};

Choice choose() {
  const IsaChoice chosen = choose_isa();
#define PENSTOCK_TAKE(number, isa) \
  if (chosen.place == number) return {{chosen.name, isa::f32, isa::f64}, chosen.problem};
  PENSTOCK_BUILT(PENSTOCK_TAKE)
  return {{}, chosen.problem};
}

const Choice& choice() {
  static const Choice made = choose();
  return made;
}

}  // namespace

const Table& table() { return choice().table; }
const char* isa_problem() { return choice().problem; }

}  // namespace penstock
