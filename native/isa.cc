// Chooses the table of kernels for this machine, once, when the library is loaded.
#include <cstdlib>
#include <cstring>

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
  const char* names[] = {"generic", "avx2", "avx512"};
  const Layouts<float>* f32[] = {&generic::f32, nullptr, nullptr};
  const Layouts<double>* f64[] = {&generic::f64, nullptr, nullptr};
  int widest = 0;
#if defined(PENSTOCK_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) widest = 1;
  if (widest == 1 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    widest = 2;
  f32[1] = &avx2::f32, f64[1] = &avx2::f64;
  f32[2] = &avx512::f32, f64[2] = &avx512::f64;
#endif
  int most = widest;
  const char* problem = nullptr;
  const char* wish = std::getenv("PENSTOCK_ISA");
  if (wish && *wish) {
    int found = -1;
    for (int i = 0; i < 3; ++i)
      if (!std::strcmp(wish, names[i])) found = i;
    if (found < 0) problem = "PENSTOCK_ISA is none of generic, avx2, avx512; ignored";
    else if (found <= widest) most = found;
    else problem = "this machine lacks what PENSTOCK_ISA asks for; took the next narrower";
  }
  return {{names[most], *f32[most], *f64[most]}, problem};
}

const Choice& choice() {
  static const Choice made = choose();
  return made;
}

}  // namespace

const Table& table() { return choice().table; }
const char* isa_problem() { return choice().problem; }

}  // namespace penstock
