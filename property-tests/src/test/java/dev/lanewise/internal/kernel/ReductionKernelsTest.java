package dev.lanewise.internal.kernel;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.GuardedRun;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every reduction: vector and scalar backends, and the documented order of operations, agree bit
 * for bit; inputs are unchanged.
 */
@Tag("lanes")
class ReductionKernelsTest {
  private interface Call {
    void run(
        ReductionKernels kernels, float[] partials, GuardedRun a, GuardedRun b, float shift, int n);
  }

  private interface Step {
    float apply(float partial, float a, float b);
  }

  /** A reduction with the step by which an element enters its partial. */
  enum Kernel {
    DOT(
        (k, p, a, b, s, n) ->
            k.dot(p, a.segment(), a.offsetBytes(), b.segment(), b.offsetBytes(), n),
        (p, a, b) -> Math.fma(a, b, p)),
    SUM((k, p, a, b, s, n) -> k.sum(p, a.segment(), a.offsetBytes(), n), (p, a, b) -> p + a),
    SQUARED_DIFFERENCE(
        (k, p, a, b, s, n) ->
            k.squaredDifference(p, a.segment(), a.offsetBytes(), b.segment(), b.offsetBytes(), n),
        (p, a, b) -> Math.fma(a - b, a - b, p)),
    MAX(
        (k, p, a, b, s, n) -> k.max(p, a.segment(), a.offsetBytes(), n),
        (p, a, b) -> Math.max(p, a)),
    /** The exponential has a test of its own: no step here but the scalar program. */
    SUM_EXP((k, p, a, b, s, n) -> k.sumExp(p, a.segment(), a.offsetBytes(), s, n), null);

    private final Call call;
    private final Step step;

    Kernel(Call call, Step step) {
      this.call = call;
      this.step = step;
    }
  }

  @ParameterizedTest
  @EnumSource(Kernel.class)
  void backendsAgreeOnEveryLength(Kernel kernel) {
    SplittableRandom random = new SplittableRandom(kernel.ordinal());
    for (int n = 0; n <= 200; n++) {
      check(
          kernel,
          n,
          FloatClass.wild(random.nextLong(), n),
          FloatClass.wild(random.nextLong(), n),
          random);
      check(
          kernel,
          n,
          FloatClass.tame(random.nextLong(), n),
          FloatClass.tame(random.nextLong(), n),
          random);
    }
    check(kernel, 5003, FloatClass.tame(1, 5003), FloatClass.tame(2, 5003), random);
  }

  private static void check(
      Kernel kernel, int n, float[] left, float[] right, SplittableRandom random) {
    float shift = FloatClass.NORMAL.draw(random);
    float[] start = FloatClass.tame(random.nextLong(), Partials.COUNT);
    try (Arena arena = Arena.ofConfined()) {
      GuardedRun a = GuardedRun.of(arena, left, random.nextInt(64));
      GuardedRun b = GuardedRun.of(arena, right, random.nextInt(64));
      float[] scalar = start.clone();
      float[] vector = start.clone();
      kernel.call.run(KernelSet.scalar().reductions(), scalar, a, b, shift, n);
      kernel.call.run(KernelSet.vector().reductions(), vector, a, b, shift, n);
      assertSameBits(kernel + " of length " + n, scalar, vector);
      assertSameBits("first input", left, a.values());
      assertSameBits("second input", right, b.values());
      a.assertGuardsUnchanged("first input");
      b.assertGuardsUnchanged("second input");
      if (kernel.step != null) {
        float[] expected = start.clone();
        for (int k = 0; k < n; k++) {
          expected[k % Partials.COUNT] =
              kernel.step.apply(expected[k % Partials.COUNT], left[k], right[k]);
        }
        assertSameBits(kernel + " of length " + n + " by its definition", expected, vector);
      }
    }
  }

  @Test
  void aRunInPiecesGivesTheSameBits() {
    for (Kernel kernel : Kernel.values()) {
      float[] left = FloatClass.tame(3, 64 * 5 + 17);
      float[] right = FloatClass.tame(4, left.length);
      try (Arena arena = Arena.ofConfined()) {
        GuardedRun a = GuardedRun.of(arena, left, 4);
        GuardedRun b = GuardedRun.of(arena, right, 8);
        float[] whole = new float[Partials.COUNT];
        kernel.call.run(KernelSet.vector().reductions(), whole, a, b, 1f, left.length);
        float[] pieces = new float[Partials.COUNT];
        float[] head = java.util.Arrays.copyOf(left, 128);
        float[] tail = java.util.Arrays.copyOfRange(left, 128, left.length);
        GuardedRun headB = GuardedRun.of(arena, java.util.Arrays.copyOf(right, 128), 0);
        GuardedRun tailB =
            GuardedRun.of(arena, java.util.Arrays.copyOfRange(right, 128, right.length), 0);
        kernel.call.run(
            KernelSet.vector().reductions(),
            pieces,
            GuardedRun.of(arena, head, 0),
            headB,
            1f,
            head.length);
        kernel.call.run(
            KernelSet.vector().reductions(),
            pieces,
            GuardedRun.of(arena, tail, 0),
            tailB,
            1f,
            tail.length);
        assertSameBits(kernel + " in pieces", whole, pieces);
      }
    }
  }

  @Test
  void partialsAreCombinedByHalves() {
    float[] partials = FloatClass.tame(5, Partials.COUNT);
    assertSameBits(
        "sum", new float[] {tree(partials, 0, 1)}, new float[] {Partials.sum(partials.clone())});
    float max = Float.NEGATIVE_INFINITY;
    for (float partial : partials) {
      max = Math.max(max, partial);
    }
    assertSameBits("max", new float[] {max}, new float[] {Partials.max(partials.clone())});
    partials[7] = Float.NaN;
    assertSameBits("max", new float[] {Float.NaN}, new float[] {Partials.max(partials)});
  }

  /**
   * Partial i meets partial i + 32 first: the tree is over the bits of the index, highest first.
   */
  private static float tree(float[] partials, int from, int step) {
    return step == Partials.COUNT
        ? partials[from]
        : tree(partials, from, 2 * step) + tree(partials, from + step, 2 * step);
  }
}
