package dev.lanewise;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.autograd.Tape;
import dev.lanewise.checkpoint.Format;
import dev.lanewise.checkpoint.Npy;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.einsum.Einsum;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Views of no elements, which may begin behind the end of their memory: they can do whatever
 * tensors of no elements can.
 */
class EmptyViewsTest {
  private final Arena arena = Arena.ofConfined();

  /** Shape [3, 0]; begins 40 bytes behind the one byte that there is. */
  private final Tensor rows = view(DType.FLOAT32, 3, 0);

  /** Shape [0, 3]; likewise. */
  private final Tensor columns = view(DType.FLOAT32, 0, 3);

  private Tensor view(DType dtype, long... sizes) {
    Tensor all = Tensor.allocate(arena, dtype, Shape.of(11, sizes[0], sizes[1]));
    return all.select(0, 10);
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void areCopiedAndFilled() {
    assertEquals(0, rows.contiguous(arena).toFloatArray().length);
    assertEquals(rows.shape(), rows.copyFrom(Tensor.zeros(arena, 3, 0)).fill(1).shape());
    assertEquals(Shape.of(3, 0), Tensor.zeros(arena, 3, 0).copyFrom(rows).shape());
    assertEquals(0, view(DType.INT64, 0, 3).toLongArray().length);
    assertEquals(Shape.of(0), columns.reshape(0).shape());
  }

  @Test
  void areOperandsAndResults() {
    Tensor sums = Einsum.einsum(arena, "ij,kj->ik", rows, rows);
    assertEquals(0, sums.get(2, 2));
    assertEquals(Shape.of(0, 0), Einsum.einsum(arena, "ik,jk->ij", columns, columns).shape());
    assertEquals(0, Einsum.einsum(arena, "ij->", columns).item());
    assertEquals(Shape.of(0, 3), Einsum.einsum(arena, "ij->ji", rows).shape());
  }

  @Test
  void areTablesIndicesAndOutputs() {
    Embedding narrow = Embedding.fromPretrained(rows);
    narrow.forward(new int[] {0, 2}, view(DType.FLOAT32, 2, 0));
    EmbeddingBag.of(narrow, BagMode.MEAN)
        .forward(new int[] {0, 2}, new int[] {0, 1}, view(DType.FLOAT32, 2, 0));
    Embedding table = Embedding.fromPretrained(Tensor.full(arena, 1, 4, 3));
    table.forward(new int[0], columns);
    table.forward(view(DType.INT32, 0, 2), Tensor.zeros(arena, 0, 2, 3));
    EmbeddingBag.of(table, BagMode.MAX).forward(view(DType.INT64, 0, 2), columns);
  }

  @Test
  void areTrained() {
    Parameter weight = Parameter.trainable(arena, rows);
    Embedding embedding = Embedding.of(weight);
    Sgd sgd = Sgd.of(Sgd.Settings.of(0.1f).withMomentum(0.5f), weight);
    try (Tape tape = new Tape()) {
      tape.sum(tape.relu(tape.lookup(embedding, 0, 1))).backward();
    }
    embedding.withSparseGradient().backward(new int[] {1, 1}, view(DType.FLOAT32, 2, 0));
    sgd.step();
    sgd.zeroGrad();
  }

  @Test
  void areSaved(@TempDir Path folder) throws Exception {
    for (Format format : Format.values()) {
      Path file = folder.resolve("empty." + format);
      StateDict.of("rows", rows, "columns", columns).save(file, format);
      assertEquals(Shape.of(0, 3), StateDict.load(file, arena).get("columns").shape());
      assertEquals(Shape.of(3, 0), StateDict.map(file, arena).get("rows").shape());
    }
    Npy.save(folder.resolve("empty.npy"), rows);
    assertEquals(Shape.of(3, 0), Npy.load(folder.resolve("empty.npy"), arena).shape());
  }
}
