package dev.lanewise.jit;

import dev.lanewise.einsum.Accumulation;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.ContractionOptions;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a program that contracts tensors of many shapes and both types keeps at hand: plans with
 * their operands. A run allocates nothing itself.
 */
final class MixedPlans {
  private static final int[] SQUARES = {4, 8, 13, 16, 21, 32, 48, 64, 100, 128, 200, 300};

  /** Rows, columns and the length of the sums. */
  private static final int[][] THIN = {
    {1, 10, 128}, {5, 1, 3}, {1, 300, 200}, {300, 300, 1}, {100, 5, 17}, {3, 70, 600}, {14, 32, 40}
  };

  private final Arena arena;
  private final List<Runnable> runs = new ArrayList<>();

  private MixedPlans(Arena arena) {
    this.arena = arena;
  }

  static List<Runnable> of(Arena arena) {
    MixedPlans plans = new MixedPlans(arena);
    for (DType type : List.of(DType.FLOAT32, DType.FLOAT64)) {
      plans.products(type);
      plans.others(type);
    }
    return plans.runs;
  }

  private Tensor tensor(DType type, long... sizes) {
    return Tensor.allocate(arena, type, Shape.of(sizes)).fill(0.5);
  }

  /** A tensor of every other element of a larger one. */
  private Tensor gapped(DType type, long rows, long columns) {
    return tensor(type, rows, columns, 2).select(2, 0);
  }

  private void products(DType type) {
    for (int n : SQUARES) {
      add("ik,kj->ij", tensor(type, n, n), tensor(type, n, n));
    }
    for (int[] mnk : THIN) {
      add("ik,kj->ij", tensor(type, mnk[0], mnk[2]), tensor(type, mnk[2], mnk[1]));
    }
    add("ik,jk->ij", tensor(type, 37, 64), tensor(type, 50, 64));
    add("ki,kj->ij", tensor(type, 64, 37), tensor(type, 64, 50));
    add("ik,kj->ji", tensor(type, 37, 64), tensor(type, 64, 50));
    add("ik,jk->ij", tensor(type, 1, 64), tensor(type, 50, 64));
    add("ik,kj->ij", gapped(type, 37, 64), gapped(type, 64, 50));
    add("bik,bkj->ijb", tensor(type, 2, 37, 64), tensor(type, 2, 64, 50));
    add("bij,bjk->bik", tensor(type, 8, 16, 16), tensor(type, 8, 16, 16));
    add("bqhd,bkhd->bhqk", tensor(type, 2, 12, 4, 16), tensor(type, 2, 12, 4, 16));
  }

  private void others(DType type) {
    add("k,k->", tensor(type, 1000), tensor(type, 1000));
    add("ik,k->i", tensor(type, 50, 100), tensor(type, 100));
    add("ki,k->i", tensor(type, 100, 50), tensor(type, 100));
    add("bi,bi->b", tensor(type, 20, 9), tensor(type, 20, 9));
    add("ij->i", gapped(type, 30, 20));
    add("ii->", tensor(type, 40, 40));
    add("i,j->ij", tensor(type, 30), tensor(type, 70));
    add("ij->ji", tensor(type, 45, 33));
    add("bi,bi->ib", tensor(type, 20, 25), tensor(type, 20, 25));
    add("i,ij->ij", tensor(type, 20), tensor(type, 20, 40));
    add("ij,jk,kl->il", tensor(type, 9, 20), tensor(type, 20, 30), tensor(type, 30, 5));
  }

  private void add(String equation, Tensor... operands) {
    DType type = operands[0].dtype();
    Contraction plan =
        Contraction.compile(
            equation,
            ContractionOptions.DEFAULT.withDType(type),
            Stream.of(operands).map(Tensor::shape).toArray(Shape[]::new));
    Tensor out = Tensor.allocate(arena, type, plan.outputShape());
    runs.add(() -> {
      plan.execute(operands, out);
      plan.execute(operands, out, Accumulation.ADD);
    });
  }
}
