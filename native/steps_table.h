// What the stream may ask of one compilation of the steps. Plain data only, as in table.h.
#pragma once
#include <cstdint>

namespace penstock {

using Int = std::int64_t;

enum class LayerKind : Int { lstm = 0, gru_before = 1, gru_after = 2, rnn_tanh = 3, rnn_relu = 4, leaky = 5, norm = 6, dense = 7 };
constexpr Int kLayerKinds = 8;
enum class Activation : Int { linear = 0, relu = 1, tanh = 2, sigmoid = 3, hard_sigmoid = 4, hard_sigmoid_keras2 = 5 };
constexpr Int kActivations = 6;

struct StepLayer {
  LayerKind kind;
  Int inputs, units;
  Activation activation;  // of the gates, or of a dense layer
  double epsilon;         // of a norm
};

// Row-major weights of one layer: W [inputs, gates*units], U [units, gates*units], b and bU [gates*units], leak [units];
// of a norm its gain in W and its shift in b.
template <typename T> struct PlainWeights {
  const T *W, *U, *b, *bU, *leak;
};

// Layers one after another, with their weights as pack() laid them out.
template <typename T> struct Stack {
  Int layers;
  const StepLayer* layer;
  const T* const* packed;
};

// Sizes in values of T. States and scratch of the layers follow each other.
template <typename T> struct Steps {
  Int (*packed_size)(const StepLayer&);
  Int (*state_size)(const StepLayer&);
  Int (*scratch_size)(const StepLayer&);
  void (*pack)(const StepLayer&, const PlainWeights<T>&, T* to);
  // Runs n steps; the inputs of each stand `stride` after those of the one before. `state`, its values `apart`, is read and
  // written; null: zero before the first step, and forgotten. `out` takes what the top layer puts out at the last step.
  void (*unroll)(const Stack<T>&, const T* x, Int stride, Int n, T* state, Int apart, T* scratch, T* out);
  // One step of `lanes` samples at once. Every value stands `lanes` times, once for each sample: x [inputs][lanes],
  // state [state_size][lanes], scratch [scratch_size][lanes], out [units][lanes]. The bits are those of unroll().
  void (*step_lanes)(const Stack<T>&, const T* x, T* state, T* scratch, T* out);
  Int lanes;
};

struct StepTable {
  const char* isa;  // null: this machine runs none that was built
  Steps<float> f32;
  Steps<double> f64;
};
const StepTable& step_table();

}  // namespace penstock
