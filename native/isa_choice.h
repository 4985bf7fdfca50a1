// Which instruction set this machine runs, at most as wide as the environment variable PENSTOCK_ISA says.
#pragma once

namespace penstock {

struct IsaChoice {
  int place;            // of the name among generic, avx2, avx512
  const char* name;
  const char* problem;  // null, or why PENSTOCK_ISA was not obeyed
};
IsaChoice choose_isa();

}  // namespace penstock
