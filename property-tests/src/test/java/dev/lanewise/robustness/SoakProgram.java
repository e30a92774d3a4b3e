package dev.lanewise.robustness;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.Einsum;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.RowQuantization;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.memory.TableArena;
import dev.lanewise.nn.Linear;
import dev.lanewise.optim.Adam;
import dev.lanewise.optim.RowwiseAdagrad;
import dev.lanewise.optim.Sgd;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Everything that takes native memory, again and again, in a JVM that {@link SoakTest} starts with
 * -XX:NativeMemoryTracking=summary. Arguments: a folder, and how many rounds. After each third of
 * them it prints what the JVM's own count has under "Other", where memory of arenas goes, and what
 * the system says of mappings.
 */
final class SoakProgram {
  private static final Pattern OTHER =
      Pattern.compile("Other \\(reserved=\\d+, committed=(\\d+)\\)\\s*\\(malloc=\\d+[^#)]*#(\\d+)");

  private final SplittableRandom random = new SplittableRandom(9);
  private final Path folder;

  private SoakProgram(Path folder) {
    this.folder = folder;
  }

  public static void main(String[] arguments) throws Exception {
    SoakProgram program = new SoakProgram(Path.of(arguments[0]));
    int rounds = Integer.parseInt(arguments[1]);
    for (int third = 0; third < 3; third++) {
      for (int round = 0; round < rounds / 3; round++) {
        program.round();
      }
      System.out.println("SETTLED " + settled() + ", mappings " + mappings());
    }
  }

  private void round() throws IOException {
    training();
    plans();
    tables();
  }

  /** A model that is made, trained on a tape that is reset, and given up. */
  private void training() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding words = Embedding.randn(arena, random, 300, 24);
      EmbeddingBag bags = EmbeddingBag.of(words.withSparseGradient(), BagMode.MEAN);
      Linear layer = Linear.create(arena, random, 24, 7);
      Adam adam = Adam.of(0.01f, layer.weight(), layer.bias());
      Sgd sgd = Sgd.of(0.1f, words.weight());
      for (int step = 0; step < 5; step++) {
        tape.reset();
        int[] ids = random.ints(40, 0, 300).toArray();
        int[] offsets = {0, 11, 20, 31};
        Variable hidden = tape.lookup(bags, ids, offsets);
        Variable loss = tape.crossEntropy(layer.forward(tape, tape.relu(hidden)), 1, 2, 3, 6);
        adam.zeroGrad();
        sgd.zeroGrad();
        loss.backward();
        adam.step();
        sgd.step();
      }
      RowwiseAdagrad.of(0.1f, words.weight())
          .fused(words)
          .backward(new int[] {1, 1, 5}, Tensor.full(arena, 0.5f, 3, 24));
    }
  }

  /** Plans that are made, run and given up, with packed operands and on several threads. */
  private void plans() {
    try (Arena arena = Arena.ofShared()) {
      Tensor a = Tensor.randn(arena, random, 60, 70);
      Tensor b = Tensor.randn(arena, random, 70, 50);
      Tensor c = Tensor.randn(arena, random, 50, 20);
      Contraction product = Contraction.compile("ik,kj->ij", a.shape(), b.shape());
      Tensor out = Tensor.zeros(arena, 60, 50);
      product.execute(a, product.pack(arena, 1, b), out);
      Contraction path = Contraction.compile("ij,jk,kl->il", a.shape(), b.shape(), c.shape());
      path.execute(new Tensor[] {a, b, c}, Tensor.zeros(arena, 60, 20));
      Einsum.einsum(arena, "ij,jk,kl->l", a, b, c);
    }
  }

  /** Tables that are opened, served and closed: of pages of their own, quantized, and mapped. */
  private void tables() throws IOException {
    Path file = folder.resolve("table.safetensors");
    try (TableArena arena = TableArena.ofShared()) {
      Tensor table = Tensor.randn(arena, random, 20_000, 32);
      Parallelism helpers = Parallelism.of(ForkJoinPool.commonPool(), 2);
      Embedding embedding = Embedding.fromPretrained(table).withParallelism(helpers);
      int[] ids = random.ints(5000, 0, 20_000).toArray();
      embedding.forward(ids, Tensor.zeros(arena, ids.length, 32));
      Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(2, 4));
      NearestRows.of(table, Similarity.COSINE, 4)
          .withParallelism(helpers)
          .search(table.slice(0, 0, 2), rows, Tensor.zeros(arena, 2, 4));
      Embedding small = Embedding.fromQuantized(RowQuantization.quantize(arena, table));
      small.forward(ids, Tensor.zeros(arena, ids.length, 32));
      if (!Files.exists(file)) {
        StateDict.of("weight", Parameter.frozen(table.slice(0, 0, 500))).save(file);
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      Tensor mapped = StateDict.map(file, arena).get("weight");
      Embedding.fromPretrained(mapped).forward(new int[] {3, 7}, Tensor.zeros(arena, 2, 32));
    }
  }

  /** What is left when the collector has freed what nobody refers to. */
  private static String settled() throws JMException, InterruptedException {
    String last = "";
    int unchanged = 0;
    for (int i = 0; i < 100 && unchanged < 5; i++) {
      System.gc();
      Thread.sleep(20);
      String now = other();
      unchanged = now.equals(last) ? unchanged + 1 : 0;
      last = now;
    }
    return last;
  }

  private static String other() throws JMException {
    String summary =
        (String)
            ManagementFactory.getPlatformMBeanServer()
                .invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                    "vmNativeMemory",
                    new Object[] {new String[] {"summary", "scale=B"}},
                    new String[] {String[].class.getName()});
    Matcher found = OTHER.matcher(summary);
    if (!found.find()) {
      throw new AssertionError("no count of native memory: " + summary);
    }
    return found.group(1) + " bytes in " + found.group(2) + " pieces";
  }

  /** Mappings of files and of the engine's own pages are not in the JVM's count. */
  private static long mappings() throws IOException {
    Path maps = Path.of("/proc/self/maps");
    if (!Files.exists(maps)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(maps)) {
      return lines.filter(line -> line.contains("table.safetensors")).count();
    }
  }
}
