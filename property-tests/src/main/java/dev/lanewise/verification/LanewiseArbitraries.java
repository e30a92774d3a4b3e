package dev.lanewise.verification;

import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/**
 * jqwik arbitraries for tensors and what operates on them. They shrink to few labels, small sizes,
 * short lists and contiguous layouts; large data comes from a seed through {@link FloatClass}, so
 * that a failing sample stays readable.
 */
public final class LanewiseArbitraries {
  /** How finely the distribution of frequent rows is resolved. */
  private static final int ZIPF_STEPS = 1 << 20;

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
   * Classes of floats, for {@link FloatClass#fill(long, int, FloatClass...)}.
   *
   * @return any class, shrinking to ordinary numbers
   */
  public static Arbitrary<FloatClass> floatClasses() {
    return Arbitraries.of(FloatClass.values());
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

  /** How operands carry a label. */
  private enum Use {
    PLAIN,
    /** Twice in one of them. */
    DIAGONAL,
    /** With size 1 in one of them. */
    ONE
  }

  /**
   * A label.
   *
   * @param holders which operands have it: a bit for each, and 0 for all
   * @param inOutput whether the output has it
   * @param chosen picks the operand of a use that concerns one
   */
  private record LabelSpec(int holders, boolean inOutput, int size, Use use, int chosen) {
    boolean isIn(int operand, int operands) {
      int held = holders & ((1 << operands) - 1);
      return held == 0 || ((held >> operand) & 1) != 0;
    }
  }

  /**
   * An ellipsis.
   *
   * @param sizes its dimensions' sizes in the operand that has them all
   * @param holders which operands have it, with how many of the dimensions: two bits for each
   */
  private record EllipsisSpec(List<Integer> sizes, int holders, boolean inOutput) {
    boolean isIn(int operand) {
      return ((holders >> (2 * operand)) & 1) != 0;
    }

    int rank(int operand) {
      return ((holders >> (2 * operand)) & 2) == 0 ? sizes.size() : sizes.size() / 2;
    }
  }

  /**
   * Equations of one to five operands with sizes: labels that one operand has or several, summed or
   * not, in any order; labels repeated in an operand, sizes of 1 that are repeated, sizes of 0;
   * ellipses of different rank.
   *
   * @param maxLabels the most labels besides the ellipsis
   * @param maxSize the largest size
   * @return equations with shapes
   */
  public static Arbitrary<EquationCase> equations(int maxLabels, int maxSize) {
    Arbitrary<Integer> operands =
        Arbitraries.frequency(
            Tuple.of(2, 1), Tuple.of(8, 2), Tuple.of(3, 3), Tuple.of(2, 4), Tuple.of(1, 5));
    return equations(operands, maxLabels, maxSize);
  }

  /**
   * As {@link #equations(int, int)}, of a number of operands.
   *
   * @param operands how many operands
   * @param maxLabels the most labels besides the ellipsis
   * @param maxSize the largest size
   * @return equations with shapes
   */
  public static Arbitrary<EquationCase> equations(
      Arbitrary<Integer> operands, int maxLabels, int maxSize) {
    Arbitrary<Use> uses =
        Arbitraries.frequencyOf(
            Tuple.of(8, Arbitraries.just(Use.PLAIN)), Tuple.of(3, Arbitraries.of(Use.values())));
    Arbitrary<Integer> bits = Arbitraries.integers().between(0, (1 << 10) - 1);
    Arbitrary<LabelSpec> labels =
        Combinators.combine(bits, Arbitraries.of(true, false), sizes(maxSize), uses, bits)
            .as(LabelSpec::new);
    Arbitrary<EllipsisSpec> ellipses =
        Combinators.combine(
                sizes(Math.min(maxSize, 3)).list().ofMaxSize(2), bits, Arbitraries.of(true, false))
            .as(EllipsisSpec::new);
    Arbitrary<EllipsisSpec> some =
        Arbitraries.frequencyOf(
            Tuple.of(2, Arbitraries.just(new EllipsisSpec(List.of(), 0, false))),
            Tuple.of(1, ellipses));
    return Combinators.combine(operands, labels.list().ofMaxSize(maxLabels), some, seeds())
        .as(LanewiseArbitraries::equation);
  }

  private static EquationCase equation(
      int count, List<LabelSpec> specs, EllipsisSpec ellipsis, long seed) {
    List<List<Axis>> operands = new ArrayList<>();
    for (int operand = 0; operand < count; operand++) {
      operands.add(new ArrayList<>());
    }
    List<Axis> output = new ArrayList<>();
    for (int i = 0; i < specs.size(); i++) {
      LabelSpec spec = specs.get(i);
      String label = String.valueOf((char) ((i % 2 == 0 ? 'a' : 'A') + i));
      List<List<Axis>> holders = new ArrayList<>();
      for (int operand = 0; operand < count; operand++) {
        if (spec.isIn(operand, count)) {
          holders.add(operands.get(operand));
          operands.get(operand).add(new Axis(label, List.of(spec.size)));
        }
      }
      List<Axis> chosen = holders.get(spec.chosen % holders.size());
      if (spec.use == Use.DIAGONAL && chosen.size() < 6) {
        chosen.add(chosen.getLast());
      }
      if (spec.use == Use.ONE) {
        chosen.set(chosen.size() - 1, new Axis(label, List.of(1)));
      }
      if (spec.inOutput) {
        output.add(new Axis(label, List.of(spec.size)));
      }
    }
    Random random = new Random(seed);
    for (int operand = 0; operand < count; operand++) {
      if (ellipsis.isIn(operand)) {
        List<Integer> all = ellipsis.sizes;
        List<Integer> own =
            all.subList(all.size() - ellipsis.rank(operand), all.size()).stream()
                .map(size -> random.nextInt(4) == 0 ? 1 : size)
                .toList();
        operands.get(operand).add(new Axis("...", own));
      }
    }
    if (ellipsis.inOutput) {
      output.add(new Axis("...", List.of()));
    }
    operands.forEach(axes -> Collections.shuffle(axes, random));
    Collections.shuffle(output, random);
    String inputs =
        operands.stream().map(LanewiseArbitraries::text).collect(Collectors.joining(","));
    return new EquationCase(
        inputs + "->" + text(output), operands.stream().map(LanewiseArbitraries::shape).toList());
  }

  private record Axis(String label, List<Integer> sizes) {}

  private static String text(List<Axis> axes) {
    return axes.stream().map(Axis::label).collect(Collectors.joining());
  }

  private static Shape shape(List<Axis> axes) {
    return Shape.of(
        axes.stream().flatMap(axis -> axis.sizes.stream()).mapToLong(Integer::longValue).toArray());
  }

  /**
   * Row numbers: uniform, by Zipf's law (row r is asked for about as often as 1 / (r + 1)), all
   * equal, or none at all.
   *
   * @param numEmbeddings the table's rows, at least 1
   * @param maxCount the most indices
   * @return lists of row numbers
   */
  public static Arbitrary<List<Integer>> indices(int numEmbeddings, int maxCount) {
    Arbitrary<Integer> rows = Arbitraries.integers().between(0, numEmbeddings - 1);
    Arbitrary<Integer> zipf =
        Arbitraries.integers()
            .between(0, ZIPF_STEPS)
            .withoutEdgeCases()
            .map(step -> (int) (Math.pow(numEmbeddings + 1.0, step / (ZIPF_STEPS + 1.0)) - 1));
    Arbitrary<List<Integer>> uniform = rows.list().ofMaxSize(maxCount);
    Arbitrary<List<Integer>> equal =
        Combinators.combine(rows, Arbitraries.integers().between(0, maxCount))
            .as((row, count) -> Collections.nCopies(count, row));
    return Arbitraries.frequencyOf(
        Tuple.of(4, uniform),
        Tuple.of(2, zipf.list().ofMaxSize(maxCount)),
        Tuple.of(1, equal),
        Tuple.of(1, Arbitraries.just(List.of())));
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
