package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Matrices so large that they are read before kernels read them: their products have the bits of
 * those of their parts, which are not.
 */
@Tag("lanes")
class LargeOperandsTest {
  private static final int PARTS = 7;

  @ParameterizedTest
  @CsvSource({
    // One row and the runs of a matrix, without gaps and with.
    "'ik,jk->ij', 1, 64, 0, 40003",
    "'ik,jk->ij', 1, 100, 3, 21007",
    "'ik,jk->ij', 1, 250, 0, 8777",
    // Rows read by tiles, whose first columns meet them first.
    "'ik,kj->ij', 16, 128, 0, 17011",
    "'ik,kj->ij', 70, 100, 1, 21013",
    "'ik,jk->ij', 33, 256, 0, 8221",
  })
  void haveTheBitsOfTheirParts(String equation, int few, int k, int gap, int many) {
    for (DType type : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
      for (Accumulation accumulation : Accumulation.values()) {
        check(equation, type, accumulation, few, k, gap, many);
      }
    }
  }

  private static void check(
      String equation, DType type, Accumulation accumulation, int few, int k, int gap, int many) {
    try (Arena arena = Arena.ofConfined()) {
      boolean largeFirst = few > 1;
      Tensor large = TameMatrix.of(arena, type, 1, many, k + gap).slice(1, 0, k);
      Tensor small =
          equation.equals("ik,kj->ij")
              ? TameMatrix.of(arena, type, 2, k, few)
              : TameMatrix.of(arena, type, 2, few, k);
      Tensor whole =
          largeFirst
              ? TameMatrix.of(arena, type, 3, many, few)
              : TameMatrix.of(arena, type, 3, few, many);
      Tensor parts = Tensor.allocate(arena, type, whole.shape()).copyFrom(whole);
      multiply(equation, largeFirst, large, small, whole, accumulation);
      for (int part = 0; part < PARTS; part++) {
        int from = many * part / PARTS;
        int to = many * (part + 1) / PARTS;
        Tensor out = parts.slice(largeFirst ? 0 : 1, from, to);
        multiply(equation, largeFirst, large.slice(0, from, to), small, out, accumulation);
      }
      assertSameBits(equation + " of " + large.shape() + " " + type, parts, whole);
    }
  }

  private static void multiply(
      String equation,
      boolean largeFirst,
      Tensor large,
      Tensor small,
      Tensor out,
      Accumulation accumulation) {
    Tensor a = largeFirst ? large : small;
    Tensor b = largeFirst ? small : large;
    ContractionOptions options = ContractionOptions.DEFAULT.withDType(out.dtype());
    Contraction.compile(equation, options, a.shape(), b.shape()).execute(a, b, out, accumulation);
  }
}
