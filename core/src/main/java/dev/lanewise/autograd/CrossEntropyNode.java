package dev.lanewise.autograd;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Cross entropy over the rows of a matrix of logits; the order of operations is written down in
 * docs/numerics.md.
 */
final class CrossEntropyNode extends Node {
  private static final KernelSet KERNELS = KernelSet.active();
  private static final long IGNORED = -1;

  private final Buffer copy = new Buffer();
  private final float[] partials = new float[Partials.COUNT];
  private @Nullable Variable logits;
  private CrossEntropy settings = CrossEntropy.MEAN;
  private long[] classes = new long[0];

  /** Of each row the logarithm of the sum of exponentials. */
  private float[] logSums = new float[0];

  private int rows;
  private double totalWeight;
  private Shape rowsShape = Shape.of(0);

  CrossEntropyNode(Tape tape) {
    super(tape);
  }

  Variable record(Variable input, int[] targets, CrossEntropy options) {
    begin(input, targets.length, options);
    for (int row = 0; row < rows; row++) {
      classes[row] = checkedClass(targets[row], row, input.shape().size(1), options);
    }
    return loss(input, options);
  }

  Variable record(Variable input, Tensor targets, CrossEntropy options) {
    if (targets.rank() != 1 || (targets.dtype() != DType.INT64 && targets.dtype() != DType.INT32)) {
      throw new IllegalArgumentException(
          "targets: expected an int32 or int64 vector with one class a row, got "
              + targets.dtype()
              + " "
              + targets.shape());
    }
    Check.accessible("targets", targets);
    begin(input, targets.size(0), options);
    for (int row = 0; row < rows; row++) {
      classes[row] = checkedClass(targets.getLong(row), row, input.shape().size(1), options);
    }
    return loss(input, options);
  }

  private void begin(Variable input, long targets, CrossEntropy options) {
    Shape shape = input.shape();
    if (shape.rank() != 2 || shape.size(0) != targets) {
      throw new IllegalArgumentException(
          "logits: expected shape ["
              + targets
              + ", classes] for "
              + targets
              + " targets, got "
              + shape);
    }
    if (options.weight() != null && options.weight().size(0) != shape.size(1)) {
      throw new IllegalArgumentException(
          "weight: expected one element for each of "
              + shape.size(1)
              + " classes, got "
              + options.weight().shape());
    }
    if (options.weight() != null) {
      Check.accessible("weight", options.weight());
    }
    rows = Math.toIntExact(targets);
    if (classes.length < rows) {
      classes = new long[rows];
      logSums = new float[rows];
    }
  }

  private static long checkedClass(long target, int row, long count, CrossEntropy options) {
    if (target == options.ignoreIndex()) {
      return IGNORED;
    }
    if (target < 0 || target >= count) {
      throw new IndexOutOfBoundsException(
          "class "
              + target
              + " of row "
              + row
              + " is outside the "
              + count
              + " classes of the logits");
    }
    return target;
  }

  private Variable loss(Variable input, CrossEntropy options) {
    logits = input;
    settings = options;
    Tensor x = copy.dense(input.recordedValue());
    boolean each = options.reduction() == Reduction.NONE;
    if (each && rowsShape.size(0) != rows) {
      rowsShape = Shape.of(rows);
    }
    Tensor out = begin(each ? rowsShape : Shape.scalar(), input.requiresGradient());
    double sum = 0;
    totalWeight = 0;
    for (int row = 0; row < rows; row++) {
      float loss = classes[row] == IGNORED ? 0f : rowLoss(x, row);
      totalWeight += classes[row] == IGNORED ? 0 : weightOf(classes[row]);
      sum += loss;
      if (each) {
        Runs.set(out, Runs.bytes(out, row), loss);
      }
    }
    if (!each) {
      Runs.set(
          out,
          out.offsetBytes(),
          (float) (options.reduction() == Reduction.MEAN ? sum / totalWeight : sum));
    }
    return output;
  }

  private float rowLoss(Tensor x, int row) {
    int count = Math.toIntExact(x.size(1));
    long at = Runs.bytes(x, (long) row * count);
    Partials.reset(partials, Float.NEGATIVE_INFINITY);
    KERNELS.reductions().max(partials, x.segment(), at, count);
    float max = Partials.max(partials);
    Partials.reset(partials, 0f);
    KERNELS.reductions().sumExp(partials, x.segment(), at, max, count);
    // StrictMath is defined to the bit, on every machine.
    float logSum = (float) (max + StrictMath.log(Partials.sum(partials)));
    logSums[row] = logSum;
    float smoothing = settings.labelSmoothing();
    float loss =
        (1 - smoothing)
            * weightOf(classes[row])
            * (logSum - Runs.get(x, at + classes[row] * Float.BYTES));
    return smoothing == 0 ? loss : loss + smoothing / count * smoothedLoss(x, at, count, logSum);
  }

  /** {@code sum over c of w[c] (logSum - x[c])}. */
  private float smoothedLoss(Tensor x, long at, int count, float logSum) {
    Tensor weight = settings.weight();
    Partials.reset(partials, 0f);
    if (weight == null) {
      KERNELS.reductions().sum(partials, x.segment(), at, count);
    } else {
      KERNELS
          .reductions()
          .dot(partials, weight.segment(), weight.offsetBytes(), x.segment(), at, count);
    }
    float weighted = Partials.sum(partials);
    return weightSum(count) * logSum - weighted;
  }

  private float weightSum(int count) {
    Tensor weight = settings.weight();
    if (weight == null) {
      return count;
    }
    Partials.reset(partials, 0f);
    KERNELS.reductions().sum(partials, weight.segment(), weight.offsetBytes(), count);
    return Partials.sum(partials);
  }

  private float weightOf(long label) {
    Tensor weight = settings.weight();
    return weight == null ? 1f : Runs.get(weight, Runs.bytes(weight, label));
  }

  /** {@code d[c] += scale ((1 - s) w[y] (p[c] - [c = y]) + s / C (sum of w * p[c] - w[c]))}. */
  @Override
  void backward() {
    Variable input = logits;
    if (input == null || !input.requiresGradient()) {
      return;
    }
    Tensor x = copy.dense(input.recordedValue());
    Tensor d = input.sumTarget();
    Tensor g = output.computedGradient();
    int count = Math.toIntExact(x.size(1));
    float smoothed = settings.labelSmoothing() / count;
    float weights = smoothed == 0 ? 0f : weightSum(count);
    for (int row = 0; row < rows; row++) {
      if (classes[row] == IGNORED) {
        continue;
      }
      float upstream = Runs.get(g, Runs.bytes(g, settings.reduction() == Reduction.NONE ? row : 0));
      float scale =
          settings.reduction() == Reduction.MEAN ? (float) (upstream / totalWeight) : upstream;
      float own = (1 - settings.labelSmoothing()) * weightOf(classes[row]);
      long from = Runs.bytes(x, (long) row * count);
      long to = Runs.bytes(d, (long) row * count);
      KERNELS
          .elementwise()
          .expGradient(
              x.segment(),
              from,
              d.segment(),
              to,
              logSums[row],
              scale * (own + smoothed * weights),
              count);
      subtract(d, to + classes[row] * Float.BYTES, scale * own);
      if (smoothed != 0) {
        for (int label = 0; label < count; label++) {
          subtract(d, to + (long) label * Float.BYTES, scale * smoothed * weightOf(label));
        }
      }
    }
  }

  private static void subtract(Tensor d, long at, float value) {
    Runs.set(d, at, Runs.get(d, at) - value);
  }

  @Override
  void close() {
    super.close();
    copy.close();
  }
}
