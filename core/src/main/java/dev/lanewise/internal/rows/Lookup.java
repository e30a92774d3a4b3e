package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.kernel.ScatterKernels;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Lookup in a table and its gradient, on row numbers that are already checked. Table rows lie
 * without gaps inside; allocates nothing.
 */
public final class Lookup {
  private static final RowKernels KERNELS = KernelSet.active().rows(RowFormat.FLOAT32);
  private static final ScatterKernels SCATTER = KernelSet.active().scatter();

  private Lookup() {}

  /**
   * {@code out[i, :] = table[rows[i], :]}, bit for bit; out is of the table's type, and is seen as
   * rows, which may lie anywhere.
   */
  public static void forward(Tensor table, RowNumbers rows, Tensor out) {
    long size = table.dtype().sizeBytes();
    long stride = Strides.rowStride(out);
    // Elements of eight bytes are copied as two of four.
    int width = (int) (table.size(1) * size / Float.BYTES);
    long tableRow = table.stride(0) * size;
    int count = rows.count();
    if (stride != Strides.NONE) {
      KERNELS.gather(
          table.segment(),
          table.offsetBytes(),
          tableRow,
          rows.rows(),
          0,
          count,
          out.segment(),
          out.offsetBytes(),
          stride * size,
          width);
      return;
    }
    for (int i = 0; i < count; i++) {
      long to = out.offsetBytes() + Strides.rowOffset(out, i) * size;
      KERNELS.gather(
          table.segment(),
          table.offsetBytes(),
          tableRow,
          rows.rows(),
          i,
          1,
          out.segment(),
          to,
          0,
          width);
    }
  }

  /**
   * {@code gradient[rows[first + i], :] += g[i, :]} for i below a count, in the order of i, leaving
   * out the padding row; g is contiguous.
   */
  public static void backward(
      Gradient gradient, RowNumbers rows, int first, int count, long paddingIdx, Tensor g) {
    backward(
        gradient,
        rows,
        first,
        count,
        paddingIdx,
        g.segment(),
        g.offsetBytes(),
        (long) width(gradient.tensor()) * Float.BYTES);
  }

  /** As the other, of rows that lie evenly spaced. */
  static void backward(
      Gradient gradient,
      RowNumbers rows,
      int first,
      int count,
      long paddingIdx,
      MemorySegment g,
      long gOffset,
      long gStride) {
    Tensor table = gradient.tensor();
    SCATTER.scatterAdd(
        table.segment(),
        table.offsetBytes(),
        rowBytes(table),
        rows.rows(),
        first,
        count,
        g,
        gOffset,
        gStride,
        width(table),
        paddingIdx);
    for (int i = first; i < first + count; i++) {
      if (rows.rows()[i] != paddingIdx) {
        gradient.touchRow(rows.rows()[i]);
      }
    }
  }

  /**
   * {@code out[b, :] = (sum of bag b's rows of the table) / divisor}; the rows of out may lie
   * anywhere.
   */
  public static void bagForward(Tensor table, Bags bags, Tensor out) {
    for (int bag = 0; bag < bags.count(); bag++) {
      long to = out.offsetBytes() + bag * out.stride(0) * Float.BYTES;
      KERNELS.bagSum(
          table.segment(),
          table.offsetBytes(),
          rowBytes(table),
          bags.rows(),
          bags.start(bag),
          bags.size(bag),
          out.segment(),
          to,
          width(table),
          bags.divisor(bag));
    }
  }

  /**
   * {@code gradient[row, :] += g[b, :] / divisor} for the rows of each bag b, in order; g is
   * contiguous.
   */
  public static void bagBackward(Gradient gradient, Bags bags, Tensor g) {
    Tensor table = gradient.tensor();
    int width = width(table);
    for (int bag = 0; bag < bags.count(); bag++) {
      SCATTER.bagScatterAdd(
          table.segment(),
          table.offsetBytes(),
          rowBytes(table),
          bags.rows(),
          bags.start(bag),
          bags.size(bag),
          g.segment(),
          g.offsetBytes() + (long) bag * width * Float.BYTES,
          width,
          bags.divisor(bag));
    }
    for (int i = 0; i < bags.entries(); i++) {
      gradient.touchRow(bags.rows()[i]);
    }
  }

  private static int width(Tensor table) {
    return (int) table.size(1);
  }

  private static long rowBytes(Tensor table) {
    return table.stride(0) * Float.BYTES;
  }
}
