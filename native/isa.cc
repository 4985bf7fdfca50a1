// Chooses the table of kernels for this machine, once, when the library is loaded.
#include "isa_choice.h"
#include "table.h"

namespace penstock {

namespace generic {
extern const Layouts<float> f32;
extern const Layouts<double> f64;
}  // namespace generic
#if defined(PENSTOCK_X86)
namespace avx2 {
extern const Layouts<float> f32;
extern const Layouts<double> f64;
}  // namespace avx2
namespace avx512 {
extern const Layouts<float> f32;
extern const Layouts<double> f64;
}  // namespace avx512
#endif

namespace {

struct Choice {
  Table table;
  const char* problem;
};

Choice choose() {
  const Layouts<float>* f32[] = {&generic::f32, nullptr, nullptr};
  const Layouts<double>* f64[] = {&generic::f64, nullptr, nullptr};
#if defined(PENSTOCK_X86)
  f32[1] = &avx2::f32, f64[1] = &avx2::f64;
  f32[2] = &avx512::f32, f64[2] = &avx512::f64;
#endif
  const IsaChoice isa = choose_isa();
  return {{isa.name, *f32[isa.place], *f64[isa.place]}, isa.problem};
}

const Choice& choice() {
  static const Choice made = choose();
  return made;
}

}  // namespace

const Table& table() { return choice().table; }
const char* isa_problem() { return choice().problem; }

}  // namespace penstock
