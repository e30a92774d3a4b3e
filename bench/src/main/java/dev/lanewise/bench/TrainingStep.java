package dev.lanewise.bench;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The simple example's training step: lookup, einsum, loss, backward, SGD.
 * bench/pytorch/simple_step.py is the same in PyTorch.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TrainingStep {
  private final Arena arena = Arena.ofAuto();
  private final SplittableRandom random = new SplittableRandom(42);
  private final Embedding embedding = Embedding.randn(arena, random, 5, 3);
  private final Tensor vec = Tensor.randn(arena, random, 3, 1);
  private final Tensor label = Tensor.full(arena, 3f, 5, 1);
  private final Sgd sgd = Sgd.of(0.015f, embedding.weight());
  private final int[] rows = {0, 1, 2, 3, 4};
  private final Tape tape = new Tape();

  /**
   * One step.
   *
   * @return the loss
   */
  @Benchmark
  public double lanewise() {
    Variable output = tape.einsum("ik,kj->ij", tape.lookup(embedding, rows), vec);
    Variable loss = tape.meanSquaredError(output, label);
    sgd.zeroGrad();
    loss.backward();
    sgd.step();
    double value = loss.item();
    tape.reset();
    return value;
  }
}
