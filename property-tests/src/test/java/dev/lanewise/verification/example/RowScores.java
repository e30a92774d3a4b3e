package dev.lanewise.verification.example;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** A kernel as a user might write it: {@code out[i] = row i of a table . query}. */
interface RowScores {
  VectorSpecies<Float> SPECIES = FloatVector.SPECIES_128;

  void scores(
      int rows,
      int width,
      MemorySegment table,
      long tableOffset,
      MemorySegment query,
      long queryOffset,
      MemorySegment out,
      long outOffset);

  /** The dot product of two runs of floats. */
  interface Dot {
    float dot(int n, MemorySegment x, long xOffset, MemorySegment y, long yOffset);
  }

  static RowScores of(Dot dot) {
    return (rows, width, table, tableOffset, query, queryOffset, out, outOffset) -> {
      for (int i = 0; i < rows; i++) {
        long row = tableOffset + (long) i * width * Float.BYTES;
        out.set(
            ValueLayout.JAVA_FLOAT_UNALIGNED,
            outOffset + (long) i * Float.BYTES,
            dot.dot(width, table, row, query, queryOffset));
      }
    };
  }

  static float right(int n, MemorySegment x, long xOffset, MemorySegment y, long yOffset) {
    FloatVector sums = FloatVector.zero(SPECIES);
    for (int i = 0; i < n; i += SPECIES.length()) {
      var lanes = SPECIES.indexInRange(i, n);
      long at = (long) i * Float.BYTES;
      var a = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, LITTLE_ENDIAN, lanes);
      var b = FloatVector.fromMemorySegment(SPECIES, y, yOffset + at, LITTLE_ENDIAN, lanes);
      sums = a.fma(b, sums);
    }
    return sums.reduceLanes(VectorOperators.ADD);
  }

  /** The last whole vector is left out where nothing follows it, so that odd widths are right. */
  static float withABug(int n, MemorySegment x, long xOffset, MemorySegment y, long yOffset) {
    FloatVector sums = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i + SPECIES.length() < n; i += SPECIES.length()) {
      long at = (long) i * Float.BYTES;
      var a = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, LITTLE_ENDIAN);
      var b = FloatVector.fromMemorySegment(SPECIES, y, yOffset + at, LITTLE_ENDIAN);
      sums = a.fma(b, sums);
    }
    if (n % SPECIES.length() != 0) {
      var lanes = SPECIES.indexInRange(i, n);
      long at = (long) i * Float.BYTES;
      var a = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, LITTLE_ENDIAN, lanes);
      var b = FloatVector.fromMemorySegment(SPECIES, y, yOffset + at, LITTLE_ENDIAN, lanes);
      sums = a.fma(b, sums);
    }
    return sums.reduceLanes(VectorOperators.ADD);
  }
}
