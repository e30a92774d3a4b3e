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

  private static final int PARTS_OF_A_THREAD = 4;

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
    if (out.stride(-1) != 1 && out.size(-1) > 1) {
      throw new IllegalArgumentException(
          "out: the elements of a row must lie side by side, but have stride " + out.stride(-1));
    }
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
                (int) ((long) count * part / parts),
                (int) ((long) count * (part + 1) / parts),
                out));
  }

  /** How many parts are worth it, of work on some pieces that moves some bytes. */
  public static int parts(Parallelism parallelism, int pieces, long bytes) {
    return parallelism.width() == 1
        ? 1
        : (int)
            Math.min(
                Math.min(pieces, bytes / LEAST_BYTES_OF_A_PART),
                (long) PARTS_OF_A_THREAD * parallelism.width());
  }

  /** {@code out[i, :] = table[rows[i], :]} for i from one to before another. */
  public static void forward(Tensor table, long[] rows, int from, int to, Tensor out) {
    long stride = Strides.rowStride(out);
    if (stride != Strides.NONE) {
      for (int first = from; first < to; first += ROWS_AT_A_TIME) {
        int count = Math.min(ROWS_AT_A_TIME, to - first);
        gather(table, rows, first, count, out, first * stride, stride);
      }
      return;
    }
    for (int i = from; i < to; i++) {
      gather(table, rows, i, 1, out, Strides.rowOffset(out, i), 0);
    }
  }

  private static void gather(
      Tensor table, long[] rows, int from, int count, Tensor out, long at, long stride) {
    int size = out.dtype().sizeBytes();
    kernels(table)
        .gather(
            table.segment(),
            table.offsetBytes(),
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
   * Sums of bags of rows.
   *
   * <p>Bag b has the entries from {@code starts[b]} to before {@code starts[b + 1]} of the row
   * numbers, and is reduced into row b of out, from a column on.
   */
  public static void sums(
      Tensor table, long[] rows, int[] starts, int from, int to, Tensor out, long column) {
    reduce(table, rows, starts, from, to, out, column, false);
  }

  /** As {@link #sums}, each divided by the bag's number of entries, or by 1 if that is 0. */
  public static void means(
      Tensor table, long[] rows, int[] starts, int from, int to, Tensor out, long column) {
    reduce(table, rows, starts, from, to, out, column, true);
  }

  private static void reduce(
      Tensor table,
      long[] rows,
      int[] starts,
      int from,
      int to,
      Tensor out,
      long column,
      boolean divided) {
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
      double divisor = divided ? Math.max(size, 1) : 1;
      kernels.bagSum(segment, offset, stride, rows, start, size, target, at, width, divisor);
    }
  }

  /** As {@link #sums}, of the rows times the entries' weights. */
  public static void weightedSums(
      Tensor table,
      long[] rows,
      int[] starts,
      int from,
      int to,
      double[] weights,
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
      kernels.bagWeightedSum(
          segment, offset, stride, rows, start, size, weights, target, at, width);
    }
  }

  /** As {@link #sums}, but the largest number of each column. */
  public static void maxima(
      Tensor table, long[] rows, int[] starts, int from, int to, Tensor out, long column) {
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
      kernels.bagMax(
          segment, offset, stride, rows, start, starts[bag + 1] - start, target, at, width);
    }
  }

  private static long place(Tensor out, long row, long column) {
    return out.offsetBytes() + (row * out.stride(0) + column) * out.dtype().sizeBytes();
  }
}
