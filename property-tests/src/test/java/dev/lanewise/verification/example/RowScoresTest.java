package dev.lanewise.verification.example;

import static dev.lanewise.verification.TensorAssertions.assertWithin;

import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.Estimate;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.FloatFormat;
import dev.lanewise.verification.GuardedRun;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.OracleEinsum;
import java.lang.foreign.Arena;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/**
 * The test of the kernel of README's section "Testing a kernel of your own". With {@code
 * -Dexample.bug} it is given the kernel with a bug.
 */
class RowScoresTest {
  static final String BUG = "example.bug";

  private final RowScores kernel =
      RowScores.of(System.getProperty(BUG) == null ? RowScores::right : RowScores::withABug);

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  @Property
  void scoresAreWithinTheBound(
      @ForAll @IntRange(max = 5) int rows,
      @ForAll @IntRange(max = 40) int width,
      @ForAll @IntRange(max = 63) int misalignment,
      @ForAll("seeds") long seed) {
    double[] x = FloatClass.tame(FloatFormat.BINARY32, seed, rows * width);
    double[] q = FloatClass.tame(FloatFormat.BINARY32, seed + 1, width);
    try (Arena arena = Arena.ofConfined()) {
      GuardedRun table = GuardedRun.of(arena, FloatFormat.BINARY32, x, misalignment);
      GuardedRun query = GuardedRun.of(arena, FloatFormat.BINARY32, q, 0);
      GuardedRun out = GuardedRun.poisoned(arena, rows, misalignment);
      kernel.scores(
          rows,
          width,
          table.segment(),
          table.offsetBytes(),
          query.segment(),
          query.offsetBytes(),
          out.segment(),
          out.offsetBytes());
      Estimate scores =
          OracleEinsum.contract(
              "ij,j->i", DoubleArray.of(x, rows, width), DoubleArray.of(q, width));
      assertWithin("scores", scores::at, out.values());
      out.assertGuardsUnchanged("out");
    }
  }
}
