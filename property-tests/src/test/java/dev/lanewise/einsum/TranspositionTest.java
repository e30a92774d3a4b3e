package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Transpositions whose output has rows a multiple of 2 KiB apart, which go by other blocks than the
 * rest while the output is small, and some whose output does not, or is too large for that.
 */
@Tag("lanes")
class TranspositionTest {
  @ParameterizedTest
  @CsvSource({
    "1, 512, 512",
    "15, 512, 512",
    "16, 31, 512",
    "17, 33, 512",
    "40, 5, 1024",
    "100, 1000, 1024",
    "1024, 64, 1024",
    "1025, 64, 1024",
    "2049, 17, 512",
    "257, 33, 513",
    "300, 100, 300",
  })
  void everyElementIsInItsPlaceAndGapsAreLeft(int rows, int columns, int rowDistance) {
    for (DType type : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
      try (Arena arena = Arena.ofConfined()) {
        Tensor source = TameMatrix.of(arena, type, 1, columns, rows);
        Shape shape = Shape.of(rows, rowDistance);
        Tensor out = Tensor.allocate(arena, type, shape).fill(-7);
        Tensor expected = Tensor.allocate(arena, type, shape).fill(-7);
        expected.slice(1, 0, columns).copyFrom(source.transpose(0, 1));
        ContractionOptions options = ContractionOptions.DEFAULT.withDType(type);
        Contraction.compile("ij->ji", options, source.shape())
            .execute(source, out.slice(1, 0, columns));
        assertSameBits(type + " " + shape, expected, out);
      }
    }
  }
}
