// Runs every kernel of every instruction set over small and odd shapes, forward, backward and summed, with exactly
// sized buffers, so that AddressSanitizer and UBSan see every access; checks gradients by numerical ones, the kernels of
// tables against plain loops; and orders keys.
// Built and run by native/run.sh; knows nothing of XLA.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <vector>

#include "occurrences.h"
#include "order.h"
#include "problem.h"

using namespace penstock;

namespace {

int failures = 0;
void expect(bool ok, const char* isa, const Shape& s, const char* what) {
  if (ok) return;
  ++failures;
  std::printf("FAILED %s: %s, cell %d, batch %d, time %d, inputs %d, units %d\n", isa, what, static_cast<int>(s.cell),
              static_cast<int>(s.batch), static_cast<int>(s.time), static_cast<int>(s.inputs), static_cast<int>(s.units));
}

void check(const char* isa, const Shape& shape, bool masked, bool ragged, int layout) {
  const Kernels<double>& k = table().f64.at[layout];
  Problem<double> p(shape, masked, ragged);
  p.run(k, true, 1);
  const auto dU = p.dU, dW = p.dW, dh = p.dh0, dx = p.dx;
  p.run(k, true, 3);
  expect(dU == p.dU && dW == p.dW && dh == p.dh0, isa, shape, "three threads give other bits than one");
  struct { Array<double>* value; const Array<double>* gradient; const char* name; } checks[] = {
      {&p.U, &dU, "dU"}, {&p.W, &dW, "dW"}, {&p.h, &dh, "dh"}, {&p.x, shape.need_dx ? &dx : nullptr, "dx"}};
  if (shape.cell == Cell::rnn_relu || shape.batch > 20) return;  // a kink; too slow
  for (auto& c : checks) {
    if (!c.gradient) continue;
    const auto before = *c.value, direction = Problem<double>::random(before.size());
    double losses[2], slope = 0;
    for (int side = 0; side < 2; ++side) {
      for (size_t i = 0; i < before.size(); ++i) (*c.value)[i] = before[i] + (side ? 1e-5 : -1e-5) * direction[i];
      losses[side] = p.loss(k);
    }
    *c.value = before;
    for (size_t i = 0; i < before.size(); ++i) slope += (*c.gradient)[i] * direction[i];
    const double numerical = (losses[1] - losses[0]) / 2e-5;
    expect(std::fabs(slope - numerical) < 1e-6 * (1 + std::fabs(numerical)), isa, shape, c.name);
  }
  Problem<float> single(shape, masked, ragged);
  single.run(table().f32.at[layout], true, 2);
  for (float v : single.dU) expect(std::isfinite(v), isa, shape, "float32 is not finite");
}

// Keys that agree on some digits, or on all, against the library's own stable sort.
void check_order() {
  for (const Int n : {0, 1, 2, 1000, 5000})
    for (const std::uint32_t mask : {0u, 1u, 0x7FFu, 0x3FF800u, 0xFFC00000u, 0x3FFFFFu, 0xFFC007FFu, 0xFFFFFFFFu}) {
      Array<std::uint32_t> keys(n);
      for (auto& key : keys) key = static_cast<std::uint32_t>((uniform() + 1) * 2147483648.0) & mask;
      Array<std::int32_t> want(n), got(n), scratch((order_scratch(n) + 15) / 16 * 16);
      std::iota(want.begin(), want.end(), 0);
      std::stable_sort(want.begin(), want.end(), [&](std::int32_t p, std::int32_t q) { return keys[p] < keys[q]; });
      stable_order(keys.data(), n, got.data(), scratch.data());
      if (got == want) continue;
      ++failures;
      std::printf("FAILED order of %d keys, mask %x\n", static_cast<int>(n), mask);
    }
}

// Rows of a table, summed and updated, against the same written plainly; every array ends where it may be touched last.
template <typename T> void check_rows(const char* isa, const Updates<T>& k, Int n, Int vocabulary, Int units) {
  const auto random = [](Int size) { return Problem<T>::random(size); };
  Array<std::int32_t> ids(n), owner(vocabulary, -7), rows(n), head(n), next(n), touched(vocabulary, 3);
  for (auto& id : ids) id = static_cast<std::int32_t>((uniform() * .5 + .5) * (vocabulary + 2)) - 1;  // -1 .. vocabulary
  const Array<T> gradients = random(n * units);
  Array<T> sums(n * units, T(9)), expected(n * units), space(units);
  find(ids.data(), n, vocabulary, owner.data(), {rows.data(), head.data(), next.data()});
  Rows<T> o{};
  o.vocabulary = vocabulary, o.units = units, o.gradients = gradients.data(), o.rows = rows.data(), o.head = head.data();
  o.next = next.data(), o.sums = sums.data();
  for (Int first = 0; first < n; first = o.end) o.first = first, o.end = first + 5 < n ? first + 5 : n, k.sum_rows(o);
  bool same = true;
  for (Int i = 0; i < n; ++i) {
    Int last = i;
    for (Int j = i; j < n; ++j)
      if (ids[j] == ids[i]) last = j;
    const bool counts = ids[i] >= 0 && ids[i] < vocabulary;
    same = same && rows[i] == (counts && last == i ? ids[i] : vocabulary);
    for (Int u = 0; counts && u < units; ++u) expected[last * units + u] += gradients[i * units + u];
  }
  const Shape sizes{Cell::lstm, n, vocabulary, 0, units, false, false, false, false};  // for the message
  expect(same, isa, sizes, "rows have other owners");
  expect(sums == expected, isa, sizes, "sums of rows");

  for (Int rule = 0; rule < kRules; ++rule) {
    Array<T> table = random(vocabulary * units), m = random(vocabulary * units), v = random(vocabulary * units);
    for (auto* moment : {&m, &v})
      for (T& e : *moment) e = std::fabs(e);
    Array<T> want = table;
    o.first = 0, o.end = n, o.sums = space.data(), o.rule = Rule{rule}, o.learning_rate = .1, o.mean = .9, o.squares = .8;
    o.epsilon = 1e-3, o.rate = T(.5), o.mean_bias = T(.25), o.squares_bias = T(.125), o.number = 7;
    std::fill(touched.begin(), touched.end(), 3);
    for (Int i = 0; i < n; ++i)
      for (Int u = 0; rows[i] < vocabulary && u < units; ++u) {
        const Int at = rows[i] * units + u;
        const double g = expected[i * units + u], s = .2 * g * g + .8 * (rule == 1 ? m[at] * .8 * .8 * .8 : v[at]);
        const double moved = rule == 0 ? g : rule == 1 ? g / std::sqrt(s + 1e-3) : (.9 * m[at] + .1 * g) / .25 / (std::sqrt(s / .125) + 1e-3);
        want[at] = static_cast<T>(want[at] - .1 * .5 * moved);
      }
    o.table = table.data(), o.touched = touched.data();
    o.moments[0] = rule > 0 ? m.data() : nullptr, o.moments[1] = rule > 1 ? v.data() : nullptr;
    k.update_rows(o);
    for (size_t i = 0; i < want.size(); ++i)
      expect(std::fabs(table[i] - want[i]) <= (sizeof(T) == 4 ? 1e-5 : 1e-12) * (1 + std::fabs(want[i])), isa, sizes, "update of rows");
    for (Int i = 0; i < n; ++i) expect(rows[i] == vocabulary || touched[rows[i]] == 7, isa, sizes, "touched");
  }
}

}  // namespace

int main() {
  const char* isa = table().isa;
  const Int sizes[][4] = {{1, 1, 1, 1}, {3, 4, 2, 5}, {20, 9, 1, 20}, {7, 3, 9, 8}, {5, 6, 4, 33}, {70, 40, 7, 24}};
  for (Int cell = 0; cell < kCells; ++cell)
    for (const auto& n : sizes)
      for (int choice = 0; choice < 16 * kLayouts; ++choice) {
        const int option = choice / kLayouts, layout = choice % kLayouts;
        const Shape s{Cell{cell}, n[0], n[1], n[2], n[3], bool(option & 1), bool(option & 2), true, bool(option & 4)};
        check(isa, s, option & 8, option & 1, layout);
        Shape forward_only = s;
        forward_only.keep = false;
        Problem<float>(forward_only, option & 8, option & 2).run(table().f32.at[layout], false, 2);
      }
  const Int tables[][3] = {{1, 1, 1}, {40, 9, 37}, {17, 60, 16}, {33, 5, 4}, {64, 20, 7}};
  for (const auto& n : tables) {
    check_rows(isa, table().f32.updates, n[0], n[1], n[2]);
    check_rows(isa, table().f64.updates, n[0], n[1], n[2]);
  }
  check_order();
  std::printf("%s: %s\n", isa, failures ? "FAILED" : "passed");
  return failures != 0;
}
