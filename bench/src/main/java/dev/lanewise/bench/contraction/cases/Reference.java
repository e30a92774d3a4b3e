package dev.lanewise.bench.contraction.cases;

import dev.lanewise.verification.ErrorBounds;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Checks a result against the definition, computed in double, within the bound that float32
 * arithmetic keeps in any order of summation: an engine that computed something else, or with
 * shorter numbers, is found out.
 *
 * <p>Of n operands, the first n - 1 are contracted one after the other; then the elements of the
 * result are summed one by one. A term of the whole product passes through at most as many float32
 * roundings as there are terms in all the sums on its way, in whatever order an engine contracts
 * the operands; the bound is taken of that number and of the sum of the terms' magnitudes (N. J.
 * Higham, <i>Accuracy and Stability of Numerical Algorithms</i>, 2nd edition, section 3.5).
 *
 * <p>Where a whole check would take long, elements at random places are checked, and the corners.
 */
public final class Reference {
  /** How many products are summed for one check, at most; a second or so. */
  private static final double MAX_PRODUCTS = 1e8;

  private static final long SEED = 7;

  private final ContractionCase contraction;
  private final Term left;
  private final Term right;
  private long roundings;

  private Reference(ContractionCase contraction, Data data) {
    this.contraction = contraction;
    List<Term> terms = new ArrayList<>();
    for (int operand = 0; operand < contraction.operands().size(); operand++) {
      terms.add(
          Term.of(
              contraction.inputs().get(operand),
              contraction.layouts().get(operand),
              data.operand(operand)));
    }
    Term first = terms.removeFirst();
    while (terms.size() > 1) {
      first = contracted(first, terms.removeFirst(), terms);
    }
    this.left = first;
    this.right = terms.isEmpty() ? Term.one() : terms.getFirst();
  }

  /**
   * Checks a result.
   *
   * @throws AssertionError that names the first element found outside its bound
   */
  public static void check(ContractionCase contraction, Data data) {
    new Reference(contraction, data).checkOutput(data.output());
  }

  private void checkOutput(MemorySegment output) {
    Sum sum = new Sum(contraction.outputLabels());
    roundings += sum.length;
    int elements = contraction.output().elementCount();
    if ((double) elements * sum.length <= MAX_PRODUCTS) {
      for (int element = 0; element < elements; element++) {
        checkElement(sum, element, output);
      }
    } else {
      SplittableRandom random = new SplittableRandom(SEED);
      int count = (int) (MAX_PRODUCTS / sum.length);
      random.ints(count, 0, elements).forEach(element -> checkElement(sum, element, output));
      checkElement(sum, 0, output);
      checkElement(sum, elements - 1, output);
    }
  }

  private void checkElement(Sum sum, int element, MemorySegment output) {
    int[] sizes = contraction.output().sizes();
    int[] index = new int[sizes.length];
    int offset = 0;
    int rest = element;
    for (int axis = sizes.length - 1; axis >= 0; axis--) {
      index[axis] = rest % sizes[axis];
      rest /= sizes[axis];
      offset += index[axis] * contraction.output().strides()[axis];
    }
    sum.at(index);
    float actual = output.getAtIndex(ValueLayout.JAVA_FLOAT, offset);
    double bound = ErrorBounds.sumOfProducts(roundings, sum.magnitude);
    if (!(Math.abs(actual - sum.value) <= bound)) {
      throw new AssertionError(
          "%s at %s: expected %s within %s, got %s"
              .formatted(contraction.name(), Arrays.toString(index), sum.value, bound, actual));
    }
  }

  /** Two operands into one that keeps the labels that are used later. */
  private Term contracted(Term a, Term b, List<Term> later) {
    StringBuilder kept = new StringBuilder();
    for (char label : (a.labels + b.labels).toCharArray()) {
      boolean used =
          contraction.outputLabels().indexOf(label) >= 0
              || later.stream().anyMatch(term -> term.labels.indexOf(label) >= 0);
      if (used && kept.indexOf(String.valueOf(label)) < 0) {
        kept.append(label);
      }
    }
    String labels = kept.toString();
    int[] sizes = labels.chars().map(label -> contraction.sizes().get((char) label)).toArray();
    Layout layout = Layout.dense(sizes);
    double[] values = new double[layout.elementCount()];
    double[] magnitudes = new double[values.length];
    Sum sum = new Sum(labels, a, b);
    int[] index = new int[sizes.length];
    for (int element = 0; element < values.length; element++) {
      sum.at(index);
      values[element] = sum.value;
      magnitudes[element] = sum.magnitude;
      for (int axis = sizes.length - 1; axis >= 0 && ++index[axis] == sizes[axis]; axis--) {
        index[axis] = 0;
      }
    }
    roundings += sum.length;
    return new Term(labels, layout, values, magnitudes);
  }

  /** An operand in double, with its magnitudes. */
  private record Term(String labels, Layout layout, double[] values, double[] magnitudes) {
    static Term one() {
      return new Term("", Layout.dense(), new double[] {1}, new double[] {1});
    }

    static Term of(String labels, Layout layout, MemorySegment memory) {
      double[] values = new double[layout.storageCount()];
      Arrays.setAll(values, i -> memory.getAtIndex(ValueLayout.JAVA_FLOAT, i));
      return new Term(labels, layout, values, Arrays.stream(values).map(Math::abs).toArray());
    }

    /** How far apart neighbours along a label are: the sum of its axes' strides. */
    int stride(char label) {
      int stride = 0;
      for (int axis = 0; axis < labels.length(); axis++) {
        stride += labels.charAt(axis) == label ? layout.strides()[axis] : 0;
      }
      return stride;
    }
  }

  /** The sum of products that one element is, over the labels that it has not. */
  private final class Sum {
    private final Term a;
    private final Term b;
    private final String free;
    private final int[] aOffsets;
    private final int[] bOffsets;
    private final int length;
    private double value;
    private double magnitude;

    Sum(String free) {
      this(free, left, right);
    }

    Sum(String free, Term a, Term b) {
      this.a = a;
      this.b = b;
      this.free = free;
      int[] summed =
          (a.labels + b.labels).chars().distinct().filter(l -> free.indexOf(l) < 0).toArray();
      int[] sizes = Arrays.stream(summed).map(l -> contraction.sizes().get((char) l)).toArray();
      this.aOffsets = offsets(sizes, summed, a);
      this.bOffsets = offsets(sizes, summed, b);
      this.length = aOffsets.length;
    }

    private static int[] offsets(int[] sizes, int[] labels, Term term) {
      int[] strides = Arrays.stream(labels).map(label -> term.stride((char) label)).toArray();
      Layout layout = new Layout(sizes, strides);
      int[] offsets = new int[layout.elementCount()];
      int[] next = {0};
      new Odometer(layout).forEach(offset -> offsets[next[0]++] = offset);
      return offsets;
    }

    void at(int... index) {
      int aStart = 0;
      int bStart = 0;
      for (int axis = 0; axis < index.length; axis++) {
        aStart += index[axis] * a.stride(free.charAt(axis));
        bStart += index[axis] * b.stride(free.charAt(axis));
      }
      double total = 0;
      double absolute = 0;
      for (int i = 0; i < aOffsets.length; i++) {
        int atA = aStart + aOffsets[i];
        int atB = bStart + bOffsets[i];
        total += a.values[atA] * b.values[atB];
        absolute += a.magnitudes[atA] * b.magnitudes[atB];
      }
      value = total;
      magnitude = absolute;
    }
  }
}
