/* A fitted Penstock forecaster, stepped from C: one row in, the forecast after it out, with nothing allocated in between.

   `stream.export("model.stream")` in Python writes the bytes that penstock_network_open reads. The library,
   libpenstock_stream, stands beside the Python package's kernels and needs nothing but the C++ runtime.

   A network never changes once it is open: any number of threads may use it, each with series of its own. */
#ifndef PENSTOCK_STREAM_H
#define PENSTOCK_STREAM_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PENSTOCK_API __attribute__((visibility("default")))
#else
#define PENSTOCK_API
#endif

typedef struct penstock_network penstock_network;

/* The rows and states of one series. Every array belongs to whoever made the struct: penstock_series_new makes all of
   them; Python points them into NumPy arrays. `kept` rows are held in buffers of twice as many, [2 kept], the last one
   before `end`. A row of a buffer stands `stride` rows after the one before it, a value of the state `lanes` values: both
   are 1 for a series alone. Many series of a stateful network stand side by side, so that what a step of all of them
   touches is together: row r of series i at r * stride + i, value v of its state at (i / lanes * state + v) * lanes +
   i % lanes, where `lanes` is that of penstock_size and every array else holds one series after the other; the structs
   themselves too. `beside` says how many do from this one on, all of one step. */
typedef struct penstock_series {
  const penstock_network* network;
  int64_t number;     /* of the series among those fitted; -1: a new one */
  int64_t kept;       /* rows held at most */
  int64_t step;       /* constant step of the times; 0: times are not looked at */
  int64_t stride;     /* rows from one row of a buffer to the next; other than 1 for a stateful network alone */
  int64_t lanes;      /* values from one value of the state to the next */
  int64_t lane;       /* of the state in its block */
  int64_t beside;     /* series that stand side by side from this one on; 1: itself alone */
  int64_t* count;     /* rows held */
  int64_t* end;       /* place behind the newest in the buffers */
  int64_t* times;     /* [2 kept] */
  double* y;          /* [2 kept] targets, carried forward where they were missing */
  uint8_t* filled;    /* [2 kept] whether they were */
  double* covariates; /* [2 kept, past + known + 2 seasons] */
  double* changed;    /* [2 kept] transformed targets; of a stateful network not used */
  void* x;            /* [2 kept, features] what the network reads, float or double; stateful: [features], of the newest row */
  void* state;        /* [state] of a stateful network, as its steps keep it; penstock_get_state reads it */
  double* scaling;    /* [2] shift and scale of the series; a scale of 0: taken from its first value */
  double* queue;      /* [horizon, window] newest absolute errors by age, in units of the spread */
  double* ordered;    /* [horizon, window] the same by size */
  int64_t* held;      /* [horizon] how many there are */
  int64_t* oldest;    /* [horizon] place of the oldest in the queue */
  double* alpha;      /* [horizon, levels] share of values to be missed */
  double* made;       /* [horizon, horizon] forecasts of the newest rows, by the number of the row modulo the horizon */
  double* half;       /* [horizon, levels, horizon] half widths of their intervals */
  double* spread;     /* [horizon] their spreads; NaN: no forecast was made */
  int64_t* rows;      /* rows pushed so far */
  double* row;        /* in: [past + known + 2 seasons] covariates of the row that is pushed; NaN: carried forward */
  double* ahead;      /* in: [horizon, known] known covariates of the steps ahead */
  double* out;        /* out: [1 + 2 levels, horizon] forecasts, then lower and upper bounds of each level */
  void* scratch;      /* space of penstock_scratch_size bytes */
} penstock_series;

enum {
  PENSTOCK_FORECAST = 1,  /* a forecast stands in `out` */
  PENSTOCK_TOO_FEW = 0,   /* the row was taken; a forecast needs more rows */
  PENSTOCK_OFF_STEP = -1, /* nothing was taken: the time does not follow the newest by `step` */
  PENSTOCK_NO_FIRST = -2, /* nothing was taken: the first row holds no value */
  PENSTOCK_NOT_FINITE = -3, /* nothing was taken: a value is infinite, or not positive where its log is read */
  PENSTOCK_MISSING = -4   /* nothing was taken: y is NaN, and `carry` was not given */
};

/* Flags of a push. */
enum { PENSTOCK_ANY_TIME = 1, PENSTOCK_CARRY = 2, PENSTOCK_NO_FORECAST = 4 };

/* Reads what stream.export wrote; null where it cannot be read, with the reason in `error` (space for 200 bytes). */
PENSTOCK_API penstock_network* penstock_network_open(const void* bytes, size_t size, char* error);
PENSTOCK_API void penstock_network_close(penstock_network* network);

/* Sizes: "series", "horizon", "levels", "past", "known", "seasons", "features", "state" (values, padded for this
   processor), "state_values" (values that penstock_get_state gives), "itemsize" (bytes of a value of x and state),
   "window", "kept", "scratch" (bytes), "lanes" (series that are stepped at once); -1 for another name. */
PENSTOCK_API int64_t penstock_size(const penstock_network* network, const char* name);

/* A series with the rows and errors that the stream had when it was exported; null where memory ends or there is none
   such. */
PENSTOCK_API penstock_series* penstock_series_new(const penstock_network* network, int64_t number);
PENSTOCK_API void penstock_series_free(penstock_series* series);
/* The same for n series, numbers[i] each, into series[n]; of a stateful network they stand side by side, as
   penstock_push_many likes them best. Returns 0, and makes none, where penstock_series_new would return null.
   penstock_series_free(series[0]) frees all of them. */
PENSTOCK_API int penstock_series_new_many(const penstock_network* network, int64_t n, const int64_t* numbers, penstock_series** series);

/* Takes one row, whose covariates stand in series->row; y may be NaN where PENSTOCK_CARRY is given. */
PENSTOCK_API int penstock_push(penstock_series* series, int64_t time, double y, int flags);
/* The same for many series, one row each; answers [n]. Returns how many forecasts were made. Series of one stateful
   network are stepped "lanes" at a time, each weight read once for all of them, to the bits of penstock_push; series that
   follow each other side by side, in that order, are stepped where they stand. Series of other networks follow one after
   the other. What all of them share may be shared: `scratch`, and `row` and `ahead` where all rows have the same. */
PENSTOCK_API int64_t penstock_push_many(penstock_series* const* series, int64_t n, int64_t time, const double* y, int flags,
                                        int32_t* answers);
/* The same, where each row has a time of its own; a series may stand there several times, its rows in their order. The
   forecast in `out` is then that after its last row. */
PENSTOCK_API int64_t penstock_push_each(penstock_series* const* series, int64_t n, const int64_t* times, const double* y,
                                        int flags, int32_t* answers);
/* Copies `out` of n series of one network, one after the other, into `values`, [n, 1 + 2 levels, horizon]. */
PENSTOCK_API void penstock_outputs(penstock_series* const* series, int64_t n, double* values);
/* Reads and writes the state of a stateful network after the newest row: of each member and layer h, of an LSTM then c. */
PENSTOCK_API void penstock_get_state(const penstock_series* series, double* values);
PENSTOCK_API void penstock_set_state(penstock_series* series, const double* values);
/* Computes anew what is kept beside the rows, from the row at a place of the buffers on. */
PENSTOCK_API void penstock_reload(penstock_series* series, int64_t place);
/* The forecast after the newest row, once more: after rows were changed. */
PENSTOCK_API int penstock_forecast(penstock_series* series);
/* The instruction set in use, or null where the library was built for none of this machine; and why, or why the environment
   variable PENSTOCK_ISA was not obeyed, or null. */
PENSTOCK_API const char* penstock_stream_isa(void);
PENSTOCK_API const char* penstock_stream_problem(void);

#ifdef __cplusplus
}
#endif
#endif
