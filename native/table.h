// What the outside may ask of one compilation of the kernels. Plain data only: this header is seen by files
// compiled for different instruction sets, so it must hold no function that the linker could share among them.
#pragma once
#include <cstdint>

namespace penstock {

using Int = std::int64_t;

enum class Cell : Int { lstm = 0, gru_before = 1, gru_after = 2, rnn_tanh = 3, rnn_relu = 4, leaky = 5 };
constexpr Int kCells = 6;

// Sizes and options of one call.
struct Shape {
  Cell cell;
  Int batch, time, inputs, units;
  bool reverse;   // run each sample's true steps from its last to its first
  bool sequence;  // the caller wants (forward) or sends back (backward) the state of every step
  bool keep;      // forward: keep what the backward pass needs
  bool need_dx;   // backward: the caller wants the gradient of the inputs
};

// One member, and of its batch the samples order[first .. first + count). Row-major arrays throughout.
template <typename T>
struct Operands {
  Shape shape;
  Int first, count;
  const std::int32_t* order;    // [batch] samples, longest first
  const std::int32_t* lengths;  // [batch] by sample, each in 0..time
  const T *x, *h0, *c0;         // [batch, time, inputs], [batch, units] twice
  const T *W, *U, *b, *bU;      // [inputs, gates*units], [units, gates*units], [gates*units] twice
  const T *leak, *mask, *x_mask;  // [units], [batch, units], [batch, inputs]; null when absent
  T* residual;                  // this chunk's part; null when nothing is kept
  T *hs, *hT, *cT;              // results of the forward pass
  const T *dhs, *dhT, *dcT;     // what comes back
  T *dx, *dh0, *dc0;            // results of the backward pass, by sample
  T* partial;                   // this chunk's share of the weight gradients
  T* scratch;                   // at least scratch_size() values
};

// Where the sums of the chunks' weight gradients go.
template <typename T>
struct WeightGradients {
  Shape shape;
  const T* partial;
  Int chunks, stride;
  T *dW, *dU, *db, *dbU, *dleak;
};

// What an optimiser does to each weight of a table.
enum class Rule : Int { sgd = 0, rmsprop = 1, adam = 2 };
constexpr Int kRules = 3;

// One member's table, and its occurrences first .. end in a step. An occurrence whose row is outside the table, as is that
// of all but one of a row's occurrences, touches nothing.
template <typename T>
struct Rows {
  Int vocabulary, units, first, end;
  const T* gradients;           // [n, units]
  const std::int32_t* rows;     // [n]
  const std::int32_t *head, *next;  // [n] twice, as in occurrences.h; null where the gradients are sums already
  T* sums;                      // sum: [n, units], the result; update: [units], space for one row
  Rule rule;
  double learning_rate, mean, squares, epsilon;  // the two in the middle: shares of the running means that are kept
  T rate, mean_bias, squares_bias;               // factor of the learning rate; what Adam divides its means by
  std::int32_t number;          // of the step
  std::int32_t* touched;        // [vocabulary] the step that touched each row last
  T* table;                     // [vocabulary, units]
  T* moments[2];                // [vocabulary, units]: the running means that the rule keeps
};

// One layout of the kernels (layout.h).
template <typename T>
struct Kernels {
  Int samples, units;  // that share one vector; the samples are a "group"
  void (*forward)(const Operands<T>&);
  void (*backward)(const Operands<T>&);
  void (*reduce)(const WeightGradients<T>&);
  // Sizes, in values of T.
  Int (*record_size)(const Shape&);  // kept per group and step
  Int (*partial_size)(const Shape&);
  Int (*scratch_size)(const Shape&, Int count, bool backward);
};

// Of weights.
template <typename T>
struct Updates {
  void (*sum_rows)(const Rows<T>&);
  void (*update_rows)(const Rows<T>&);
};

constexpr int kLayouts = 2;
template <typename T>
struct Layouts {
  Kernels<T> at[kLayouts];
  Updates<T> updates;
};

struct Table {
  const char* isa;  // null: this machine runs none that was built
  Layouts<float> f32;
  Layouts<double> f64;
};

// The table for this machine, chosen once, at most as wide as the environment variable PENSTOCK_ISA says.
const Table& table();
const char* isa_problem();  // null, or why PENSTOCK_ISA was not obeyed, or why there is no table

}  // namespace penstock
