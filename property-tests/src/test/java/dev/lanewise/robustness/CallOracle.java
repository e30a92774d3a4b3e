package dev.lanewise.robustness;

import dev.lanewise.autograd.Variable;
import dev.lanewise.einsum.Accumulation;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.Einsum;
import dev.lanewise.einsum.Equation;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.BagCase;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.Estimate;
import dev.lanewise.verification.FloatFormat;
import dev.lanewise.verification.OracleEinsum;
import dev.lanewise.verification.OracleEmbedding;
import dev.lanewise.verification.Rounded;
import dev.lanewise.verification.TensorAssertions;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/**
 * What a call is to come to by its definition, computed from the arguments before the call: of
 * contractions, lookups, bags, and the tape's operations that are one of these. Calls whose
 * operands hold what the error model does not cover have none.
 */
final class CallOracle {
  /** Above that, products of a few may overflow. */
  private static final double LARGEST = 0x1p20;

  private static final double SMALLEST = 0x1p-20;

  private final IntFunction<Rounded> expected;

  /** Where the result will be; null if it is what the call returns. */
  private final Tensor out;

  private CallOracle(IntFunction<Rounded> expected, Tensor out) {
    this.expected = expected;
    this.out = out;
  }

  /** The oracle of a call that is about to be made; null if there is none. */
  static CallOracle of(Method call, Object receiver, Object... values) {
    try {
      return switch (receiver) {
        case Contraction plan when call.getName().equals("execute") -> ofPlan(plan, values);
        case Embedding embedding when call.getName().equals("forward") ->
            ofLookup(embedding, values[0], (Tensor) values[1]);
        case EmbeddingBag bag when call.getName().equals("forward") -> ofBags(bag, values);
        case null, default -> call.getDeclaringClass() == Einsum.class ? ofEinsum(values) : null;
      };
    } catch (RuntimeException badArguments) {
      // The call will say so itself.
      return null;
    }
  }

  /** Checks the result; false if there was nothing to check. */
  void check(String what, Object result) {
    Tensor actual = out != null ? out : result instanceof Variable v ? v.value() : (Tensor) result;
    TensorAssertions.assertWithin(what, expected, actual);
  }

  private static CallOracle ofPlan(Contraction plan, Object... values) {
    String equation = plan.pathInfo().equation();
    Tensor out = null;
    boolean add = false;
    List<Tensor> operands = new ArrayList<>();
    for (Object value : values) {
      switch (value) {
        case Tensor tensor -> {
          if (out != null) {
            operands.add(out);
          }
          out = tensor;
        }
        case Tensor[] all -> operands.addAll(List.of(all));
        case Accumulation accumulation -> add = accumulation == Accumulation.ADD;
        case null, default -> {
          return null;
        }
      }
    }
    Estimate estimate = estimate(equation, operands.toArray(Tensor[]::new));
    if (estimate == null || out == null) {
      return null;
    }
    double[] before = add ? DoubleArray.of(out).toArray() : null;
    if (before != null && !areTame(before)) {
      return null;
    }
    return new CallOracle(before == null ? estimate::at : i -> estimate.addedTo(i, before[i]), out);
  }

  private static CallOracle ofEinsum(Object... values) {
    Operand[] given = (Operand[]) values[2];
    Tensor[] operands = Arrays.stream(given).map(Operand::value).toArray(Tensor[]::new);
    Estimate estimate = estimate(Equation.parse(values[1].toString()).toString(), operands);
    return estimate == null ? null : new CallOracle(estimate::at, null);
  }

  private static Estimate estimate(String equation, Tensor... operands) {
    DoubleArray[] arrays = new DoubleArray[operands.length];
    for (int i = 0; i < arrays.length; i++) {
      arrays[i] = DoubleArray.of(operands[i]);
      if (!areTame(arrays[i].toArray()) || operands[i].dtype() != operands[0].dtype()) {
        return null;
      }
    }
    return OracleEinsum.contract(equation, arrays).in(FloatFormat.of(operands[0].dtype()));
  }

  private static CallOracle ofLookup(Embedding embedding, Object indices, Tensor out) {
    int[] rows = rows(indices);
    Tensor table = embedding.weight().value();
    if (rows.length == 0 || embedding.maxNorm() < Double.POSITIVE_INFINITY || isOfBytes(table)) {
      return null;
    }
    DoubleArray expected = OracleEmbedding.forward(DoubleArray.of(table), rows);
    return new CallOracle(i -> Rounded.exact(expected.at(i)), out);
  }

  private static CallOracle ofBags(EmbeddingBag bag, Object... values) {
    Tensor table = bag.embedding().weight().value();
    if (bag.mode() == BagMode.MAX
        || values.length != 3
        || bag.includesLastOffset()
        || table.dtype() != DType.FLOAT32
        || bag.embedding().maxNorm() < Double.POSITIVE_INFINITY) {
      return null;
    }
    int[] rows = rows(values[0]);
    int[] offsets = rows(values[1]);
    List<List<Integer>> bags = new ArrayList<>();
    for (int i = 0; i < offsets.length; i++) {
      int end = i + 1 < offsets.length ? offsets[i + 1] : rows.length;
      bags.add(Arrays.stream(rows, offsets[i], end).boxed().toList());
    }
    DoubleArray numbers = DoubleArray.of(table);
    if (!areTame(numbers.toArray())) {
      return null;
    }
    BagCase all =
        new BagCase(
            bags, (int) bag.embedding().numEmbeddings(), (int) bag.embedding().paddingIdx());
    List<Rounded> expected = OracleEmbedding.bags(numbers, all, bag.mode() == BagMode.MEAN);
    return new CallOracle(expected::get, (Tensor) values[2]);
  }

  private static boolean isOfBytes(Tensor table) {
    return table.dtype() == DType.UINT8;
  }

  private static int[] rows(Object indices) {
    return indices instanceof Tensor tensor
        ? Arrays.stream(tensor.toLongArray()).mapToInt(Math::toIntExact).toArray()
        : ((int[]) indices).clone();
  }

  private static boolean areTame(double... numbers) {
    for (double number : numbers) {
      double size = Math.abs(number);
      if (!(size == 0 || (size >= SMALLEST && size <= LARGEST))) {
        return false;
      }
    }
    return true;
  }
}
