package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.contraction.cases.Layout;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Work;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.ContractionOptions;
import dev.lanewise.einsum.GatheredRows;
import dev.lanewise.einsum.PackedOperand;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;

/** This project's engine: a plan that is made once and run many times. */
final class LanewiseEngine implements Engine<ContractionCase, Data> {
  /** What is done beforehand or left out, beyond making the plan. */
  enum Way {
    /** Every operand is a tensor; rows that are looked up are written down first. */
    PLAIN,
    /** The constant operand is packed beforehand. */
    PACKED,
    /** Rows that are looked up are read where the table has them. */
    FUSED
  }

  private final Way way;

  LanewiseEngine(Way way) {
    this.way = way;
  }

  @Override
  public boolean supports(ContractionCase contraction) {
    return switch (way) {
      case PLAIN -> true;
      case PACKED -> contraction.hasConstant();
      case FUSED -> contraction.hasLookup();
    };
  }

  @Override
  public Work prepare(ContractionCase contraction, Data data) {
    List<Layout> layouts = contraction.layouts();
    Tensor[] operands =
        IntStream.range(0, layouts.size())
            .mapToObj(operand -> tensor(data.operand(operand), layouts.get(operand)))
            .toArray(Tensor[]::new);
    Tensor out = tensor(data.output(), contraction.output());
    Shape[] shapes = Arrays.stream(operands).map(Tensor::shape).toArray(Shape[]::new);
    ContractionOptions options =
        ContractionOptions.DEFAULT.withParallelism(parallelism(contraction.threads()));
    Contraction plan = Contraction.compile(contraction.equation(), options, shapes);
    if (contraction.hasLookup()) {
      return lookup(contraction, data, plan, operands, out);
    }
    if (way == Way.PACKED) {
      // Of the cases with a constant, it is the second of two operands.
      PackedOperand weight = plan.pack(Arena.ofAuto(), 1, operands[1]);
      Tensor a = operands[0];
      return () -> plan.execute(a, weight, out);
    }
    return bound(plan, operands, out);
  }

  private static Parallelism parallelism(int threads) {
    return threads == 1 ? Parallelism.NONE : Parallelism.of(new ForkJoinPool(threads), threads);
  }

  private Work lookup(
      ContractionCase contraction, Data data, Contraction plan, Tensor[] operands, Tensor out) {
    int columns = contraction.layouts().getFirst().sizes()[1];
    Layout table = Layout.dense(contraction.operands().getFirst().tableRows(), columns);
    Embedding embedding = Embedding.fromPretrained(tensor(data.table(), table));
    int[] indices = data.indices();
    Tensor b = operands[1];
    if (way == Way.FUSED) {
      GatheredRows rows = embedding.rows(indices);
      return () -> plan.execute(rows.load(indices), b, out);
    }
    return () -> {
      embedding.forward(indices, operands[0]);
      plan.execute(operands[0], b, out);
    };
  }

  /** The call for as many operands; from three on, it is one with all of them in an array. */
  private static Work bound(Contraction plan, Tensor[] operands, Tensor out) {
    Tensor a = operands[0];
    if (operands.length == 1) {
      return () -> plan.execute(a, out);
    }
    if (operands.length > 2) {
      return () -> plan.execute(operands, out);
    }
    Tensor b = operands[1];
    return () -> plan.execute(a, b, out);
  }

  @Override
  public Map<String, String> facts() {
    return Map.of();
  }

  private static Tensor tensor(MemorySegment memory, Layout layout) {
    long[] sizes = longs(layout.sizes());
    Tensor flat = Tensor.wrap(memory, DType.FLOAT32, Shape.of(layout.storageCount()));
    return flat.asStrided(Shape.of(sizes), longs(layout.strides()), 0);
  }

  private static long[] longs(int... values) {
    return Arrays.stream(values).asLongStream().toArray();
  }
}
