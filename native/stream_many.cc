// Rows of many series at once: series of one stateful network are stepped together, a lane each.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

#include "stream_head.h"

namespace penstock {

namespace {

constexpr Int kMostLanes = 16;

template <typename T> struct Lanes {
  const penstock_network& net;
  const StreamSizes& s;
  const Packed<T>& packed;
  const Steps<T>& steps;
  const Int L;
  T *x, *state, *scratch, *beside, *out;
  double *outputs, *said, *members;

  // Values, of T and of double, that a network of so many sizes needs.
  static Int values(const penstock_network& n) {
    const Packed<T>& p = n.packed<T>();
    return steps_of<T>().lanes * (n.s.features + p.state + p.layers + p.beside + n.s.steps * n.s.width) + 64;
  }
  static Int doubles(const penstock_network& n) {
    return n.s.members + kMostLanes * n.s.members * (1 + 2 * n.s.levels) * n.s.horizon + n.s.steps * n.s.width;
  }

  Lanes(const penstock_network& n, double* space) : net(n), s(n.s), packed(n.packed<T>()), steps(steps_of<T>()), L(steps.lanes) {
    outputs = space, members = outputs + s.steps * s.width, said = members + s.members;
    auto at = reinterpret_cast<std::uintptr_t>(space + doubles(n));
    x = reinterpret_cast<T*>((at + 63) / 64 * 64);
    state = x + s.features * L, scratch = state + packed.state * L, beside = scratch + packed.layers * L;
    out = beside + packed.beside * L;
  }

  // Whether the states of n series are those of one block.
  bool stand_in_lanes(penstock_series* const* p, Int n) const {
    for (Int i = 0; i < n; ++i)
      if (p[i]->lanes != L || p[i]->lane != i || static_cast<const T*>(p[i]->state) != static_cast<const T*>(p[0]->state) + i) return false;
    return n == L;
  }

  // The rows of n series, at most L, that were taken; `wanted` of them are forecast.
  void step(penstock_series* const* p, const bool* wanted, Int n) {
    const bool whole = stand_in_lanes(p, n);
    for (Int f = 0; f < s.features; ++f)
      for (Int i = 0; i < L; ++i) x[f * L + i] = i < n ? static_cast<const T*>(p[i]->x)[f] : T(0);
    for (Int k = 0; k < s.members; ++k) {
      const Int own = k * packed.state;
      if (whole) {
        member(k, static_cast<T*>(p[0]->state) + own * L, [&] { tell(p, k, n); });
      } else {
        for (Int i = 0; i < L; ++i) {
          const T* from = i < n ? static_cast<const T*>(p[i]->state) + own * p[i]->lanes : nullptr;
          for (Int v = 0; v < packed.state; ++v) state[v * L + i] = from ? from[v * p[i]->lanes] : T(0);
        }
        member(k, state, [&] { tell(p, k, n); });
        for (Int i = 0; i < n; ++i) {
          T* to = static_cast<T*>(p[i]->state) + own * p[i]->lanes;
          for (Int v = 0; v < packed.state; ++v) to[v * p[i]->lanes] = state[v * L + i];
        }
      }
      for (Int i = 0; i < n; ++i) {
        if (!wanted[i]) continue;
        for (Int o = 0; o < s.steps * s.width; ++o) outputs[o] = static_cast<double>(out[o * L + i]);
        const Head head{*p[i], s, members};
        head.say(outputs, said + (i * s.members + k) * head.lines());
      }
    }
    for (Int i = 0; i < n; ++i) {
      if (!wanted[i]) continue;
      const Head head{*p[i], s, members};
      head.answer(said + i * s.members * head.lines());
    }
  }

  // A step of a member's layers in its lanes, from `x` to `out`.
  template <typename F> void member(Int k, T* own, F tell_more) {
    const Stack<T> stack{s.layers, net.layers.data(), packed.stacked[k].data()};
    steps.step_lanes(stack, x, own, scratch, beside);
    tell_more();
    const Stack<T> above{s.dense, net.dense.data(), packed.stacked[k].data() + s.layers};
    steps.step_lanes(above, beside, nullptr, scratch, out);
  }

  // Whether the rows and forecasts of a network are plain: no covariates, values that are scaled and no more, mean of members.
  bool plain() const {
    return !s.covariates() && !s.statics && s.transform == Transform::none && s.head != HeadKind::probability && s.summed <= 1 &&
           s.intervals != Intervals::own && (!s.median || s.members < 3);
  }

  // What take_row, step() and Head do of L series of a plain network that stand side by side from p on, in the lanes of one
  // block, where each has a row that follows: arrays in, arrays out. False, and nothing is done, where one has another row.
  bool push_plain(penstock_series* p, const Int* times, Int apart, const double* y, int flags) {
    const Int end = *p->end, H = s.horizon, kept = s.kept;
    if (end == 2 * kept || !end) return false;
    const Int last = row_at(*p, end - 1), at = last + p->stride;
    bool regular = true;
    for (Int i = 0; i < L; ++i) {
      regular &= p->end[i] == end && p->count[i] >= s.least && p->scaling[2 * i + 1] != 0;
      regular &= y[i] - y[i] == 0;  // finite
      regular &= (flags & PENSTOCK_ANY_TIME) || !p->step || times[i * apart] - p->times[last + i] == p->step;
    }
    if (!regular) return false;
    const bool follow = s.intervals == Intervals::adaptive;
    for (Int i = 0; i < L; ++i) {
      if (follow) observe(p[i], y[i]);
      else ++p->rows[i];
      p->times[at + i] = times[i * apart], p->y[at + i] = y[i], p->filled[at + i] = 0;
      p->count[i] += p->count[i] < kept, p->end[i] = end + 1;
      x[i] = static_cast<T>((y[i] - p->scaling[2 * i]) / p->scaling[2 * i + 1]);
      if (s.gaps) x[L + i] = T(0);
    }
    std::fill(said, said + L * H, 0.);
    for (Int k = 0; k < s.members; ++k) {
      member(k, static_cast<T*>(p->state) + k * packed.state * L, [] {});
      for (Int h = 0; h < H; ++h)
        for (Int i = 0; i < L; ++i)
          said[h * L + i] += static_cast<double>(out[h * s.width * L + i]) * p->scaling[2 * i + 1] + p->scaling[2 * i];
    }
    const Int lines = (1 + 2 * s.levels) * H;
    for (Int i = 0; i < L; ++i)
      for (Int h = 0; h < H; ++h) p->out[i * lines + h] = said[h * L + i] / static_cast<double>(s.members);
    for (Int i = 0; follow && i < L; ++i) give_intervals(p[i], p[i].scaling[1]);
    return true;
  }

  // What the dense layers of a member read beside the state.
  void tell(penstock_series* const* p, Int k, Int n) const {
    T* to = beside + packed.top * L;
    if (s.statics)
      for (Int i = 0; i < n; ++i) {
        const T* own = packed.statics + (k * s.series + std::max<Int>(p[i]->number, 0)) * s.statics;
        for (Int v = 0; v < s.statics; ++v) to[v * L + i] = own[v];
      }
    to += s.statics * L;
    const double* map = net.part<double>(s.encoding) + 2 * s.past;
    for (Int v = 0; v < s.steps * s.known; ++v)
      for (Int i = 0; i < n; ++i)
        to[v * L + i] = static_cast<T>((p[i]->ahead[v] - map[2 * (v % s.known)]) / map[2 * (v % s.known) + 1]);
  }
};

// Space of a thread, which grows to what its largest network needs; null where memory ends.
double* space_for(Int doubles) {
  thread_local std::unique_ptr<double[]> space;
  thread_local Int held = 0;
  if (held < doubles) {
    held = 0;
    space.reset(new (std::nothrow) double[static_cast<size_t>(doubles)]());
    if (!space) return nullptr;
    held = doubles;
  }
  return space.get();
}

// Whether n series are neighbours in memory.
bool side_by_side(penstock_series* const* p, Int n) {
  for (Int i = 1; i < n; ++i)
    if (p[i] != p[0] + i) return false;
  return p[0]->beside >= n;
}

// Rows of the series from the first on that share a network, and none of which comes twice: at most `most`.
Int block_of(penstock_series* const* series, Int n, Int most) {
  if (n >= most && side_by_side(series, most)) return most;
  Int count = 1;
  for (; count < std::min(n, most) && series[count]->network == series[0]->network; ++count)
    if (series[count] == series[count - 1] || std::find(series, series + count, series[count]) != series + count) break;
  return count;
}

// Moves the rows of as many neighbours as have full buffers at once.
void make_room_for(penstock_series* const* p, Int n) {
  const Int full = 2 * p[0]->kept;
  if (*p[0]->end != full) return;
  Int count = 1;
  while (count < n && p[count] == p[0] + count && count < p[0]->beside && p[0]->end[count] == full) ++count;
  make_room(*p[0], count);
}

template <typename T>
Int push_block(penstock_series* const* series, Int n, const Int* times, Int apart, const double* y, int flags, int32_t* answers,
               double* space) {
  Lanes<T> lanes(*series[0]->network, space);
  if (n == lanes.L && series[0]->lanes == n && series[0]->lane == 0 && side_by_side(series, n) && lanes.plain() &&
      !(flags & PENSTOCK_NO_FORECAST) && lanes.push_plain(series[0], times, apart, y, flags)) {
    std::fill(answers, answers + n, PENSTOCK_FORECAST);
    return n;
  }
  penstock_series* walked[kMostLanes];
  bool wanted[kMostLanes];
  Int count = 0, made = 0;
  for (Int i = 0; i < n; ++i) {
    answers[i] = take_row(*series[i], times[i * apart], y[i], flags);
    if (answers[i] < 0) continue;
    const After after = after_newest(*series[i], flags);
    answers[i] = after.wanted ? PENSTOCK_FORECAST : PENSTOCK_TOO_FEW;
    made += after.wanted;
    if (after.walked) walked[count] = series[i], wanted[count++] = after.wanted;
  }
  if (count == 1) forecast(*walked[0], wanted[0]);
  else if (count) lanes.step(walked, wanted, count);
  return made;
}

template <typename T>
Int space_of(const penstock_network& n) { return Lanes<T>::doubles(n) + (Lanes<T>::values(n) * Int(sizeof(T)) + 71) / 8; }

}  // namespace

Int push_blocks(penstock_series* const* series, Int n, const Int* times, Int apart, const double* y, int flags, int32_t* answers) {
  Int made = 0;
  for (Int at = 0, count; at < n; at += count, series += count, times += count * apart, y += count, answers += count) {
    const penstock_network& net = *series[0]->network;
    const bool single = net.s.itemsize == 4;
    const Int lanes = single ? steps_of<float>().lanes : steps_of<double>().lanes;
    count = net.s.stateful ? block_of(series, n - at, std::min(lanes, kMostLanes)) : 1;
    if (count > 1) make_room_for(series, n - at);
    double* space = count > 1 ? space_for(single ? space_of<float>(net) : space_of<double>(net)) : nullptr;
    if (!space) {
      count = 1;
      const int taken = take_row(*series[0], times[0], y[0], flags);
      answers[0] = taken < 0 ? taken : go_on(*series[0], flags);
      made += answers[0] == PENSTOCK_FORECAST;
    } else if (single) {
      made += push_block<float>(series, count, times, apart, y, flags, answers, space);
    } else {
      made += push_block<double>(series, count, times, apart, y, flags, answers, space);
    }
  }
  return made;
}

}  // namespace penstock
