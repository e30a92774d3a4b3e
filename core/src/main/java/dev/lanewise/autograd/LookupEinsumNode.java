package dev.lanewise.autograd;

import dev.lanewise.einsum.Accumulation;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.GatheredRows;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A contraction of rows of a table with another operand, without the rows ever being laid out: a
 * lookup and an einsum in one, with the bits of both. Plans are kept while equation and shapes stay
 * the same; the row numbers are copied.
 */
final class LookupEinsumNode extends Node {
  private @Nullable Source source;
  private @Nullable Plans plans;
  private @Nullable Variable other;

  /** Whose rows, and which. */
  private record Source(Embedding embedding, GatheredRows rows) {}

  /**
   * What is run.
   *
   * @param operand which operand the rows are, 0 or 1
   * @param toTable the plan of the rows' gradient; null unless the table is trained
   * @param toOther the plan of the other operand's gradient; null unless it needs one
   */
  private record Plans(
      String equation,
      int operand,
      Contraction forward,
      @Nullable Contraction toTable,
      @Nullable Contraction toOther) {}

  LookupEinsumNode(Tape tape) {
    super(tape);
  }

  /** Chooses the rows. */
  void load(Embedding embedding, int... indices) {
    rowsOf(embedding).load(indices);
  }

  /** As the other, for indices of any shape. */
  void load(Embedding embedding, Tensor indices) {
    rowsOf(embedding).load(indices);
  }

  /** Kept while the table is the same. */
  @SuppressWarnings("ReferenceEquality") // It is the same or it is not.
  private GatheredRows rowsOf(Embedding embedding) {
    requireFloat32(embedding);
    if (embedding.hasSparseGradient()
        || embedding.scalesGradByFreq()
        || embedding.maxNorm() != Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(
          "a lookup and contraction in one has a dense, unscaled gradient and no maxNorm: call lookup and einsum for "
              + embedding);
    }
    Source known = source;
    if (known == null || known.embedding != embedding) {
      known = new Source(embedding, embedding.rows());
      source = known;
    }
    return known.rows;
  }

  /** Records the contraction of the rows that were loaded. */
  Variable record(String equation, int operand, Variable with) {
    Source from = source();
    boolean trained = tape.isRecording() && from.embedding.weight().isTrainable();
    Plans run = plans(equation, operand, from.rows.shape(), with, trained);
    other = with;
    Tensor out = begin(run.forward.outputShape(), trained || with.requiresGradient());
    Tensor value = with.recordedValue();
    if (operand == 0) {
      run.forward.execute(from.rows, value, out);
    } else {
      run.forward.execute(value, from.rows, out);
    }
    return output;
  }

  private Plans plans(String equation, int operand, Shape rows, Variable with, boolean trained) {
    Plans known = plans;
    boolean fits =
        known != null
            && known.operand == operand
            && known.equation.equals(equation)
            && known.forward.operandShape(operand).equals(rows)
            && known.forward.operandShape(1 - operand).equals(with.shape());
    if (known == null || !fits) {
      Shape[] shapes = {operand == 0 ? rows : with.shape(), operand == 0 ? with.shape() : rows};
      known = new Plans(equation, operand, Contraction.compile(equation, shapes), null, null);
    }
    boolean needsTable = trained && known.toTable == null;
    boolean needsOther = with.requiresGradient() && known.toOther == null;
    if (needsTable || needsOther) {
      // With the forward plan, so that a backward pass cannot fail over them half way.
      known =
          new Plans(
              equation,
              operand,
              known.forward,
              needsTable ? known.forward.gradient(operand) : known.toTable,
              needsOther ? known.forward.gradient(1 - operand) : known.toOther);
    }
    plans = known;
    return known;
  }

  private Source source() {
    if (source == null) {
      throw new IllegalStateException("no rows were loaded");
    }
    return source;
  }

  @Override
  void requireReady() {
    super.requireReady();
    if (source != null) {
      Check.accessible("weight", source.rows.table());
      if (tape.isRecording() && source.embedding.weight().isTrainable()) {
        Check.accessible("the weight's gradient", source.embedding.weight().gradient().tensor());
      }
    }
  }

  @Override
  void backward() {
    Plans run = plans;
    Variable with = other;
    if (run == null || with == null) {
      return;
    }
    Source from = source();
    Tensor g = output.computedGradient();
    if (run.toOther != null && with.requiresGradient()) {
      Accumulation accumulation = with.contribute();
      run.toOther.execute(g, from.rows, with.computedGradient(), accumulation);
    }
    if (run.toTable != null && from.embedding.weight().isTrainable()) {
      run.toTable.scatterAdd(
          g, with.recordedValue(), from.rows, from.embedding.weight().gradient());
    }
  }
}
