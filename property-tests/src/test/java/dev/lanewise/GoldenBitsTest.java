package dev.lanewise;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The same bits on every machine: a model is trained for some steps, and its weights' bits hashed.
 * Every JVM that runs this test (128, 256 and 512 bits, the scalar backend, other processors) must
 * come to the same constant.
 *
 * <p>The constant changes only when the numerics change on purpose. Run the test, check that all
 * forked JVMs report the very same new value as "actual", and paste it; then say in
 * docs/numerics.md what changed.
 */
@Tag("lanes")
class GoldenBitsTest {
  static final String GOLDEN = "350cf239ea5ada8be97eee3b5eb8d24cd28524bfdc64d431c5f6790babf00c03";

  @Test
  void trainedWeightsHaveTheBitsTheyAlwaysHad() {
    assertEquals(GOLDEN, GoldenModel.train());
  }
}
