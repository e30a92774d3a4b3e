package dev.lanewise.autograd;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.rows.Contributions;
import dev.lanewise.internal.rows.Lookup;
import dev.lanewise.internal.rows.RowNorms;
import dev.lanewise.internal.rows.RowNumbers;
import dev.lanewise.internal.rows.TableGradient;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a table. The row numbers are copied, so that the caller may change the indices before the
 * backward pass.
 */
final class LookupNode extends Node {
  private final RowNumbers rows = new RowNumbers();
  private final Contributions batch = new Contributions();
  private @Nullable Embedding embedding;
  private Shape indicesShape = Shape.scalar();
  private Shape resultShape = Shape.scalar();

  LookupNode(Tape tape) {
    super(tape);
  }

  Variable record(Embedding table, int[] indices) {
    rows.load(indices, table.numEmbeddings());
    if (indicesShape.rank() != 1
        || indicesShape.size(0) != indices.length
        || resultShape.size(-1) != table.embeddingDim()) {
      remember(Shape.of(indices.length), table);
    }
    return lookup(table);
  }

  Variable record(Embedding table, Tensor indices) {
    rows.load(indices, table.numEmbeddings());
    if (resultShape.rank() == 0
        || !indicesShape.equals(indices.shape())
        || resultShape.size(-1) != table.embeddingDim()) {
      remember(indices.shape(), table);
    }
    return lookup(table);
  }

  private void remember(Shape indices, Embedding table) {
    indicesShape = indices;
    resultShape = indices.append(table.embeddingDim());
  }

  private Variable lookup(Embedding table) {
    requireFloat32(table);
    embedding = table;
    Tensor weight = table.weight().value();
    Tensor out = begin(resultShape, tape.isRecording() && table.weight().isTrainable());
    Lookup.requireReady(weight, out, table.parallelism());
    RowNorms.limit(weight, rows.rows(), rows.count(), table.maxNorm(), table.normType());
    Lookup.forward(weight, rows, out, table.parallelism());
    return output;
  }

  @Override
  void requireReady() {
    super.requireReady();
    if (embedding != null && output.requiresGradient() && !embedding.hasSparseGradient()) {
      Check.accessible("the weight's gradient", embedding.weight().gradient().tensor());
    }
  }

  @Override
  void backward() {
    if (embedding != null) {
      batch.load(output.computedGradient(), indicesShape, resultShape.size(-1));
      batch.ofRows(rows.rows(), rows.count());
      TableGradient.add(
          embedding.weight(),
          embedding.paddingIdx(),
          TableGradient.Kind.of(embedding.hasSparseGradient(), embedding.scalesGradByFreq()),
          batch);
      batch.release();
    }
  }
}
