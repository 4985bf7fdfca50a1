// The stable ascending order of 32-bit keys, as an LSD radix sort. Knows nothing of XLA.
#pragma once
#include <cstdint>
#include <utility>

#include "table.h"

namespace penstock {

// Eleven bits take three passes where eight take four, and the places of a digit's values (8 KB) stay in the first cache.
constexpr int kDigitBits = 11, kDigits = 3;
constexpr Int kDigitValues = Int{1} << kDigitBits;

// Values of scratch that the order of n keys needs.
inline Int order_scratch(Int n) { return n + kDigits * kDigitValues; }

// Writes to result[0 .. n) where the smallest key stands, the next, ...; equal keys stay in the order of their places.
// Only places are moved, and keys read where they lie: pairs would take two thirds more memory, and are no faster.
inline void stable_order(const std::uint32_t* keys, Int n, std::int32_t* result, std::int32_t* scratch) {
  std::int32_t* const counts = scratch + n;
  const auto digit = [](std::uint32_t key, int d) { return key >> (d * kDigitBits) & (kDigitValues - 1); };
  for (Int v = 0; v < kDigits * kDigitValues; ++v) counts[v] = 0;
  for (Int i = 0; i < n; ++i)
    for (int d = 0; d < kDigits; ++d) ++counts[d * kDigitValues + digit(keys[i], d)];
  int telling[kDigits], passes = 0;  // a digit on which all keys agree tells nothing
  for (int d = 0; d < kDigits && n > 0; ++d)
    if (counts[d * kDigitValues + digit(keys[0], d)] < n) telling[passes++] = d;

  std::int32_t *from = result, *to = scratch;
  if (passes % 2) std::swap(from, to);  // the last pass writes to the result
  for (Int i = 0; i < n; ++i) from[i] = static_cast<std::int32_t>(i);
  for (int p = 0; p < passes; ++p) {
    const int d = telling[p];
    std::int32_t* const place = counts + d * kDigitValues;
    std::int32_t next = 0;
    for (Int v = 0; v < kDigitValues; ++v) next += std::exchange(place[v], next);
    for (Int i = 0; i < n; ++i) to[place[digit(keys[from[i]], d)]++] = from[i];
    std::swap(from, to);
  }
}

}  // namespace penstock
