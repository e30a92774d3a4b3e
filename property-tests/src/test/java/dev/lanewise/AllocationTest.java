package dev.lanewise;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.checkpoint.MappedTable;
import dev.lanewise.einsum.Accumulation;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.ContractionOptions;
import dev.lanewise.einsum.GatheredRows;
import dev.lanewise.einsum.PackedOperand;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Bags;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.embedding.TableBatch;
import dev.lanewise.embedding.TableBatchedBags;
import dev.lanewise.memory.Lease;
import dev.lanewise.memory.Replaceable;
import dev.lanewise.nn.Linear;
import dev.lanewise.optim.Adagrad;
import dev.lanewise.optim.Adam;
import dev.lanewise.optim.FusedBagUpdate;
import dev.lanewise.optim.FusedTableUpdate;
import dev.lanewise.optim.FusedUpdate;
import dev.lanewise.optim.Optimizer;
import dev.lanewise.optim.RowwiseAdagrad;
import dev.lanewise.optim.Sgd;
import dev.lanewise.optim.SparseAdam;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * In steady state, after the compilers have done their work, nothing is allocated on the heap.
 * Rounds of 1000 runs are made until one allocates nothing: compilers work in the background, and
 * are left time between the rounds.
 */
@Tag("jit")
class AllocationTest {
  private static final int WARM_UP_ROUNDS = 30;
  private static final int MOST_ROUNDS = 1500;
  private static final int RUNS = 1000;

  private final Arena arena = Arena.ofConfined();
  private final Random random = new Random(1);

  /** The fewest bytes that 1000 runs allocated, over rounds that also warm up. */
  private static long leastAllocated(Runnable run) {
    long least = Long.MAX_VALUE;
    for (int round = 0; round < MOST_ROUNDS && least > 0; round++) {
      long bytes = AllocatedBytes.of(RUNS, run);
      least = round < WARM_UP_ROUNDS ? Long.MAX_VALUE : Math.min(least, bytes);
      LockSupport.parkNanos(5_000_000);
    }
    return least;
  }

  private static void assertAllocatesNothing(Runnable run) {
    assertEquals(0, leastAllocated(run), "bytes allocated by " + RUNS + " runs");
  }

  @Test
  void trainingStep() {
    Embedding embedding = Embedding.randn(arena, random, 5, 3);
    Tensor vec = Tensor.randn(arena, random, 3, 1);
    Tensor label = Tensor.full(arena, 3f, 5, 1);
    Sgd sgd = Sgd.of(0.015f, embedding.weight());
    int[] ids = {0, 1, 2, 3, 4};
    try (Tape tape = new Tape()) {
      assertAllocatesNothing(() -> {
        Variable rows = tape.lookup(embedding, ids);
        Variable output = tape.einsum("ik,kj->ij", rows, vec);
        Variable loss = tape.meanSquaredError(output, label);
        sgd.zeroGrad();
        loss.backward();
        sgd.step();
        tape.reset();
      });
    }
  }

  @Test
  void trainingStepOfAClassifier() {
    Embedding embedding = Embedding.randn(arena, random, 50, 8);
    EmbeddingBag bag = EmbeddingBag.of(embedding, BagMode.MEAN);
    Linear linear = Linear.create(arena, random, 8, 5);
    Sgd sgd =
        Sgd.of(
            Sgd.Settings.of(0.01f).withMomentum(0.9f),
            embedding.weight(),
            linear.weight(),
            linear.bias());
    int[] ids = {7, 3, 7, 2, 0, 1};
    int[] offsets = {0, 2, 2};
    int[] classes = {1, 4, 0};
    try (Tape tape = new Tape()) {
      assertAllocatesNothing(() -> {
        Variable output = tape.relu(linear.forward(tape, tape.lookup(bag, ids, offsets)));
        Variable loss = tape.crossEntropy(output, classes);
        sgd.zeroGrad();
        loss.backward();
        sgd.step();
        tape.reset();
      });
    }
  }

  @Test
  void lookup() {
    Embedding embedding = Embedding.randn(arena, random, 100, 16);
    int[] ids = {4, 99, 0, 4};
    Tensor out = Tensor.zeros(arena, 4, 16);
    assertAllocatesNothing(() -> embedding.forward(ids, out));
    Tensor indices = Tensor.copyOf(arena, new long[] {4, 99, 0, 4});
    assertAllocatesNothing(() -> embedding.forward(indices, out));
    int[] one = {99};
    Tensor row = out.slice(0, 1, 2);
    assertAllocatesNothing(() -> embedding.forward(one, row));
    Tensor index = indices.slice(0, 1, 2);
    assertAllocatesNothing(() -> embedding.forward(index, row));
  }

  @Test
  void readsOfAReplaceableTable() {
    var live = new Replaceable<>(Embedding.randn(arena, random, 100, 16));
    int[] ids = {99};
    Tensor out = Tensor.zeros(arena, 1, 16);
    assertAllocatesNothing(() -> {
      try (Lease<Embedding> lease = live.acquire()) {
        lease.value().forward(ids, out);
      }
    });
  }

  @Test
  void bags() {
    EmbeddingBag bag = EmbeddingBag.of(Embedding.randn(arena, random, 100, 16), BagMode.MEAN);
    int[] ids = {4, 99, 0, 4};
    int[] offsets = {0, 3};
    Tensor out = Tensor.zeros(arena, 2, 16);
    assertAllocatesNothing(() -> bag.forward(ids, offsets, out));
    Tensor indices = Tensor.copyOf(arena, ids, 2, 2);
    assertAllocatesNothing(() -> bag.forward(indices, out));
  }

  @ParameterizedTest
  @EnumSource(BagMode.class)
  void bagsForthAndBack(BagMode mode) {
    Embedding embedding = Embedding.randn(arena, random, 100, 16).withPaddingIdx(3);
    EmbeddingBag bag = EmbeddingBag.of(embedding, mode);
    EmbeddingBag sparse = EmbeddingBag.of(embedding.withSparseGradient(), mode);
    EmbeddingBag scaled = EmbeddingBag.of(embedding.withScaleGradByFreq(), mode);
    EmbeddingBag limited = EmbeddingBag.of(embedding.withMaxNorm(1, 2), mode);
    int[] ids = {4, 99, 3, 4};
    int[] offsets = {0, 3};
    Bags bags = bag.bags();
    Bags sparseBags = sparse.bags();
    Bags scaledBags = scaled.bags();
    Bags limitedBags = limited.bags();
    Tensor out = Tensor.zeros(arena, 2, 16);
    FusedBagUpdate update = RowwiseAdagrad.of(0.01f, embedding.weight()).fused(bag);
    assertAllocatesNothing(() -> {
      bag.forward(bags.load(ids, offsets), out);
      bag.backward(bags, out);
      sparse.backward(sparseBags.load(ids, offsets), out);
      scaled.backward(scaledBags.load(ids, offsets), out);
      limited.forward(limitedBags.load(ids, offsets), out);
      embedding.weight().zeroGradient();
      update.backward(bags, out);
    });
  }

  @Test
  void manyTables() {
    Embedding one = Embedding.randn(arena, random, 100, 16);
    Embedding two = Embedding.randn(arena, random, 10, 5);
    TableBatchedBags tables =
        TableBatchedBags.of(EmbeddingBag.of(one, BagMode.SUM), EmbeddingBag.of(two, BagMode.MEAN));
    TableBatch batch = tables.batch();
    int[] ids = {4, 99, 3, 9, 0};
    int[] offsets = {0, 2, 3, 3, 5};
    Tensor out = Tensor.zeros(arena, 2, 21);
    FusedTableUpdate update = Sgd.of(0.01f, one.weight(), two.weight()).fused(tables);
    assertAllocatesNothing(() -> {
      tables.forward(batch.load(ids, offsets), out);
      tables.backward(batch, out);
      update.backward(batch, out);
      one.weight().zeroGradient();
      two.weight().zeroGradient();
    });
  }

  @Test
  void weightedBags() {
    Embedding embedding = Embedding.randn(arena, random, 100, 16);
    EmbeddingBag bag = EmbeddingBag.of(embedding, BagMode.SUM);
    Bags bags = bag.bags();
    Tensor indices = Tensor.copyOf(arena, new int[] {4, 99, 3, 4}, 2, 2);
    Tensor weights = Tensor.zeros(arena, 2, 2);
    Tensor weightGradient = Tensor.zeros(arena, 2, 2);
    Tensor out = Tensor.zeros(arena, 2, 16);
    FusedBagUpdate update = Sgd.of(0.01f, embedding.weight()).fused(bag);
    assertAllocatesNothing(() -> {
      bag.forward(bags.loadWeighted(indices, weights), out);
      bag.backward(bags, out);
      bag.backwardOfWeights(bags, out, weightGradient);
      embedding.weight().zeroGradient();
      update.backward(bags, out);
    });
    try (Tape tape = new Tape()) {
      Parameter factors = Parameter.trainable(arena, weights);
      assertAllocatesNothing(() -> {
        tape.sum(tape.weightedLookup(bag, indices, factors)).backward();
        embedding.weight().zeroGradient();
        factors.zeroGradient();
        tape.reset();
      });
    }
  }

  private void contraction(String equation, Tensor a, Tensor b) {
    Contraction plan = Contraction.compile(equation, a.shape(), b.shape());
    Tensor out = Tensor.zeros(arena, plan.outputShape().toArray());
    assertAllocatesNothing(() -> plan.execute(a, b, out));
    assertAllocatesNothing(() -> plan.execute(a, b, out, Accumulation.ADD));
  }

  @Test
  void smallContraction() {
    contraction("ik,kj->ij", Tensor.zeros(arena, 5, 3), Tensor.zeros(arena, 3, 1));
  }

  @Test
  void packedContraction() {
    contraction("ik,kj->ij", Tensor.zeros(arena, 17, 31), Tensor.zeros(arena, 31, 35));
    contraction("ik,jk->ji", Tensor.zeros(arena, 17, 31), Tensor.zeros(arena, 35, 31));
    contraction("ik,jk->ij", Tensor.zeros(arena, 17, 31), Tensor.zeros(arena, 35, 31));
  }

  /** Which are not sliced: a slice of a mapped segment may be allocated. */
  @Test
  void contractionOfMappedOperands(@TempDir Path folder) throws IOException {
    Tensor mapped = MappedTable.create(folder.resolve("a"), arena, DType.FLOAT32, Shape.of(17, 31));
    contraction("ik,kj->ij", mapped, Tensor.zeros(arena, 31, 35));
    contraction("ki,kj->ij", mapped, Tensor.zeros(arena, 17, 35));
    contraction("ik,kj->ij", Tensor.zeros(arena, 35, 17), mapped);
  }

  @Test
  void contractionOfFewColumns() {
    contraction("ik,kj->ij", Tensor.zeros(arena, 70, 9), Tensor.zeros(arena, 9, 5));
  }

  @Test
  void partialsContraction() {
    contraction("ik,k->i", Tensor.zeros(arena, 6, 100), Tensor.zeros(arena, 100));
    contraction("ki,k->i", Tensor.zeros(arena, 100, 6), Tensor.zeros(arena, 100));
  }

  @Test
  void productContraction() {
    contraction("i,j->ij", Tensor.zeros(arena, 9), Tensor.zeros(arena, 7));
    contraction("bi,bi->ib", Tensor.zeros(arena, 9, 5), Tensor.zeros(arena, 9, 5));
  }

  private void contraction(DType type, String equation, Tensor... operands) {
    Contraction plan =
        Contraction.compile(
            equation,
            ContractionOptions.DEFAULT.withDType(type),
            Stream.of(operands).map(Tensor::shape).toArray(Shape[]::new));
    Tensor out = Tensor.allocate(arena, type, plan.outputShape());
    assertAllocatesNothing(() -> plan.execute(operands, out));
    assertAllocatesNothing(() -> plan.execute(operands, out, Accumulation.ADD));
  }

  @Test
  void contractionsOfFloat64() {
    Tensor matrix = Tensor.allocate(arena, DType.FLOAT64, Shape.of(21, 21));
    Tensor vector = Tensor.allocate(arena, DType.FLOAT64, Shape.of(21));
    contraction(DType.FLOAT64, "ik,kj->ij", matrix, matrix);
    contraction(DType.FLOAT64, "ik,jk->ji", matrix, matrix);
    contraction(DType.FLOAT64, "ik,k->i", matrix, vector);
    contraction(DType.FLOAT64, "ki,k->i", matrix, vector);
    contraction(DType.FLOAT64, "ij,ij->ji", matrix, matrix);
    contraction(DType.FLOAT64, "ij->i", matrix);
    contraction(DType.FLOAT64, "ij,jk,k->i", matrix, matrix, vector);
  }

  @Test
  void contractionsOfThreeOperandsAndMore() {
    Tensor matrix = Tensor.zeros(arena, 6, 6);
    contraction(DType.FLOAT32, "ij,jk,kl->il", matrix, matrix, matrix);
    contraction(DType.FLOAT32, "i,ij,j->", Tensor.zeros(arena, 6), matrix, Tensor.zeros(arena, 6));
    contraction(
        DType.FLOAT32, "...ij,...jk,kl,l->...i", matrix, matrix, matrix, Tensor.zeros(arena, 6));
  }

  @Test
  void gradientsOfContractions() {
    Tensor matrix = Tensor.zeros(arena, 6, 5);
    Contraction plan = Contraction.compile("ij,jk->j", matrix.shape(), Shape.of(5, 4));
    Contraction gradient = plan.gradient(0);
    assertEquals(2, gradient.pathInfo().steps().size());
    Tensor g = Tensor.zeros(arena, 5);
    Tensor other = Tensor.zeros(arena, 5, 4);
    assertAllocatesNothing(() -> gradient.execute(g, other, matrix));
  }

  @Test
  void trainingStepOverContractionsOfAnyNumberOfOperands() {
    Parameter a = Parameter.trainable(arena, Tensor.randn(arena, random, 4, 3));
    Parameter b = Parameter.trainable(arena, Tensor.randn(arena, random, 3, 5));
    Parameter c = Parameter.trainable(arena, Tensor.randn(arena, random, 5));
    Sgd sgd = Sgd.of(0.001f, a, b, c);
    Operand[] three = {a, b, c};
    Operand[] one = {a};
    try (Tape tape = new Tape()) {
      assertAllocatesNothing(() -> {
        Variable output = tape.einsum("ij,jk,k->i", three);
        Variable loss = tape.einsum("i,i->", output, tape.einsum("ij->i", one));
        sgd.zeroGrad();
        loss.backward();
        sgd.step();
        tape.reset();
      });
    }
  }

  @Test
  void operandsPackedBeforehand() {
    Tensor x = Tensor.randn(arena, random, 7, 300);
    Tensor weight = Tensor.randn(arena, random, 20, 300);
    Tensor out = Tensor.zeros(arena, 7, 20);
    Contraction plan = Contraction.compile("ik,jk->ij", x.shape(), weight.shape());
    PackedOperand second = plan.pack(arena, 1, weight);
    PackedOperand first = plan.pack(arena, 0, x);
    assertAllocatesNothing(() -> plan.execute(x, second, out));
    assertAllocatesNothing(() -> plan.execute(first, weight, out, Accumulation.ADD));
  }

  @Test
  void rowsOfATableAsAnOperandAndAsAResult() {
    Embedding embedding = Embedding.randn(arena, random, 50, 8, 0);
    int[] ids = {7, 3, 7, 0};
    Tensor indices = Tensor.copyOf(arena, new long[] {7, 3, 49, 1});
    Tensor weight = Tensor.randn(arena, random, 8, 5);
    Tensor vector = Tensor.randn(arena, random, 8);
    GatheredRows rows = embedding.rows(ids);
    Tensor out = Tensor.zeros(arena, 4, 5);
    Tensor sums = Tensor.zeros(arena, 4);
    Contraction fused = Contraction.compile("ik,kj->ij", rows.shape(), weight.shape());
    Contraction lookedUp = Contraction.compile("ik,k->i", rows.shape(), vector.shape());
    assertAllocatesNothing(() -> fused.execute(rows.load(ids), weight, out));
    assertAllocatesNothing(() -> lookedUp.execute(rows.load(indices), vector, sums));
    Contraction back = fused.gradient(0);
    assertAllocatesNothing(() -> back.scatterAdd(out, weight, rows, embedding.weight().gradient()));
  }

  @Test
  void trainingStepOfLookupAndContractionInOne() {
    Embedding embedding = Embedding.randn(arena, random, 50, 8);
    Parameter weight = Parameter.trainable(arena, Tensor.randn(arena, random, 8, 5));
    Sgd sgd = Sgd.of(0.001f, embedding.weight(), weight);
    int[] ids = {7, 3, 7, 0};
    try (Tape tape = new Tape()) {
      assertAllocatesNothing(() -> {
        Variable output = tape.lookupEinsum("ik,kj->ij", embedding, ids, weight);
        Variable loss = tape.sum(output);
        sgd.zeroGrad();
        loss.backward();
        sgd.step();
        tape.reset();
      });
    }
  }

  @Test
  void frozenTableInference() {
    Embedding embedding = Embedding.fromPretrained(Tensor.randn(arena, random, 50, 8));
    Linear linear =
        Linear.of(
            Parameter.frozen(Tensor.randn(arena, random, 5, 8)),
            Parameter.frozen(Tensor.zeros(arena, 5)));
    int[] ids = {7, 3, 7};
    try (Tape tape = Tape.inference()) {
      assertAllocatesNothing(() -> {
        linear.forward(tape, tape.lookup(embedding, ids));
        tape.reset();
      });
    }
  }

  @Test
  void sparseGradientsAndSteps() {
    for (Embedding embedding : sparseEmbeddings()) {
      Parameter weight = embedding.weight();
      for (Optimizer optimizer :
          List.of(
              Sgd.of(0.001f, weight),
              Sgd.of(Sgd.Settings.of(0.001f).withMomentum(0.9f), weight),
              Adagrad.of(0.001f, weight),
              RowwiseAdagrad.of(0.001f, weight),
              SparseAdam.of(0.001f, weight))) {
        int[] ids = {7, 3, 7, 0, 49};
        Tensor g = Tensor.full(arena, 0.5f, 5, 8);
        assertAllocatesNothing(() -> {
          optimizer.zeroGrad();
          embedding.backward(ids, g);
          optimizer.step();
        });
      }
    }
  }

  private List<Embedding> sparseEmbeddings() {
    Embedding embedding = Embedding.randn(arena, random, 50, 8, 0);
    return List.of(
        embedding.withSparseGradient(), embedding.withSparseGradient().withScaleGradByFreq());
  }

  @Test
  void adamAndScaledDenseGradients() {
    Embedding embedding = Embedding.randn(arena, random, 50, 8).withScaleGradByFreq();
    Adam adam = Adam.of(Adam.Settings.ADAMW.withVariant(Adam.Variant.AMSGRAD), embedding.weight());
    Tensor ids = Tensor.copyOf(arena, new long[] {7, 3, 7, 0});
    Tensor g = Tensor.full(arena, 0.5f, 4, 8);
    assertAllocatesNothing(() -> {
      adam.zeroGrad();
      embedding.backward(ids, g);
      adam.step();
    });
  }

  @Test
  void fusedUpdates() {
    Embedding embedding = Embedding.randn(arena, random, 50, 8, 0);
    Parameter weight = embedding.weight();
    int[] ids = {7, 3, 7, 0, 49};
    int[] many = random.ints(700, 0, 50).toArray();
    Tensor indices = Tensor.copyOf(arena, many, 7, 100);
    Tensor g = Tensor.full(arena, 0.5f, 5, 8);
    Tensor all = Tensor.full(arena, 0.5f, 7, 100, 8);
    for (Optimizer optimizer :
        List.of(
            Sgd.of(0.001f, weight),
            Adagrad.of(0.001f, weight),
            RowwiseAdagrad.of(0.001f, weight),
            SparseAdam.of(0.001f, weight))) {
      FusedUpdate update = optimizer.fused(embedding);
      assertAllocatesNothing(() -> update.backward(ids, g));
      assertAllocatesNothing(() -> update.backward(indices, all));
    }
  }

  @Test
  void nearestRows() {
    Tensor table = Tensor.randn(arena, random, 100, 20);
    Tensor queries = Tensor.randn(arena, random, 6, 20);
    Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(6, 3));
    Tensor scores = Tensor.zeros(arena, 6, 3);
    Tensor query = queries.select(0, 0);
    Tensor rowsOfOne = rows.select(0, 0);
    Tensor scoresOfOne = scores.select(0, 0);
    for (Similarity similarity : Similarity.values()) {
      NearestRows nearest = NearestRows.of(table, similarity, 3);
      assertAllocatesNothing(() -> nearest.search(queries, rows, scores));
      assertAllocatesNothing(() -> nearest.search(query, rowsOfOne, scoresOfOne));
    }
  }
}
