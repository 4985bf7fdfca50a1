#include "isa_choice.h"

#include <cstdlib>
#include <cstring>

namespace penstock {

IsaChoice choose_isa() {
  const char* names[] = {"generic", "avx2", "avx512"};
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
      if (!std::strcmp(wish, names[i])) found = i;
    if (found < 0) problem = "PENSTOCK_ISA is none of generic, avx2, avx512; ignored";
    else if (found <= widest) most = found;
    else problem = "this machine lacks what PENSTOCK_ISA asks for; took the next narrower";
  }
  return {most, names[most], problem};
}

}  // namespace penstock
