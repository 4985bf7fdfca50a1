// What this machine's units of multiplication can do: independent chains of fused multiply-adds in registers. Compiled
// once for each instruction set, like kernels.cc, for the benchmark only.
#include "vec.h"

namespace penstock::PENSTOCK_NAMESPACE {

// Runs n rounds of 12 chains (more than latency x units of any machine so far) and gives the FLOPs done. The sum
// leaves through `out`, so that nothing can be left away.
double multiply_add(Int n, float* out) {
  Vec<float> acc[12];
  repeat<12>(PENSTOCK_BODY(i) { acc[i] = splat<float>(1 + i); });
  Vec<float> a = splat<float>(.999f), b = splat<float>(.001f);
  for (Int k = 0; k < n; ++k) {
    asm volatile("" : "+x"(a), "+x"(b));
    repeat<12>(PENSTOCK_BODY(i) { acc[i] = acc[i] * a + b; });
  }
  Vec<float> sum = {};
  repeat<12>(PENSTOCK_BODY(i) { sum += acc[i]; });
  *out = sum[0];
  return 2. * n * 12 * kLanes<float>;
}

}  // namespace penstock::PENSTOCK_NAMESPACE
