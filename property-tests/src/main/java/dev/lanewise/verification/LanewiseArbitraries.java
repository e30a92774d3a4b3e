package dev.lanewise.verification;

import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;
import org.jspecify.annotations.Nullable;

/**
 * jqwik arbitraries for tensors and what operates on them. They shrink to few labels, small sizes,
 * short lists and contiguous layouts; large data comes from a seed through {@link FloatClass}, so
 * that a failing sample stays readable.
 */
public final class LanewiseArbitraries {
  private LanewiseArbitraries() {}

  /**
   * Seeds of data.
   *
   * @return any long, shrinking to 0
   */
  public static Arbitrary<Long> seeds() {
    return Arbitraries.longs().between(0, 1_000_000).withoutEdgeCases();
  }

  /**
   * Single floats of all classes.
   *
   * @return any float, special values often
   */
  public static Arbitrary<Float> floats() {
    Arbitrary<Float> any = Arbitraries.integers().map(Float::intBitsToFloat);
    Arbitrary<Float> special =
        Arbitraries.of(
            0f,
            -0f,
            1f,
            -1f,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.MIN_NORMAL,
            Float.MAX_VALUE,
            -Float.MAX_VALUE,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN);
    return Arbitraries.frequencyOf(Tuple.of(3, any), Tuple.of(1, special));
  }

  /**
   * How an operand lies in memory.
   *
   * @return any layout, shrinking to contiguous
   */
  public static Arbitrary<Layout> layouts() {
    return Arbitraries.of(Layout.values());
  }

  /**
   * How an output lies in memory.
   *
   * @return any layout whose elements share no memory
   */
  public static Arbitrary<Layout> writableLayouts() {
    return layouts().filter(Layout::isWritable);
  }

  /**
   * Offsets from an aligned address.
   *
   * @return bytes from 0 to 63
   */
  public static Arbitrary<Integer> misalignments() {
    return Arbitraries.integers().between(0, 63);
  }

  /**
   * Shapes.
   *
   * @param maxRank the most dimensions
   * @param maxSize the largest size
   * @return shapes from a scalar on, now and then with a size of 0
   */
  public static Arbitrary<Shape> shapes(int maxRank, int maxSize) {
    return sizes(maxSize)
        .list()
        .ofMaxSize(maxRank)
        .map(list -> Shape.of(list.stream().mapToLong(Integer::longValue).toArray()));
  }

  private static Arbitrary<Integer> sizes(int maxSize) {
    return Arbitraries.frequencyOf(
        Tuple.of(12, Arbitraries.integers().between(1, maxSize)),
        Tuple.of(3, Arbitraries.just(1)),
        Tuple.of(1, Arbitraries.just(0)));
  }

  /** Where a label stands. */
  private enum Role {
    CONTRACTED(true, true, false),
    FREE_IN_FIRST(true, false, true),
    FREE_IN_SECOND(false, true, true),
    BATCH(true, true, true),
    SUMMED_IN_FIRST(true, false, false),
    SUMMED_IN_SECOND(false, true, false);

    final boolean inFirst;
    final boolean inSecond;
    final boolean inOutput;

    Role(boolean inFirst, boolean inSecond, boolean inOutput) {
      this.inFirst = inFirst;
      this.inSecond = inSecond;
      this.inOutput = inOutput;
    }
  }

  /** How an operand carries a label. */
  private enum Use {
    PLAIN,
    DIAGONAL,
    ONE_IN_FIRST,
    ONE_IN_SECOND
  }

  private record LabelSpec(Role role, int size, Use use) {}

  /**
   * Equations of one or two operands with sizes: batch, free, contracted and summed labels in any
   * order, labels repeated in an operand, sizes of 1 that are broadcast, sizes of 0.
   *
   * @param maxLabels the most labels
   * @param maxSize the largest size
   * @return equations with shapes
   */
  public static Arbitrary<EquationCase> equations(int maxLabels, int maxSize) {
    Arbitrary<Use> uses =
        Arbitraries.frequencyOf(
            Tuple.of(8, Arbitraries.just(Use.PLAIN)), Tuple.of(3, Arbitraries.of(Use.values())));
    Arbitrary<LabelSpec> labels =
        Combinators.combine(Arbitraries.of(Role.values()), sizes(maxSize), uses).as(LabelSpec::new);
    Arbitrary<Boolean> pairs = Arbitraries.frequency(Tuple.of(5, true), Tuple.of(1, false));
    return Combinators.combine(labels.list().ofMaxSize(maxLabels), pairs, seeds())
        .as(LanewiseArbitraries::equation);
  }

  private static EquationCase equation(List<LabelSpec> specs, boolean pair, long seed) {
    List<Axis> first = new ArrayList<>();
    List<Axis> second = new ArrayList<>();
    List<Axis> output = new ArrayList<>();
    for (int i = 0; i < specs.size(); i++) {
      LabelSpec spec = specs.get(i);
      char label = (char) ((i % 2 == 0 ? 'a' : 'A') + i);
      boolean inFirst = spec.role.inFirst || !pair;
      boolean inSecond = spec.role.inSecond && pair;
      if (inFirst) {
        int size = spec.use == Use.ONE_IN_FIRST ? 1 : spec.size;
        first.add(new Axis(label, size));
        if (spec.use == Use.DIAGONAL && first.size() < 6) {
          first.add(new Axis(label, size));
        }
      }
      if (inSecond) {
        second.add(new Axis(label, spec.use == Use.ONE_IN_SECOND ? 1 : spec.size));
        if (spec.use == Use.DIAGONAL && !inFirst) {
          second.add(new Axis(label, spec.size));
        }
      }
      if (spec.role.inOutput) {
        output.add(new Axis(label, spec.size));
      }
    }
    Random random = new Random(seed);
    for (List<Axis> axes : List.of(first, second, output)) {
      Collections.shuffle(axes, random);
    }
    String inputs = text(first) + (pair ? "," + text(second) : "");
    @Nullable Shape other = pair ? shape(second) : null;
    return new EquationCase(inputs + "->" + text(output), shape(first), other);
  }

  private record Axis(char label, int size) {}

  private static String text(List<Axis> axes) {
    StringBuilder text = new StringBuilder();
    axes.forEach(axis -> text.append(axis.label));
    return text.toString();
  }

  private static Shape shape(List<Axis> axes) {
    return Shape.of(axes.stream().mapToLong(Axis::size).toArray());
  }

  /**
   * Row numbers: spread, all equal, all padding, or none at all.
   *
   * @param numEmbeddings the table's rows, at least 1
   * @param maxCount the most indices
   * @return lists of row numbers
   */
  public static Arbitrary<List<Integer>> indices(int numEmbeddings, int maxCount) {
    Arbitrary<Integer> rows = Arbitraries.integers().between(0, numEmbeddings - 1);
    Arbitrary<List<Integer>> spread = rows.list().ofMaxSize(maxCount);
    Arbitrary<List<Integer>> equal =
        Combinators.combine(rows, Arbitraries.integers().between(0, maxCount))
            .as((row, count) -> Collections.nCopies(count, row));
    return Arbitraries.frequencyOf(Tuple.of(4, spread), Tuple.of(1, equal));
  }

  /**
   * Bags of row numbers, empty ones and ones of padding only included, over tables of 1 to 12 rows.
   *
   * @return bags with a padding row or without
   */
  public static Arbitrary<BagCase> bags() {
    return Arbitraries.integers()
        .between(1, 12)
        .flatMap(rows ->
            Combinators.combine(
                    indices(rows, 9).list().ofMaxSize(7),
                    Arbitraries.integers().between(-1, rows - 1))
                .as((bags, padding) -> new BagCase(bags, rows, padding)));
  }
}
