package dev.lanewise.bench.contraction.cases;

import dev.lanewise.bench.engine.Case;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/**
 * One contraction of float32 operands that every engine is asked for.
 *
 * @param group the part of the report it belongs to
 * @param name unique, without blanks
 * @param equation with explicit output; labels are single letters
 * @param operands as many as the equation has
 * @param output the layout of the result
 * @param threads how many threads an engine may use
 * @param baseline the name of the case that this one is a variant of, to be compared with; empty if
 *     it is none
 */
public record ContractionCase(
    String group,
    String name,
    String equation,
    List<Operand> operands,
    Layout output,
    int threads,
    String baseline)
    implements Case {

  /** The letters of each operand, in order. */
  public List<String> inputs() {
    return List.of(equation.substring(0, equation.indexOf("->")).split(",", -1));
  }

  /** The letters of the output. */
  public String outputLabels() {
    return equation.substring(equation.indexOf("->") + 2);
  }

  /** Each label's size, in the order in which the labels occur. */
  public Map<Character, Integer> sizes() {
    Map<Character, Integer> sizes = new LinkedHashMap<>();
    for (int operand = 0; operand < operands.size(); operand++) {
      String labels = inputs().get(operand);
      for (int axis = 0; axis < labels.length(); axis++) {
        sizes.put(labels.charAt(axis), operands.get(operand).layout().sizes()[axis]);
      }
    }
    return sizes;
  }

  /** The operands' layouts, in order. */
  public List<Layout> layouts() {
    return operands.stream().map(Operand::layout).toList();
  }

  /** Whether an operand is to be looked up in a table first. */
  public boolean hasLookup() {
    return operands.stream().anyMatch(operand -> operand.source() == Operand.Source.LOOKED_UP);
  }

  /** Whether the last operand is the same in all calls. */
  public boolean hasConstant() {
    return operands.getLast().source() == Operand.Source.CONSTANT;
  }

  /**
   * The floating-point operations that the case is worth: a multiplication and an addition for each
   * product of two operands, where anything is summed; along the cheapest order where there are
   * more operands; 0 where elements are only moved.
   */
  public double flops() {
    if (operands.size() > 2) {
      return MatrixChain.of(this).flops();
    }
    double positions =
        sizes().values().stream().mapToDouble(size -> size).reduce(1, (a, b) -> a * b);
    boolean sums = sizes().keySet().stream().anyMatch(label -> outputLabels().indexOf(label) < 0);
    return positions * (operands.size() - 1 + (sums ? 1 : 0));
  }

  /** The bytes of the operands that enter and of the output, each counted once. */
  public double bytes() {
    double elements = layouts().stream().mapToDouble(Layout::elementCount).sum();
    return (elements + output.elementCount()) * Float.BYTES;
  }

  @Override
  public OptionalDouble rate(double nanos) {
    return flops() > 0 ? OptionalDouble.of(flops() / nanos) : OptionalDouble.empty();
  }

  @Override
  public String rateUnit() {
    return "GFLOP/s";
  }

  /** Equation and operands, as a line of a table. */
  @Override
  public String description() {
    String text =
        "`"
            + equation
            + " of "
            + layouts().stream().map(Layout::toString).collect(Collectors.joining(", "));
    return (output.isDense() ? text : text + " to strides " + Arrays.toString(output.strides()))
        + "`";
  }
}
