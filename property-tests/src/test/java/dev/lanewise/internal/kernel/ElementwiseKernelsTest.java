package dev.lanewise.internal.kernel;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.GuardedRun;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every elementwise kernel: vector and scalar backends, and the formula of its documentation, agree
 * bit for bit; nothing else is written.
 */
@Tag("lanes")
class ElementwiseKernelsTest {
  private static final int LONGEST = 200;

  /** Runs a kernel on its runs: inputs first, then outputs, then scalars. */
  private interface Call {
    void run(ElementwiseKernels kernels, GuardedRun[] r, float[] s, int n);
  }

  /** The new values of the outputs from the old values of all runs, by the documented formula. */
  private interface Formula {
    float[] apply(float[] v, float[] s);
  }

  /** A kernel with its formula. */
  enum Kernel {
    ADD(
        2,
        1,
        0,
        (k, r, s, n) -> k.add(seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), n),
        (v, s) -> out(v[0] + v[1])),
    ADD_SCALAR(
        1,
        1,
        1,
        (k, r, s, n) -> k.addScalar(seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), s[0], n),
        (v, s) -> out(v[0] + s[0])),
    AXPY(
        1,
        1,
        1,
        (k, r, s, n) -> k.axpy(seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), s[0], n),
        (v, s) -> out(Math.fma(s[0], v[0], v[1]))),
    RELU(
        1,
        1,
        0,
        (k, r, s, n) -> k.relu(seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), n),
        (v, s) -> out(v[0] < 0 ? 0f : v[0])),
    RELU_GRADIENT(
        2,
        1,
        0,
        (k, r, s, n) ->
            k.reluGradient(seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), n),
        (v, s) -> out(v[2] + (v[0] > 0 ? v[1] : 0f))),
    DIFFERENCE_GRADIENT(
        2,
        1,
        1,
        (k, r, s, n) ->
            k.differenceGradient(
                seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), s[0], n),
        (v, s) -> out(Math.fma(s[0], v[0] - v[1], v[2]))),
    SQUARED_DIFFERENCE(
        2,
        1,
        0,
        (k, r, s, n) ->
            k.squaredDifference(seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), n),
        (v, s) -> out((v[0] - v[1]) * (v[0] - v[1]))),
    SQUARED_DIFFERENCE_GRADIENT(
        3,
        1,
        1,
        (k, r, s, n) ->
            k.squaredDifferenceGradient(
                seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), seg(r, 3), at(r, 3),
                s[0], n),
        (v, s) -> out(Math.fma(2f * s[0] * (v[0] - v[1]), v[2], v[3]))),
    /** The exponential has a test of its own: no formula here but the scalar program. */
    EXP_GRADIENT(
        1,
        1,
        2,
        (k, r, s, n) -> k.expGradient(seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), s[0], s[1], n),
        (v, s) -> new float[0]),
    SGD_DECAY(
        1,
        1,
        3,
        (k, r, s, n) -> k.sgdDecay(seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), s[0], s[1], s[2], n),
        (v, s) -> out(Math.fma(s[2], Math.fma(s[1], v[1], s[0] * v[0]), v[1]))),
    SGD_MOMENTUM(
        1,
        2,
        5,
        (k, r, s, n) ->
            k.sgdMomentum(
                seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), s[0], s[1], s[2],
                s[3], s[4], n),
        (v, s) -> {
          float d = Math.fma(s[1], v[2], s[0] * v[0]);
          float b = Math.fma(s[2], v[1], s[3] * d);
          return out(b, Math.fma(s[4], b, v[2]));
        }),
    SGD_NESTEROV(
        1,
        2,
        5,
        (k, r, s, n) ->
            k.sgdNesterov(
                seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), s[0], s[1], s[2],
                s[3], s[4], n),
        (v, s) -> {
          float d = Math.fma(s[1], v[2], s[0] * v[0]);
          float b = Math.fma(s[2], v[1], s[3] * d);
          return out(b, Math.fma(s[4], Math.fma(s[2], b, d), v[2]));
        }),
    ADAGRAD(
        1,
        2,
        2,
        (k, r, s, n) ->
            k.adagrad(seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), s[0], s[1], n),
        (v, s) -> adagrad(v[0], v[1], v[2], s[0], s[1])),
    ADAGRAD_DECAY(
        1,
        2,
        4,
        (k, r, s, n) ->
            k.adagradDecay(
                seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), s[0], s[1], s[2],
                s[3], n),
        (v, s) -> adagrad(Math.fma(s[1], v[2], s[0] * v[0]), v[1], v[2], s[2], s[3])),
    ADAM(
        1,
        3,
        10,
        (k, r, s, n) ->
            k.adam(
                seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), seg(r, 3), at(r, 3),
                s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], n),
        (v, s) -> {
          float d = Math.fma(s[1], v[3], s[0] * v[0]);
          float m = Math.fma(s[3], v[1], s[4] * d);
          float second = Math.fma(s[5], v[2], s[6] * d * d);
          float step = m / Math.fma((float) Math.sqrt(second), s[7], s[8]);
          return out(m, second, Math.fma(s[9], step, s[2] * v[3]));
        }),
    ADAM_MAX(
        1,
        4,
        10,
        (k, r, s, n) ->
            k.adamMax(
                seg(r, 0), at(r, 0), seg(r, 1), at(r, 1), seg(r, 2), at(r, 2), seg(r, 3), at(r, 3),
                seg(r, 4), at(r, 4), s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], n),
        (v, s) -> {
          float d = Math.fma(s[1], v[4], s[0] * v[0]);
          float m = Math.fma(s[3], v[1], s[4] * d);
          float second = Math.fma(s[5], v[2], s[6] * d * d);
          float largest = v[3] > second ? v[3] : second;
          float step = m / Math.fma((float) Math.sqrt(largest), s[7], s[8]);
          return out(m, second, largest, Math.fma(s[9], step, s[2] * v[4]));
        });

    private static float[] adagrad(float g, float s, float w, float negativeRate, float eps) {
      float sum = Math.fma(g, g, s);
      return out(sum, Math.fma(negativeRate, g / ((float) Math.sqrt(sum) + eps), w));
    }

    private final int inputs;
    private final int outputs;
    private final int scalars;
    private final Call call;
    private final Formula formula;

    Kernel(int inputs, int outputs, int scalars, Call call, Formula formula) {
      this.inputs = inputs;
      this.outputs = outputs;
      this.scalars = scalars;
      this.call = call;
      this.formula = formula;
    }
  }

  private static java.lang.foreign.MemorySegment seg(GuardedRun[] runs, int i) {
    return runs[i].segment();
  }

  private static long at(GuardedRun[] runs, int i) {
    return runs[i].offsetBytes();
  }

  private static float[] out(float... values) {
    return values;
  }

  @ParameterizedTest
  @EnumSource(Kernel.class)
  void backendsAgreeOnEveryLength(Kernel kernel) {
    SplittableRandom random = new SplittableRandom(kernel.ordinal());
    for (int n = 0; n <= LONGEST; n++) {
      check(kernel, n, random);
    }
    check(kernel, 100_003, random);
  }

  private static void check(Kernel kernel, int n, SplittableRandom random) {
    int runs = kernel.inputs + kernel.outputs;
    float[][] before = new float[runs][];
    int[] misalignments = random.ints(runs, 0, 64).toArray();
    for (int i = 0; i < runs; i++) {
      before[i] = FloatClass.wild(random.nextLong(), n);
    }
    float[] scalars =
        FloatClass.fill(
            random.nextLong(),
            kernel.scalars,
            n % 3 == 0 ? FloatClass.values() : new FloatClass[] {FloatClass.NORMAL});
    try (Arena arena = Arena.ofConfined()) {
      GuardedRun[] scalar =
          run(kernel, KernelSet.scalar(), arena, before, misalignments, scalars, n);
      GuardedRun[] vector =
          run(kernel, KernelSet.vector(), arena, before, misalignments, scalars, n);
      for (int i = 0; i < runs; i++) {
        String what = kernel + " of length " + n + ", run " + i;
        scalar[i].assertGuardsUnchanged("scalar " + what);
        vector[i].assertGuardsUnchanged("vector " + what);
        assertSameBits(what, scalar[i].values(), vector[i].values());
        if (i < kernel.inputs) {
          assertSameBits("input of " + what, before[i], vector[i].values());
        }
      }
      for (int i = 0; i < n; i++) {
        int position = i;
        float[] old = new float[runs];
        IntStream.range(0, runs).forEach(r -> old[r] = before[r][position]);
        float[] expected = kernel.formula.apply(old, scalars);
        for (int output = 0; output < expected.length; output++) {
          float[] actual = {vector[kernel.inputs + output].values()[position]};
          assertSameBits(
              kernel + " by its formula at " + position + " of " + n,
              new float[] {expected[output]},
              actual);
          if (n > 1000) {
            return;
          }
        }
      }
    }
  }

  private static GuardedRun[] run(
      Kernel kernel,
      KernelSet set,
      Arena arena,
      float[][] before,
      int[] misalignments,
      float[] scalars,
      int n) {
    GuardedRun[] runs = new GuardedRun[before.length];
    for (int i = 0; i < runs.length; i++) {
      runs[i] = GuardedRun.of(arena, before[i], misalignments[i]);
    }
    kernel.call.run(set.elementwise(), runs, scalars, n);
    return runs;
  }
}
