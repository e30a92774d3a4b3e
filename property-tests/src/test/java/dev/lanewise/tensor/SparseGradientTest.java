package dev.lanewise.tensor;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/** A list of rows against the table of their sums, to the bit. */
@Tag("lanes")
class SparseGradientTest {
  private static final int ROWS = 11;

  @Provide
  Arbitrary<List<Integer>> indices() {
    return LanewiseArbitraries.indices(ROWS, 40);
  }

  private static Parameter parameter(Arena arena, int width) {
    return Parameter.trainable(arena, Tensor.zeros(arena, ROWS, width));
  }

  @Property
  void sumsAreThoseInInputOrder(
      @ForAll("indices") List<Integer> list,
      @ForAll @IntRange(max = 70) int width,
      @ForAll @IntRange(min = -1, max = 2) int skip,
      @ForAll boolean spaced,
      @ForAll boolean halfway) {
    long[] rows = list.stream().mapToLong(Integer::longValue).toArray();
    try (Arena arena = Arena.ofConfined()) {
      int stride = spaced ? width + 3 : width;
      float[] values = FloatClass.wild(list.hashCode(), rows.length * stride);
      Tensor g = Tensor.copyOf(arena, values, values.length);
      SparseGradient sparse = parameter(arena, width).sparseGradient();
      float[] sums = new float[ROWS * width];
      long[] kept = Arrays.stream(rows).filter(row -> row != skip).toArray();
      for (int i = 0; i < rows.length; i++) {
        for (int d = 0; d < width && rows[i] != skip; d++) {
          sums[(int) rows[i] * width + d] += values[i * stride + d];
        }
      }
      int half = rows.length / 2;
      long strideBytes = (long) stride * Float.BYTES;
      sparse.append(rows, 0, half, skip, g.segment(), 0, strideBytes);
      if (halfway) {
        sparse.coalesce();
      }
      sparse.append(
          rows, half, rows.length - half, skip, g.segment(), half * strideBytes, strideBytes);
      if (!halfway) {
        assertArrayEquals(kept, sparse.indices().toLongArray());
        assertEquals(kept.length == 0, sparse.isCoalesced());
      }
      Tensor dense = Tensor.full(arena, Float.NaN, ROWS, width);
      assertSameBits("uncoalesced", sums, sparse.toDense(dense).toFloatArray());
      sparse.coalesce();
      assertTrue(sparse.isCoalesced());
      long[] distinct = Arrays.stream(kept).sorted().distinct().toArray();
      assertArrayEquals(distinct, sparse.indices().toLongArray());
      assertEquals(distinct.length, sparse.nnz());
      assertSameBits("coalesced", sums, sparse.toDense(dense).toFloatArray());
      float[] rowSums = sparse.values().toFloatArray();
      for (int i = 0; i < distinct.length; i++) {
        int from = (int) distinct[i] * width;
        assertSameBits(
            "values of " + distinct[i],
            Arrays.copyOfRange(sums, from, from + width),
            Arrays.copyOfRange(rowSums, i * width, (i + 1) * width));
      }
      sparse.zero();
      assertEquals(0, sparse.nnz());
      assertSameBits("zero", new float[ROWS * width], sparse.toDense(dense).toFloatArray());
    }
  }

  @Property
  void bothGradientsAreTheirSum(@ForAll("indices") List<Integer> list) {
    long[] rows = list.stream().mapToLong(Integer::longValue).toArray();
    try (Arena arena = Arena.ofConfined()) {
      Parameter parameter = parameter(arena, 2);
      Tensor g = Tensor.copyOf(arena, FloatClass.tame(1, rows.length * 2), rows.length, 2);
      parameter.gradient().tensor().set(3, 4, 1);
      parameter.gradient().touchRow(4);
      parameter.sparseGradient().append(rows, 0, rows.length, -1, g.segment(), 0, 8);
      Tensor sums = parameter.sparseGradient().toDense(Tensor.zeros(arena, ROWS, 2));
      sums.set((float) sums.get(4, 1) + 3f, 4, 1);
      parameter.mergeGradients();
      assertEquals(0, parameter.sparseGradient().nnz());
      assertSameBits("sum", sums, parameter.gradient().tensor());
      parameter.sparseGradient().append(rows, 0, rows.length, -1, g.segment(), 0, 8);
      parameter.zeroGradient();
      assertSameBits("zero", Tensor.zeros(arena, ROWS, 2), parameter.gradient().tensor());
      assertEquals(0, parameter.sparseGradient().nnz());
      parameter.sparseGradient().append(rows, 0, rows.length, -1, g.segment(), 0, 8);
      parameter.mergeGradients();
      assertEquals(rows.length, parameter.sparseGradient().nnz(), "nothing to merge with");
    }
  }

  @Example
  void whatIsRefused() {
    try (Arena arena = Arena.ofConfined()) {
      Parameter parameter = parameter(arena, 2);
      assertFalse(parameter.hasSparseGradient());
      SparseGradient sparse = parameter.sparseGradient();
      Tensor g = Tensor.zeros(arena, 2, 2);
      for (long row : new long[] {-1, ROWS}) {
        var refusal =
            assertThrows(
                IndexOutOfBoundsException.class,
                () -> sparse.append(new long[] {3, row}, 0, 2, -7, g.segment(), 0, 8));
        assertEquals(
            "row " + row + " is outside the parameter of shape [11, 2]", refusal.getMessage());
        assertThrows(IndexOutOfBoundsException.class, () -> sparse.append(row));
      }
      assertThrows(IllegalArgumentException.class, () -> sparse.reserve(-1));
      assertThrows(IllegalArgumentException.class, () -> sparse.reserve(Integer.MAX_VALUE));
      assertEquals(0, sparse.nnz());
      assertEquals(
          "out: expected float32 of shape [11, 2], got float32 of shape [2, 2]",
          assertThrows(IllegalArgumentException.class, () -> sparse.toDense(g)).getMessage());
      Tensor transposed = Tensor.zeros(arena, 2, ROWS).transpose(0, 1);
      assertEquals(
          "out: a tensor of shape [11, 2] must be contiguous and writable",
          assertThrows(IllegalArgumentException.class, () -> sparse.toDense(transposed))
              .getMessage());
      assertThrows(
          IllegalStateException.class,
          () -> Parameter.frozen(Tensor.zeros(arena, 2, 2)).sparseGradient());
      assertThrows(
          IllegalStateException.class,
          () -> Parameter.trainable(arena, Tensor.zeros(arena)).sparseGradient());
      assertEquals("SparseGradient(0 of [11, 2], coalesced)", sparse.toString());
    }
  }
}
