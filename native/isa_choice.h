// Which instruction set this machine runs, at most as wide as the environment variable PENSTOCK_ISA says. A build for one
// machine leaves out the sets that its PENSTOCK_WITHOUT_GENERIC, _AVX2 and _AVX512 name.
#pragma once

#if !defined(PENSTOCK_X86)
#define PENSTOCK_WITHOUT_AVX2
#define PENSTOCK_WITHOUT_AVX512
#endif

// PENSTOCK_BUILT(use) is use(place, name) for each instruction set that was built.
#if defined(PENSTOCK_WITHOUT_GENERIC)
#define PENSTOCK_BUILT_GENERIC(use)
#else
#define PENSTOCK_BUILT_GENERIC(use) use(0, generic)
#endif
#if defined(PENSTOCK_WITHOUT_AVX2)
#define PENSTOCK_BUILT_AVX2(use)
#else
#define PENSTOCK_BUILT_AVX2(use) use(1, avx2)
#endif
#if defined(PENSTOCK_WITHOUT_AVX512)
#define PENSTOCK_BUILT_AVX512(use)
#else
#define PENSTOCK_BUILT_AVX512(use) use(2, avx512)
#endif
#define PENSTOCK_BUILT(use) PENSTOCK_BUILT_GENERIC(use) PENSTOCK_BUILT_AVX2(use) PENSTOCK_BUILT_AVX512(use)

namespace penstock {

struct IsaChoice {
  int place;            // of the name among generic, avx2, avx512; -1: this machine runs none that was built
  const char* name;     // null there
  const char* problem;  // null, or why PENSTOCK_ISA was not obeyed, or why there is none
};
IsaChoice choose_isa();

}  // namespace penstock
