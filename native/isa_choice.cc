#include "isa_choice.h"

#include <cstdlib>
#include <cstring>

namespace penstock {

namespace {

struct Isa {
  const char* name;
  bool built;
};
constexpr Isa isas[] = {
#if defined(PENSTOCK_WITHOUT_GENERIC)
    {"generic", false},
#else
    {"generic", true},
#endif
#if defined(PENSTOCK_WITHOUT_AVX2)
    {"avx2", false},
#else
    {"avx2", true},
#endif
#if defined(PENSTOCK_WITHOUT_AVX512)
    {"avx512", false},
#else
    {"avx512", true},
#endif
};

int widest_built(int most) {
  while (most >= 0 && !isas[most].built) --most;
  return most;
}

}  // namespace

IsaChoice choose_isa() {
  int widest = 0;
#if defined(PENSTOCK_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) widest = 1;
  if (widest == 1 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    widest = 2;
#endif
  int most = widest;
  const char* problem = nullptr;
  const char* wish = std::getenv("PENSTOCK_ISA");
  if (wish && *wish) {
    int found = -1;
    for (int i = 0; i < 3; ++i)
      if (!std::strcmp(wish, isas[i].name)) found = i;
    if (found < 0) problem = "PENSTOCK_ISA is none of generic, avx2, avx512; ignored";
    else if (found <= widest) most = found;
    else problem = "this machine lacks what PENSTOCK_ISA asks for; took the next narrower";
  }
  int place = widest_built(most);
  if (most < widest && place < most) {
    problem = place < 0 ? "nothing as narrow as PENSTOCK_ISA asks for was built; ignored"
                        : "what PENSTOCK_ISA asks for was not built; took the next narrower";
    if (place < 0) place = widest_built(widest);
  }
  if (place < 0) return {-1, nullptr, "they were built for an instruction set that this machine lacks: install Penstock again"};
  return {place, isas[place].name, problem};
}

}  // namespace penstock
