// Reads a network from bytes that may come from anybody: every size is checked before it is used.
#include "stream_network.h"

using penstock::Int;

namespace penstock {

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

Int gates_of(LayerKind kind) {
  return kind == LayerKind::lstm ? 4 : kind == LayerKind::gru_before || kind == LayerKind::gru_after ? 3 : 1;
}

// Weights of a layer in the file.
Int plain_size(const LayerEntry& e) {
  const auto kind = static_cast<LayerKind>(e.kind);
  if (kind == LayerKind::norm) return 2 * e.inputs;
  if (kind == LayerKind::dense) return (e.inputs + 1) * e.units;
  const Int wide = gates_of(kind) * e.units;
  return (e.inputs + e.units + 1) * wide + (kind == LayerKind::gru_after ? wide : 0) + (kind == LayerKind::leaky ? e.units : 0);
}

template <typename T> PlainWeights<T> plain(const LayerEntry& e, const T* w) {
  const auto kind = static_cast<LayerKind>(e.kind);
  if (kind == LayerKind::norm) return {w, nullptr, w + e.inputs, nullptr, nullptr};
  if (kind == LayerKind::dense) return {w, nullptr, w + e.inputs * e.units, nullptr, nullptr};
  const Int wide = gates_of(kind) * e.units;
  const T *U = w + e.inputs * wide, *b = U + e.units * wide, *more = b + wide;
  return {w, U, b, kind == LayerKind::gru_after ? more : nullptr, kind == LayerKind::leaky ? more : nullptr};
}

void check_sizes(const StreamSizes& s, Int bytes) {
  require(s.magic == kMagic, "these are no bytes of stream.export, or of another version");
  require(s.bytes == bytes, "the bytes are not whole");
  const auto within = [](Int n, Int low, Int high) { return n >= low && n <= high; };
  const Int limit = 1 << 24, most = 100000;
  for (const Int n : {s.members, s.horizon, s.steps, s.width})
    require(within(n, 1, most), "a size is out of range");
  for (const Int n : {s.window, s.series, s.kept, s.features})
    require(within(n, 1, limit), "a size is out of range");
  for (const Int n : {s.past, s.known, s.statics, s.layers, s.dense, s.flatten, s.levels})
    require(within(n, 0, limit), "a size is out of range");
  for (const Int n : {s.known_in_window, s.gaps, s.reverse, s.median, s.stateful, s.additive})
    require(within(n, 0, 1), "a mark is neither 0 nor 1");
  require(s.itemsize == 4 || s.itemsize == 8, "values are neither float nor double");
  require(within(static_cast<Int>(s.transform), 0, 3) && within(static_cast<Int>(s.head), 0, 4), "an option is unknown");
  require(within(static_cast<Int>(s.level), 0, 2) && within(static_cast<Int>(s.spread), 0, 4), "an option is unknown");
  require(within(static_cast<Int>(s.intervals), 0, 2) && within(s.summed, 1, limit), "an option is unknown");
  require(s.steps == s.horizon || s.steps == 1, "the network puts out another number of steps");
  require(within(s.least, 1, s.window) && within(s.errors, 1, most) && within(s.seasons, 0, kSeasons), "a size is out of range");
  require(s.layers <= 1000 && s.dense >= 1 && s.dense <= 1000 && s.levels <= 50 && s.members <= 10000, "a size is out of range");
  Int last = 1;
  for (Int p = 0; p < s.seasons; ++p) {
    require(s.season[p] > last && s.season[p] <= limit, "the seasons do not rise");
    last = s.season[p];
  }
  require(s.rate >= 0 && s.rate < 1e6, "the rate of intervals is out of range");
  require(!s.additive || s.steps == s.horizon, "additions are forecast at once");
  require(s.additive || !s.seasons, "only additions have seasons");
  require(s.additive || s.least == s.window, "only additions have short windows");
  const Int read = s.window + last > 3 * last ? s.window + last : 3 * last;
  require(s.kept >= (s.seasons ? read : s.window) + s.lost() && s.kept >= 2, "too few rows are kept");
  require(s.features == 1 + s.gaps + s.past + 3 * s.seasons + s.known_in_window * s.known, "the features do not add up");
  require(!s.stateful || (!s.additive && !s.reverse && !s.flatten), "a stateful network reads rows in their order");
  require((s.layers > 0) != (s.flatten > 0) && s.flatten <= s.window, "the network has no layers, or reads lags beyond its window");
}

void check_part(Int offset, Int size, Int bytes) {
  require(offset >= static_cast<Int>(sizeof(StreamSizes)) && offset % 8 == 0 && size >= 0 && size <= bytes - offset,
          "a part stands outside the bytes");
}

template <typename T> void pack_all(penstock_network& n, const LayerEntry* entries, Packed<T>& to) {
  const StreamSizes& s = n.s;
  const Steps<T>& steps = steps_of<T>();
  const T* weights = n.part<T>(s.weights);
  const Int space = (s.bytes - s.weights) / s.itemsize, count = s.layers + s.dense;
  to.stacked.resize(s.members);
  for (Int m = 0; m < s.members; ++m)
    for (Int i = 0; i < count; ++i) {
      const LayerEntry& e = entries[i];
      const StepLayer& l = i < s.layers ? n.layers[i] : n.dense[i - s.layers];
      require(e.offset >= 0 && e.offset <= space - e.size * s.members, "weights stand outside the bytes");
      to.weights.emplace_back(static_cast<size_t>(steps.packed_size(l)));
      steps.pack(l, plain<T>(e, weights + e.offset + m * e.size), to.weights.back().data());
      to.stacked[m].push_back(to.weights.back().data());
    }
  for (Int i = 0; i < s.layers; ++i) to.state += steps.state_size(n.layers[i]);
  Int over_time = 0, dense = 0;
  for (const auto& l : n.layers) over_time += steps.scratch_size(l);
  for (const auto& l : n.dense) dense += steps.scratch_size(l);
  const Int window = (s.window + s.horizon) * s.features + 64;
  to.top = s.layers ? n.layers.back().units : s.flatten * s.features;
  to.beside = n.dense[0].inputs;
  // The layers, the window, what the dense layers read and put out; then doubles: outputs and bounds of all members.
  to.layers = over_time + dense;
  to.scratch = to.layers + window + to.beside + 64 + s.steps * s.width + 64;
  to.statics = n.part<T>(s.statics_at);
}

}  // namespace

SeriesParts::SeriesParts(const penstock_network& n) {
  const StreamSizes& s = n.s;
  Int at = 0;
  const auto take = [&at](Int values) {
    const Int here = at;
    at += values * 8;
    return here;
  };
  count = take(1), rows = take(1), times = take(s.kept), y = take(s.kept), filled = take(s.kept);
  covariates = take(s.kept * s.covariates()), queue = take(s.horizon * s.errors), ordered = take(s.horizon * s.errors);
  held = take(s.horizon), oldest = take(s.horizon), alpha = take(s.horizon * s.levels), made = take(s.horizon * s.horizon);
  half = take(s.horizon * s.levels * s.horizon), spread = take(s.horizon);
  state = take(n.state_values());
  size = at;
}

std::unique_ptr<penstock_network> open_network(const void* bytes, size_t size) {
  require(bytes && size >= sizeof(StreamSizes) && size < (size_t(1) << 40), "these are no bytes of stream.export");
  auto n = std::make_unique<penstock_network>();
  n->words.resize((size + 7) / 8);
  std::memcpy(n->words.data(), bytes, size);
  std::memcpy(&n->s, bytes, sizeof(StreamSizes));
  const StreamSizes& s = n->s;
  const Int all = static_cast<Int>(size);
  check_sizes(s, all);
  check_part(s.scaling, s.series * 16, all);
  check_part(s.encoding, (s.past + s.known) * 16, all);
  check_part(s.targets, s.levels * 8, all);
  check_part(s.fewest, s.levels * 8, all);
  check_part(s.own, s.levels * 8, all);
  check_part(s.steps_at, s.series * 8, all);
  require(s.members * s.series <= all && s.statics <= all, "a size is out of range");
  check_part(s.statics_at, s.members * s.series * s.statics * s.itemsize, all);
  check_part(s.layer_table, (s.layers + s.dense) * static_cast<Int>(sizeof(LayerEntry)), all);
  check_part(s.weights, 0, all);
  const auto* entries = n->part<LayerEntry>(s.layer_table);
  Int facts = 0;  // beside the last step of the layers over time
  if (s.additive) {
    facts = 2;
    for (Int p = 0; p < s.seasons; ++p) facts += 2 * (s.season[p] < s.steps ? s.season[p] : s.steps);
  }
  Int width = s.features;
  for (Int i = 0; i < s.layers + s.dense; ++i) {
    const LayerEntry& e = entries[i];
    if (i == s.layers) width = (s.layers ? width : s.flatten * s.features) + s.statics + facts + s.steps * s.known;
    require(e.kind >= 0 && e.kind < kLayerKinds && e.activation >= 0 && e.activation < kActivations, "a layer is unknown");
    require((e.kind == static_cast<Int>(LayerKind::dense)) == (i >= s.layers) || e.kind == static_cast<Int>(LayerKind::norm),
            "a layer stands in a wrong place");
    require(e.inputs == width && e.units >= 1 && e.units <= (1 << 20) && e.inputs <= (1 << 24), "a layer does not fit the one below");
    require(e.kind != static_cast<Int>(LayerKind::norm) || e.units == e.inputs, "a layer does not fit the one below");
    require(e.size == plain_size(e) && e.epsilon >= 0, "a layer has another number of weights");
    require(e.size <= all / s.itemsize / s.members, "weights stand outside the bytes");
    (i < s.layers ? n->layers : n->dense)
        .push_back({static_cast<LayerKind>(e.kind), e.inputs, e.units, static_cast<Activation>(e.activation), e.epsilon});
    width = e.units;
  }
  require(width == s.steps * s.width, "the network puts out another number of values");
  if (s.head == HeadKind::quantiles) require(s.width % 2 == 1, "quantiles come in pairs");
  if (s.head == HeadKind::gaussian) require(s.width == 2, "a Gaussian has two outputs");
  for (Int l = 0; l < s.levels; ++l) {
    require(n->part<Int>(s.fewest)[l] >= 1 && n->part<Int>(s.fewest)[l] <= s.errors, "a level needs more errors than are kept");
    if (s.head == HeadKind::quantiles && s.intervals == Intervals::own) {
      const double place = n->part<double>(s.own)[l];
      require(place >= 1 && place <= static_cast<double>(s.width / 2), "a level was not learned");
    }
  }
  if (s.itemsize == 4) pack_all<float>(*n, entries, n->f32);
  else pack_all<double>(*n, entries, n->f64);
  if (s.rows) {
    const SeriesParts parts(*n);
    require(parts.size <= all && s.series <= all / 8, "the rows stand outside the bytes");
    check_part(s.rows, parts.size * s.series, all);
  }
  return n;
}

}  // namespace penstock

penstock::Int penstock_network::state_values() const {
  penstock::Int values = 0;
  for (const auto& l : layers) values += penstock::states_of(l) * l.units;
  return s.stateful ? s.members * values : 0;
}

penstock::Int penstock_network::scratch_bytes() const {
  const penstock::Int values = s.itemsize == 4 ? f32.scratch : f64.scratch;
  const penstock::Int doubles = s.members * (s.steps * s.width + (1 + 2 * s.levels) * s.horizon) + s.members + s.window + 16;
  return (values * s.itemsize + 63) / 64 * 64 + doubles * 8 + 64;
}
