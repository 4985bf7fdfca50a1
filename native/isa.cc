// Chooses the table of kernels for this machine, once, when the library is loaded.
#include <cstdlib>
#include <cstring>

#include "table.h"

namespace penstock {

#define PENSTOCK_DECLARE(isa) \
  namespace isa { extern const Table table; }
PENSTOCK_DECLARE(generic)
#if defined(PENSTOCK_X86)
PENSTOCK_DECLARE(avx2)
PENSTOCK_DECLARE(avx512)
#endif

namespace {

struct Choice {
  const Table* table;
  const char* problem;
};

Choice choose() {
  const char* names[] = {"generic", "avx2", "avx512"};
  const Table* tables[] = {&generic::table, nullptr, nullptr};
#if defined(PENSTOCK_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables[1] = &avx2::table;
  if (tables[1] && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    tables[2] = &avx512::table;
#endif
  int most = 2;
  const char* problem = nullptr;
  const char* wish = std::getenv("PENSTOCK_ISA");
  if (wish && *wish) {
    int found = -1;
    for (int i = 0; i < 3; ++i)
      if (!std::strcmp(wish, names[i])) found = i;
    if (found < 0) problem = "PENSTOCK_ISA is none of generic, avx2, avx512; ignored";
    else most = found;
    if (found >= 0 && !tables[found]) problem = "this machine lacks what PENSTOCK_ISA asks for; took the next narrower";
  }
  while (!tables[most]) --most;
  return {tables[most], problem};
}

const Choice& choice() {
  static const Choice made = choose();
  return made;
}

}  // namespace

const Table& table() { return *choice().table; }
const char* isa_problem() { return choice().problem; }

}  // namespace penstock
