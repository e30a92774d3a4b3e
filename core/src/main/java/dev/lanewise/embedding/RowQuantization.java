package dev.lanewise.embedding;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Tables in 8 bits a number and back: FBGEMM's fused 8-bit row-wise format, which {@link
 * Embedding#fromQuantized} serves from.
 *
 * <p>A row of n numbers becomes n bytes and two float32, its scale and its bias: {@code bias = min,
 * scale = (max - min) / 255, q[d] = round((x[d] - min) * (255 / (max - min + 1e-8)))}, all in
 * float32, rounding halves to even. Reading gives {@code fma(scale, q[d], bias)}. For rows whose
 * numbers differ by much more than 1e-8 and by less than half of float32's range, that is within
 * {@code scale / 2} of x, but for the rounding of these four operations: a relative 2^-24 of the
 * row's largest absolute value each.
 *
 * <p>Thread-safe as long as nobody writes what is read; allocates no memory but the result.
 *
 * <p>Source: FBGEMM's {@code FloatToFused8BitRowwiseQuantizedSBFloat}, which {@code
 * torch.ops.quantized.embedding_bag_byte_prepack} calls.
 */
public final class RowQuantization {
  /** The scale and the bias behind a row's numbers. */
  static final int TRAILER_BYTES = RowFormat.INT8.trailerBytes();

  private static final float LARGEST_BYTE = 255f;

  /** Keeps the quotient of a row of equal numbers finite. */
  private static final float EPSILON = 1e-8f;

  private RowQuantization() {}

  /**
   * Quantises a table.
   *
   * @param arena whose memory the result is
   * @param table float32 [n, d], of any strides; finite
   * @return uint8 [n, d + 8]
   * @throws IllegalArgumentException if the tensor is not such a table, or a row of it is not
   *     finite or spans more than float32's range; the message names the row
   */
  public static Tensor quantize(Arena arena, Tensor table) {
    requireMatrix(table);
    Check.readable("table", table);
    Tensor rows =
        Tensor.allocate(
            arena,
            DType.UINT8,
            Shape.of(table.size(0), Math.addExact(table.size(1), TRAILER_BYTES)));
    quantize(table, rows);
    return rows;
  }

  /**
   * Quantises a table into a given one.
   *
   * @param table float32 [n, d], of any strides; finite
   * @param out uint8 [n, d + 8], whose rows lie without gaps inside
   * @throws IllegalArgumentException if a tensor has another shape or type, they overlap, or a row
   *     is not finite or spans more than float32's range (the message names the row); nothing is
   *     written then
   * @throws IllegalStateException if an arena is closed
   */
  public static void quantize(Tensor table, Tensor out) {
    requireMatrix(table);
    Check.readable("table", table);
    Check.writable("out", out, DType.UINT8);
    requireRows("out", out, table.size(0), table.size(1));
    Check.disjoint("out", out, "table", table);
    for (long row = 0; row < table.size(0); row++) {
      requireFinite(table, row);
    }
    for (long row = 0; row < table.size(0); row++) {
      quantizeRow(table, row, out.segment(), out.offsetBytes() + row * out.stride(0));
    }
  }

  /**
   * Reads quantised rows as a table.
   *
   * @param rows uint8 [n, d + 8], whose rows lie without gaps inside
   * @param out float32 [n, d], of any strides
   * @throws IllegalArgumentException if a tensor has another shape or type, or they overlap
   * @throws IllegalStateException if an arena is closed; nothing is written in either case
   */
  public static void dequantize(Tensor rows, Tensor out) {
    requireMatrix(out);
    Check.readable("rows", rows, DType.UINT8);
    Check.writable("out", out);
    requireRows("rows", rows, out.size(0), out.size(1));
    Check.disjoint("out", out, "rows", rows);
    MemorySegment bytes = rows.segment();
    for (long row = 0; row < out.size(0); row++) {
      long at = rows.offsetBytes() + row * rows.stride(0);
      float scale = bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + out.size(1));
      float bias = bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + out.size(1) + Float.BYTES);
      for (long i = 0; i < out.size(1); i++) {
        int q = Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, at + i));
        out.segment()
            .set(ValueLayout.JAVA_FLOAT_UNALIGNED, place(out, row, i), Math.fma(scale, q, bias));
      }
    }
  }

  private static void requireMatrix(Tensor table) {
    if (table.rank() != 2) {
      throw new IllegalArgumentException("table: expected shape [n, d], got " + table.shape());
    }
  }

  private static void requireRows(String name, Tensor rows, long count, long width) {
    if (rows.rank() != 2 || rows.size(0) != count || rows.size(1) != width + TRAILER_BYTES) {
      throw new IllegalArgumentException(
          name + ": expected shape [" + count + ", " + width + " + 8], got " + rows.shape());
    }
    Check.denseOutputRows(name, rows);
  }

  private static long place(Tensor table, long row, long column) {
    return table.offsetBytes() + (row * table.stride(0) + column * table.stride(1)) * Float.BYTES;
  }

  private static float get(Tensor table, long row, long column) {
    return table.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, place(table, row, column));
  }

  private static float min(Tensor table, long row) {
    float min = get(table, row, 0);
    for (long i = 1; i < table.size(1); i++) {
      min = Math.min(min, get(table, row, i));
    }
    return min;
  }

  private static float max(Tensor table, long row) {
    float max = get(table, row, 0);
    for (long i = 1; i < table.size(1); i++) {
      max = Math.max(max, get(table, row, i));
    }
    return max;
  }

  private static void requireFinite(Tensor table, long row) {
    // NaN and infinities make the range one too.
    if (table.size(1) > 0 && !Float.isFinite(max(table, row) - min(table, row))) {
      throw new IllegalArgumentException(
          "table: row "
              + row
              + " cannot be quantised, as it spans from "
              + min(table, row)
              + " to "
              + max(table, row));
    }
  }

  private static void quantizeRow(Tensor table, long row, MemorySegment to, long at) {
    long width = table.size(1);
    float min = width == 0 ? 0f : min(table, row);
    float range = width == 0 ? 0f : max(table, row) - min;
    float inverse = LARGEST_BYTE / (range + EPSILON);
    for (long i = 0; i < width; i++) {
      byte q = (byte) Math.rint((get(table, row, i) - min) * inverse);
      to.set(ValueLayout.JAVA_BYTE, at + i, q);
    }
    to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at + width, range / LARGEST_BYTE);
    to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at + width + Float.BYTES, min);
  }
}
