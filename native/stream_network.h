// A network as stream.export wrote it, checked and packed for this machine.
#pragma once
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "steps_table.h"

namespace penstock {

enum class Transform : Int { none, log, difference, log_return };
enum class HeadKind : Int { value, probability, gaussian, quantiles, centre };
enum class Level : Int { mean, median, last };
enum class Spread : Int { deviation, absolute, difference, series, none };
enum class Intervals : Int { none, adaptive, own };
constexpr Int kSeasons = 4;

// The numbers that the file begins with; `streaming/image.py` writes them in this order.
struct StreamSizes {
  Int magic, bytes, itemsize, members, horizon, steps, width, past, known, known_in_window, gaps, window, least, reverse;
  Transform transform;
  HeadKind head;
  Int summed, median, stateful, series, statics, additive;
  Level level;
  Spread spread;
  Int seasons, season[kSeasons];
  Int layers, dense, flatten, levels, errors, kept, features;
  Intervals intervals;
  // Where each part stands, in bytes.
  Int scaling, encoding, targets, fewest, own, statics_at, layer_table, weights, steps_at, rows;
  double rate;

  bool lost() const { return transform >= Transform::difference; }
  bool logs() const { return transform == Transform::log || transform == Transform::log_return; }
  Int covariates() const { return past + known + 2 * seasons; }
  Int most_season() const { return seasons ? season[seasons - 1] : 0; }
};
constexpr Int kMagic = 0x31504554534e4550;  // PENSTEP1

struct LayerEntry {
  Int kind, inputs, units, activation;
  double epsilon;
  Int offset, size, spare;
};

template <typename T> struct Packed {
  std::vector<std::vector<T>> weights;         // [members · layers]
  std::vector<std::vector<const T*>> stacked;  // [members][layers]
  const T* statics = nullptr;                  // [members, series, statics]
  Int scratch = 0, layers = 0, state = 0, top = 0, beside = 0;  // layers: their part of the scratch
};

}  // namespace penstock

struct penstock_network {
  std::vector<penstock::Int> words;  // the bytes, aligned
  penstock::StreamSizes s;
  std::vector<penstock::StepLayer> layers, dense;
  penstock::Packed<float> f32;
  penstock::Packed<double> f64;

  const char* at(penstock::Int offset) const { return reinterpret_cast<const char*>(words.data()) + offset; }
  template <typename T> const T* part(penstock::Int offset) const { return reinterpret_cast<const T*>(at(offset)); }
  template <typename T> const penstock::Packed<T>& packed() const {
    if constexpr (sizeof(T) == 4) return f32;
    else return f64;
  }
  penstock::Int scratch_bytes() const;
  penstock::Int state_values() const;  // of a series, without the padding of vectors
};

namespace penstock {
std::unique_ptr<penstock_network> open_network(const void* bytes, size_t size);  // throws std::runtime_error
// Vectors that a layer carries: h, of an LSTM also c.
inline Int states_of(const StepLayer& l) { return l.kind >= LayerKind::norm ? 0 : l.kind == LayerKind::lstm ? 2 : 1; }
template <typename T> inline const Steps<T>& steps_of() {
  if constexpr (sizeof(T) == 4) return step_table().f32;
  else return step_table().f64;
}
// Values that the rows and errors of one series take in the file, and where each part stands among them, in bytes.
struct SeriesParts {
  Int count, times, y, filled, covariates, queue, ordered, held, oldest, alpha, made, half, spread, rows, state, size;
  explicit SeriesParts(const penstock_network& n);
};
}  // namespace penstock
