package dev.lanewise.internal.rows;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.parallel.Parts;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Reading rows of a table of any format, by row numbers that are already checked. Table rows lie
 * without gaps inside. A table of bytes holds rows of {@link RowFormat#INT8}. Allocates nothing.
 */
public final class Lookup {
  private static final Kernels FLOAT32 = Kernels.of(RowFormat.FLOAT32);
  private static final Kernels FLOAT64 = Kernels.of(RowFormat.FLOAT64);
  private static final Kernels BFLOAT16 = Kernels.of(RowFormat.BFLOAT16);
  private static final Kernels FLOAT16 = Kernels.of(RowFormat.FLOAT16);
  private static final Kernels INT8 = Kernels.of(RowFormat.INT8);

  /**
   * The kernels of a format.
   *
   * @param sliced for tables that are not mapped
   * @param checked for all
   */
  private record Kernels(RowKernels sliced, RowKernels checked) {
    static Kernels of(RowFormat format) {
      KernelSet set = KernelSet.active();
      return new Kernels(set.slicedRows(format), set.rows(format));
    }
  }

  /**
   * Rows are copied so many at a time, column group by column group: few enough for the groups of a
   * row to find its page's translation still at hand.
   */
  private static final int ROWS_AT_A_TIME = 64;

  /** Fewer bytes are not worth another thread. */
  private static final long LEAST_BYTES_OF_A_PART = 1 << 17;

  /** The row numbers where a single row is given by its place. */
  private static final long[] FIRST = {0};

  /** What becomes of a bag's rows. */
  public enum Pooling {
    /** Their sum. */
    SUM,
    /** The sum of the rows times their weights. */
    WEIGHTED_SUM,
    /** The sum, divided by the number of rows, or by 1 if that is 0. */
    MEAN,
    /** The largest number of each column. */
    MAX
  }

  private Lookup() {}

  /** How many numbers a row of a table holds. */
  public static long width(Tensor table) {
    return table.dtype() == DType.UINT8
        ? table.size(1) - RowFormat.INT8.trailerBytes()
        : table.size(1);
  }

  /** The type that a table's rows are read as. */
  public static DType resultType(Tensor table) {
    return table.dtype() == DType.FLOAT64 ? DType.FLOAT64 : DType.FLOAT32;
  }

  private static RowKernels kernels(Tensor table) {
    Kernels kernels =
        switch (table.dtype()) {
          case FLOAT32 -> FLOAT32;
          case FLOAT64 -> FLOAT64;
          case BFLOAT16 -> BFLOAT16;
          case FLOAT16 -> FLOAT16;
          case UINT8 -> INT8;
          default -> throw new IllegalArgumentException("no table is of " + table.dtype());
        };
    return table.segment().isMapped() ? kernels.checked : kernels.sliced;
  }

  private static long rowBytes(Tensor table) {
    return table.stride(0) * table.dtype().sizeBytes();
  }

  /**
   * An output can take rows of a table: it is of their type, writable, somewhere else, its rows lie
   * without gaps inside, and all threads that take part can use both.
   */
  public static void requireReady(Tensor table, Tensor out, Parallelism parallelism) {
    Check.accessible("weight", table);
    Check.writable("out", out, resultType(table));
    Check.disjoint("out", out, "weight", table);
    Check.denseOutputRows("out", out);
    if (parallelism.width() > 1) {
      Check.shareable("weight", table);
      Check.shareable("out", out);
    }
  }

  /**
   * {@code out[i, :] = table[rows[i], :]} on several threads; out is seen as rows, which may lie
   * anywhere.
   */
  public static void forward(Tensor table, RowNumbers rows, Tensor out, Parallelism parallelism) {
    int count = rows.count();
    int parts = parts(parallelism, count, count * (width(table) + 1) * Float.BYTES);
    if (parts <= 1) {
      forward(table, rows.rows(), 0, count, out);
      return;
    }
    Parts.run(
        parallelism,
        parts,
        part ->
            forward(
                table,
                rows.rows(),
                (int) Parts.start(count, part, parts),
                (int) Parts.start(count, part + 1, parts),
                out));
  }

  /** {@code out[...] = table[row, :]}; out has one row. */
  public static void forward(Tensor table, long row, Tensor out) {
    gather(table, row * rowBytes(table), FIRST, 0, 1, out, 0, 0);
  }

  /** How many parts are worth it, of work on some pieces that moves some bytes. */
  public static int parts(Parallelism parallelism, int pieces, long bytes) {
    return Parts.count(parallelism, Math.min(pieces, bytes / LEAST_BYTES_OF_A_PART));
  }

  /** {@code out[i, :] = table[rows[i], :]} for i from one to before another. */
  private static void forward(Tensor table, long[] rows, int from, int to, Tensor out) {
    long stride = Strides.rowStride(out);
    if (stride != Strides.NONE) {
      for (int first = from; first < to; first += ROWS_AT_A_TIME) {
        int count = Math.min(ROWS_AT_A_TIME, to - first);
        gather(table, 0, rows, first, count, out, first * stride, stride);
      }
      return;
    }
    for (int i = from; i < to; i++) {
      gather(table, 0, rows, i, 1, out, Strides.rowOffset(out, i), 0);
    }
  }

  /** Rows whose place is that of their number and some bytes more. */
  private static void gather(
      Tensor table,
      long moreBytes,
      long[] rows,
      int from,
      int count,
      Tensor out,
      long at,
      long stride) {
    int size = out.dtype().sizeBytes();
    kernels(table)
        .gather(
            table.segment(),
            table.offsetBytes() + moreBytes,
            rowBytes(table),
            rows,
            from,
            count,
            out.segment(),
            out.offsetBytes() + at * size,
            stride * size,
            (int) width(table));
  }

  /**
   * Reduces bags of rows. Bag b has the entries from {@code starts[b]} to before {@code starts[b +
   * 1]} of the row numbers, and becomes row b of out, from a column on.
   *
   * @param weights a factor for each entry; read by {@link Pooling#WEIGHTED_SUM} only
   */
  public static void reduce(
      Pooling pooling,
      Tensor table,
      long[] rows,
      int[] starts,
      double[] weights,
      int from,
      int to,
      Tensor out,
      long column) {
    RowKernels kernels = kernels(table);
    MemorySegment segment = table.segment();
    long offset = table.offsetBytes();
    long stride = rowBytes(table);
    int width = (int) width(table);
    MemorySegment target = out.segment();
    long outStride = rowBytes(out);
    long at = place(out, from, column);
    for (int bag = from; bag < to; bag++, at += outStride) {
      int start = starts[bag];
      int size = starts[bag + 1] - start;
      switch (pooling) {
        case SUM ->
            kernels.bagSum(segment, offset, stride, rows, start, size, target, at, width, 1);
        case WEIGHTED_SUM ->
            kernels.bagWeightedSum(
                segment, offset, stride, rows, start, size, weights, target, at, width);
        case MEAN ->
            kernels.bagSum(
                segment, offset, stride, rows, start, size, target, at, width, Math.max(size, 1));
        case MAX -> kernels.bagMax(segment, offset, stride, rows, start, size, target, at, width);
      }
    }
  }

  private static long place(Tensor out, long row, long column) {
    return out.offsetBytes() + (row * out.stride(0) + column) * out.dtype().sizeBytes();
  }
}
