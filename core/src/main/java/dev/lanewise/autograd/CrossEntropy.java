package dev.lanewise.autograd;

import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a cross-entropy loss over logits.
 *
 * <p>With {@code p = softmax(logits)} and weights {@code w} (1 where none are given), the loss of a
 * row with class y is {@code (1 - s) w[y] (-log p[y]) + s / C * sum over c of w[c] (-log p[c])}
 * with label smoothing s. A row whose class is {@code ignoreIndex} has loss and gradient 0. The
 * mean is the sum of the losses divided by the sum of {@code w[y]} over the rows that are not
 * ignored: NaN if there are none.
 *
 * <p>Source: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html">torch.nn.CrossEntropyLoss</a>.
 * Immutable.
 *
 * @param reduction how the rows' losses become one
 * @param weight float32 [C], or null for 1 each; a constant
 * @param ignoreIndex a class that marks rows to leave out; may be negative
 * @param labelSmoothing s, from 0 to 1
 */
@SuppressWarnings(
    "exports") // JSpecify is needed to compile, not to run: users need not read its module.
public record CrossEntropy(
    Reduction reduction, @Nullable Tensor weight, long ignoreIndex, float labelSmoothing) {
  /** The mean over all rows, unweighted, without smoothing, ignoring class -100. */
  public static final CrossEntropy MEAN = new CrossEntropy(Reduction.MEAN, null, -100, 0f);

  /**
   * Checks the settings.
   *
   * @throws IllegalArgumentException if the smoothing is not within 0 and 1, or the weight is not a
   *     float32 vector without gaps
   */
  public CrossEntropy {
    Objects.requireNonNull(reduction, "reduction");
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
      throw new IllegalArgumentException(
          "labelSmoothing must be from 0 to 1, got " + labelSmoothing);
    }
    if (weight != null) {
      Check.readable("weight", weight);
      if (weight.rank() != 1 || !weight.isContiguous()) {
        throw new IllegalArgumentException(
            "weight: expected a contiguous vector with one element a class, got " + weight.shape());
      }
    }
  }
}
