/* Reads rows "time value" and prints the forecast after each, with the bounds of the first level.

   cc example_stream.c -I PACKAGE/kernels PACKAGE/kernels/libpenstock_stream.so -o example
   ./example model.stream < rows.txt */
#include <stdio.h>
#include <stdlib.h>

#include "penstock_stream.h"

static void *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  void *bytes = malloc(*size ? *size : 1);
  if (bytes && fread(bytes, 1, *size, file) != *size) *size = 0;
  fclose(file);
  return bytes;
}

int main(int argc, char **argv) {
  char error[200] = "it cannot be read";
  size_t size = 0;
  void *bytes = argc == 2 ? read_file(argv[1], &size) : NULL;
  penstock_network *network = bytes ? penstock_network_open(bytes, size, error) : NULL;
  free(bytes);
  if (!network) {
    fprintf(stderr, "no network: %s\n", error);
    return 1;
  }
  penstock_series *series = penstock_series_new(network, 0);
  if (!series) return 1;
  const int64_t horizon = penstock_size(network, "horizon"), levels = penstock_size(network, "levels");
  long long time;
  double y;
  while (scanf("%lld %lf", &time, &y) == 2) {
    const int answer = penstock_push(series, time, y, 0);
    if (answer != PENSTOCK_FORECAST) {
      printf("answer %d\n", answer);
      continue;
    }
    printf("%.17g", series->out[0]);
    if (levels) printf(" %.17g %.17g", series->out[horizon], series->out[2 * horizon]);
    printf("\n");
  }
  penstock_series_free(series);
  penstock_network_close(network);
  return 0;
}
