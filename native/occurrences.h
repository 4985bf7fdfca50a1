// Occurrences of one row find each other, without sorting: the last of them to sign the row owns it.
#pragma once
#include "table.h"

namespace penstock {

// What is found out about n occurrences. The ones of a row are a chain in their order: next[i] follows i, and the owner,
// which is the last, ends it.
struct Occurrences {
  std::int32_t* rows;  // [n] the row, at its owner; the vocabulary, which is no row, at all others
  std::int32_t* head;  // [n] at an owner: the first of its row
  std::int32_t* next;  // [n]
};

// Ids outside the table do not count. `owner` [vocabulary] may hold anything: a row is signed before it is read.
inline void find(const std::int32_t* ids, Int n, Int vocabulary, std::int32_t* owner, const Occurrences& found) {
  const auto counts = [&](Int i) { return ids[i] >= 0 && ids[i] < vocabulary; };
  for (Int i = 0; i < n; ++i) {
    found.head[i] = static_cast<std::int32_t>(i);
    if (counts(i)) owner[ids[i]] = static_cast<std::int32_t>(i);
  }
  // From the last to the first: each goes before its row's head so far. What an owner calls next is never read.
  for (Int i = n; i-- > 0;) {
    const bool in = counts(i);
    const std::int32_t last = in ? owner[ids[i]] : static_cast<std::int32_t>(i);
    found.rows[i] = in && last == i ? ids[i] : static_cast<std::int32_t>(vocabulary);
    found.next[i] = found.head[last];
    found.head[last] = static_cast<std::int32_t>(i);
  }
}

}  // namespace penstock
