package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.contraction.cases.Layout;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** This project's engine: a plan that is made once and run many times. */
final class LanewiseEngine implements Engine {
  /** How many operands a plan takes today. */
  private static final int MAX_OPERANDS = 2;

  @Override
  public boolean supports(ContractionCase contraction) {
    return contraction.operands().size() <= MAX_OPERANDS && contraction.threads() == 1;
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
    Contraction plan = Contraction.compile(contraction.equation(), shapes);
    Work product = bound(plan, operands, out);
    if (contraction.hasLookup()) {
      int tableRows = contraction.operands().getFirst().tableRows();
      Layout table = Layout.dense(tableRows, layouts.getFirst().sizes()[1]);
      Embedding embedding = Embedding.fromPretrained(tensor(data.table(), table));
      int[] indices = data.indices();
      return () -> {
        embedding.forward(indices, operands[0]);
        product.run();
      };
    }
    return product;
  }

  /** The call for as many operands; from three on, it is one with all of them in an array. */
  private static Work bound(Contraction plan, Tensor[] operands, Tensor out) {
    Tensor a = operands[0];
    if (operands.length == 1) {
      return () -> plan.execute(a, out);
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
