/* What memory and a compiler allow: nothing is checked, rows are asked for ahead of their use. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define AHEAD 16
#define INLINE static inline __attribute__((always_inline))

INLINE void prefetch_row(const char *row, long bytes, int write) {
  for (long at = 0; at < bytes; at += 64) {
    if (write) {
      __builtin_prefetch(row + at, 1, 3);
    } else {
      __builtin_prefetch(row + at, 0, 3);
    }
  }
}

INLINE void lookup(const char *table, const int32_t *indices, long count, char *out, long bytes) {
  for (long i = 0; i < count; i++) {
    if (i + AHEAD < count) {
      prefetch_row(table + indices[i + AHEAD] * bytes, bytes, 0);
    }
    memcpy(out + i * bytes, table + indices[i] * bytes, bytes);
  }
}

void lookup64(const char *table, const int32_t *indices, long count, char *out) {
  lookup(table, indices, count, out, 256);
}

void lookup128(const char *table, const int32_t *indices, long count, char *out) {
  lookup(table, indices, count, out, 512);
}

enum { DIM = 64 };
enum format { FLOAT32, BFLOAT16, INT8 };
enum mode { SUM, MEAN, MAX, WEIGHTED_SUM };

INLINE float number(const char *row, int d, enum format format, float scale, float bias) {
  float value;
  uint32_t bits;
  switch (format) {
    case FLOAT32:
      memcpy(&value, row + 4 * d, 4);
      return value;
    case BFLOAT16:
      bits = (uint32_t) ((const uint16_t *) row)[d] << 16;
      memcpy(&value, &bits, 4);
      return value;
    default:
      return fmaf(scale, (float) ((const uint8_t *) row)[d], bias);
  }
}

INLINE void bags(const char *table, const int32_t *indices, long count, const int32_t *offsets,
    long bag_count, const float *weights, float *out, enum format format, enum mode mode) {
  const long bytes = format == FLOAT32 ? 4 * DIM : format == BFLOAT16 ? 2 * DIM : DIM + 8;
  for (long bag = 0; bag < bag_count; bag++) {
    const long from = offsets[bag];
    const long to = bag + 1 == bag_count ? count : offsets[bag + 1];
    float sum[DIM];
    for (int d = 0; d < DIM; d++) {
      sum[d] = mode == MAX && from < to ? -INFINITY : 0;
    }
    for (long i = from; i < to; i++) {
      const char *row = table + indices[i] * bytes;
      float scale = 0;
      float bias = 0;
      if (i + AHEAD < count) {
        prefetch_row(table + indices[i + AHEAD] * bytes, bytes, 0);
      }
      if (format == INT8) {
        memcpy(&scale, row + DIM, 4);
        memcpy(&bias, row + DIM + 4, 4);
      }
      const float weight = mode == WEIGHTED_SUM ? weights[i] : 1;
      for (int d = 0; d < DIM; d++) {
        const float value = number(row, d, format, scale, bias);
        if (mode == MAX) {
          sum[d] = value > sum[d] ? value : sum[d];
        } else if (mode == WEIGHTED_SUM) {
          sum[d] = fmaf(weight, value, sum[d]);
        } else {
          sum[d] += value;
        }
      }
    }
    const float divisor = mode == MEAN && to > from ? (float) (to - from) : 1;
    for (int d = 0; d < DIM; d++) {
      out[bag * DIM + d] = mode == MEAN ? sum[d] / divisor : sum[d];
    }
  }
}

#define BAGS(name, format, mode)                                                               \
  void name(const char *table, const int32_t *indices, long count, const int32_t *offsets,     \
      long bag_count, const float *weights, float *out) {                                      \
    bags(table, indices, count, offsets, bag_count, weights, out, format, mode);               \
  }

BAGS(sum_float32, FLOAT32, SUM)
BAGS(mean_float32, FLOAT32, MEAN)
BAGS(max_float32, FLOAT32, MAX)
BAGS(weighted_sum_float32, FLOAT32, WEIGHTED_SUM)
BAGS(sum_bfloat16, BFLOAT16, SUM)
BAGS(weighted_sum_bfloat16, BFLOAT16, WEIGHTED_SUM)
BAGS(sum_int8, INT8, SUM)
BAGS(weighted_sum_int8, INT8, WEIGHTED_SUM)

void sgd(float *table, const int32_t *indices, long count, const float *gradient, float rate) {
  for (long i = 0; i < count; i++) {
    if (i + AHEAD < count) {
      prefetch_row((const char *) (table + (long) indices[i + AHEAD] * DIM), 4 * DIM, 1);
    }
    float *row = table + (long) indices[i] * DIM;
    for (int d = 0; d < DIM; d++) {
      row[d] -= rate * gradient[i * DIM + d];
    }
  }
}
