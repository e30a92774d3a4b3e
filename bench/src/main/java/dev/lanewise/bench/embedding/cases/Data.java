package dev.lanewise.bench.embedding.cases;

import dev.lanewise.memory.PageKind;
import dev.lanewise.memory.TableArena;
import dev.lanewise.verification.ErrorBounds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A case's numbers, in native memory: the same ones for every engine. A number of the table and of
 * the gradient is a function of its position, so that what it was need not be kept.
 */
public final class Data {
  /** A cache line, and the widest vector. */
  public static final long ALIGNMENT = 64;

  private final EmbeddingCase asked;
  private final MemorySegment table;
  private final Batches batches;
  private final MemorySegment output;
  private final MemorySegment gradient;
  private final MemorySegment queries;
  private final float[] weights;
  private Task rule;
  private double resultRoundoff;
  private double unitRoundoff = ErrorBounds.U;

  /** Lives as long as the JVM, which runs one case. */
  private static final class HugePages {
    static final TableArena ARENA = TableArena.ofShared();
  }

  private Data(EmbeddingCase asked, Arena arena) {
    this.asked = asked;
    this.rule = asked.task();
    Arena tables = asked.pages() == PageKind.HUGE ? HugePages.ARENA : arena;
    this.table = tables.allocate(asked.rows() * asked.format().rowBytes(asked.dim()), ALIGNMENT);
    if (asked.pages() == PageKind.HUGE && HugePages.ARENA.pageKind() != PageKind.HUGE) {
      throw new IllegalStateException(HugePages.ARENA.description());
    }
    fillTable();
    this.batches = new Batches(asked, arena);
    long resultBytes = (long) asked.results() * asked.resultDim() * Float.BYTES;
    this.output = arena.allocate(asked.task().updates() ? 0 : resultBytes, ALIGNMENT);
    this.gradient = arena.allocate(asked.task().updates() ? resultBytes : 0, ALIGNMENT);
    for (long i = 0; i < gradient.byteSize() / Float.BYTES; i++) {
      gradient.setAtIndex(ValueLayout.JAVA_FLOAT, i, gradientAt(i));
    }
    boolean searches = asked.task() == Task.NEAREST;
    this.queries =
        arena.allocate(searches ? (long) asked.bags() * asked.dim() * Float.BYTES : 0, ALIGNMENT);
    for (long i = 0; i < queries.byteSize() / Float.BYTES; i++) {
      queries.setAtIndex(ValueLayout.JAVA_FLOAT, i, gradientAt(i));
    }
    this.weights = new float[asked.task() == Task.WEIGHTED_SUM ? asked.indices() : 0];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = number(~(long) i);
    }
  }

  /**
   * Makes the numbers of a case.
   *
   * @param arena what frees them
   */
  public static Data of(EmbeddingCase asked, Arena arena) {
    return new Data(asked, arena);
  }

  /** The table's memory, row by row. */
  public MemorySegment table() {
    return table;
  }

  /** Which rows the calls take. */
  public Batches batches() {
    return batches;
  }

  /** The memory of the result, float32; empty where the table is updated. */
  public MemorySegment output() {
    return output;
  }

  /** The gradient of a lookup's result, float32; empty where the table is not updated. */
  public MemorySegment gradient() {
    return gradient;
  }

  /** What rows are compared with, float32, query by query; empty where nothing is searched. */
  public MemorySegment queries() {
    return queries;
  }

  float queryAt(int query, int column) {
    return gradientAt((long) query * asked.dim() + column);
  }

  /** The weights of a batch's rows; empty where there are none. */
  public float[] weights() {
    return weights;
  }

  /** Fills the result's memory with NaN. */
  void poisonOutput() {
    for (long i = 0; i < output.byteSize() / Float.BYTES; i++) {
      output.setAtIndex(ValueLayout.JAVA_FLOAT, i, Float.NaN);
    }
  }

  /** Makes ready for the first call that is checked. */
  public void restore() {
    poisonOutput();
  }

  /** Says that the engine follows another rule than the case's, by which it is to be checked. */
  public void follow(Task other) {
    rule = other;
  }

  /** The rule that the engine follows. */
  Task rule() {
    return rule;
  }

  /** Says that the engine rounds its results once more, by at most so much, relatively. */
  public void roundResults(double roundoff) {
    resultRoundoff = roundoff;
  }

  double resultRoundoff() {
    return resultRoundoff;
  }

  /**
   * Says that the engine computes updates, gradients included, in a format with that unit roundoff
   * instead of float32, and rounds to nearest.
   */
  public void computeWith(double roundoff) {
    unitRoundoff = roundoff;
  }

  double unitRoundoff() {
    return unitRoundoff;
  }

  /** The number that a table of float32 or bfloat16 has now. */
  float weightAt(long row, int column) {
    long position = row * asked.dim() + column;
    return asked.format() == TableFormat.BFLOAT16
        ? Float.intBitsToFloat(table.getAtIndex(ValueLayout.JAVA_SHORT, position) << 16)
        : table.getAtIndex(ValueLayout.JAVA_FLOAT, position);
  }

  /** The number that a table of float32 or bfloat16 has at first. */
  float tableAt(long row, int column) {
    float exact = number(row * asked.dim() + column);
    return asked.format() == TableFormat.BFLOAT16 ? truncated(exact) : exact;
  }

  /** The part of a number of an 8-bit table that its scale is in. */
  float scaledAt(long row, int column) {
    return scale(row) * quantum(row, column);
  }

  /** The other part. */
  static float bias(long row) {
    return number(~row);
  }

  /** A power of two, so that {@link #scaledAt} is exact. */
  private static float scale(long row) {
    return (row & 1) == 0 ? 0x1p-7f : 0x1p-6f;
  }

  private int quantum(long row, int column) {
    return (int) (row * 31 + column * 37L) & 0xff;
  }

  static float gradientAt(long position) {
    return number(position ^ 0x5555_5555L);
  }

  /** From -1 to 1, a multiple of 2^-23: exact, and seldom the same again. */
  private static float number(long position) {
    return ((int) (position * 0x9E37_79B9L) >> 8) * 0x1p-23f;
  }

  private static float truncated(float exact) {
    return Float.intBitsToFloat(Float.floatToRawIntBits(exact) & 0xffff_0000);
  }

  private void fillTable() {
    long rowBytes = asked.format().rowBytes(asked.dim());
    for (long row = 0; row < asked.rows(); row++) {
      fillRow(row, row * rowBytes);
    }
  }

  private void fillRow(long row, long at) {
    int dim = asked.dim();
    switch (asked.format()) {
      case FLOAT32 -> {
        for (int d = 0; d < dim; d++) {
          table.set(ValueLayout.JAVA_FLOAT, at + 4L * d, tableAt(row, d));
        }
      }
      case BFLOAT16 -> {
        for (int d = 0; d < dim; d++) {
          int bits = Float.floatToRawIntBits(tableAt(row, d));
          table.set(ValueLayout.JAVA_SHORT, at + 2L * d, (short) (bits >>> 16));
        }
      }
      case INT8 -> {
        for (int d = 0; d < dim; d++) {
          table.set(ValueLayout.JAVA_BYTE, at + d, (byte) quantum(row, d));
        }
        table.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at + dim, scale(row));
        table.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at + dim + 4, bias(row));
      }
    }
  }
}
