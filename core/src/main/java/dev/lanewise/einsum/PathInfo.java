package dev.lanewise.einsum;

import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What a plan does, to be read by people: its path and what each step computes (in the spirit of
 * opt_einsum's <a
 * href="https://optimized-einsum.readthedocs.io/en/stable/path_finding.html">PathInfo</a>).
 * Immutable and thread-safe.
 *
 * @param equation the equation, ellipses written out
 * @param shapes the operands' shapes
 * @param outputShape the output's shape
 * @param path the path
 * @param naiveFlops floating-point operations of the definition: loops over all labels at once
 * @param flops floating-point operations of the path
 * @param largestIntermediate elements of the largest intermediate; 0 if there is none
 * @param scratchBytes memory that one run needs for intermediates
 * @param steps what each step computes
 */
public record PathInfo(
    String equation,
    List<Shape> shapes,
    Shape outputShape,
    ContractionPath path,
    double naiveFlops,
    double flops,
    long largestIntermediate,
    long scratchBytes,
    List<Step> steps) {
  /**
   * One step of a path.
   *
   * @param equation what it computes
   * @param result its result's shape
   * @param flops its floating-point operations
   * @param loops the order of operations, and the loops chosen for the strides seen so far (for
   *     tensors without gaps, if none were)
   */
  public record Step(String equation, Shape result, double flops, String loops) {}

  /**
   * The whole plan as text.
   *
   * @return a line on the contraction, a line on the path, and a line for each step
   */
  @Override
  public String toString() {
    String from = shapes.stream().map(Shape::toString).collect(Collectors.joining(", "));
    StringBuilder text = new StringBuilder();
    text.append(equation).append(": ").append(from).append(" -> ").append(outputShape);
    text.append(
        String.format(
            Locale.ROOT,
            "%n  path %s: %.3g FLOP (at once %.3g, ratio %.3g), largest intermediate %d elements, scratch %d bytes",
            path,
            flops,
            naiveFlops,
            flops == 0 ? 1 : naiveFlops / flops,
            largestIntermediate,
            scratchBytes));
    for (Step step : steps) {
      text.append(
          String.format(
              Locale.ROOT,
              "%n  %s: %s, %.3g FLOP, %s",
              step.equation,
              step.result,
              step.flops,
              step.loops));
    }
    return text.toString();
  }
}
