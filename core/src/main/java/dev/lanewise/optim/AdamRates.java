package dev.lanewise.optim;

import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * The numbers that enter a step of Adam or SparseAdam for every weight: computed in double, powers
 * by StrictMath, which is defined to the bit, and rounded once.
 */
final class AdamRates {
  float beta1;
  float rest1;
  float beta2;
  float rest2;

  /** What the weight is multiplied by before the step. */
  float keep;

  /** How much of the weight is added to its gradient. */
  float weightDecay;

  /** What the root of the mean square is multiplied by. */
  float scale;

  float negativeRate;

  /** Step t of Adam. */
  void adam(Adam.Settings settings, long t) {
    betas(settings.beta1(), settings.beta2());
    boolean decoupled = settings.decayKind() == Adam.DecayKind.DECOUPLED;
    double rate = settings.learningRate();
    weightDecay = decoupled ? 0 : settings.weightDecay();
    keep = decoupled ? (float) (1 - rate * settings.weightDecay()) : 1;
    scale = (float) (1 / Math.sqrt(correction(settings.beta2(), t)));
    negativeRate = (float) (-rate / correction(settings.beta1(), t));
  }

  /** Step t of SparseAdam. */
  void sparseAdam(SparseAdam.Settings settings, long t) {
    betas(settings.beta1(), settings.beta2());
    weightDecay = 0;
    keep = 1;
    scale = 1;
    negativeRate =
        (float)
            (-(double) settings.learningRate()
                * Math.sqrt(correction(settings.beta2(), t))
                / correction(settings.beta1(), t));
  }

  private void betas(double first, double second) {
    beta1 = (float) first;
    rest1 = (float) (1 - first);
    beta2 = (float) second;
    rest2 = (float) (1 - second);
  }

  private static double correction(double beta, long t) {
    return 1 - power(beta, t);
  }

  /**
   * A power by repeated squaring, the same everywhere. ({@code StrictMath.pow} allocates in some
   * compilations.)
   */
  static double power(double base, long exponent) {
    double result = 1;
    double square = base;
    for (long rest = exponent; rest > 0; rest >>= 1) {
      if ((rest & 1) == 1) {
        result *= square;
      }
      square *= square;
    }
    return result;
  }

  /** Updates a run of weights. */
  void run(
      ElementwiseKernels kernels,
      MemorySegment g,
      long gOffset,
      Tensor m,
      Tensor v,
      long element,
      MemorySegment w,
      long wOffset,
      Direction direction,
      float eps,
      int n) {
    kernels.adam(
        g,
        gOffset,
        m.segment(),
        Runs.bytes(m, element),
        v.segment(),
        Runs.bytes(v, element),
        w,
        wOffset,
        direction.sign(),
        weightDecay,
        keep,
        beta1,
        rest1,
        beta2,
        rest2,
        scale,
        eps,
        negativeRate,
        n);
  }
}
