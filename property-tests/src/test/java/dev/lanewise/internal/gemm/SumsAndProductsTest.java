package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.Numbers;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.IntFunction;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Assertions;

/**
 * Products that are not summed and sums by 64 partial sums, over loops of any sizes and strides:
 * whole and in parts, both types and both backends, against the definition in the documented order,
 * to the bit. What is not an output's element stays as it is.
 */
@Tag("lanes")
class SumsAndProductsTest {
  private static final int[] SIZES = {
    0, 1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 33, 64, 65, 100, 130, 300
  };
  private static final long MOST_STEPS = 40_000;

  /** The loops of outputs and of terms, with strides in elements. */
  private record Case(List<Loop> outputs, List<Loop> terms) {
    int extent(int operand) {
      return LoopNests.extent(operand, outputs, terms);
    }
  }

  private static Case draw(Random random, int mostTerms) {
    int outputs = random.nextInt(4);
    int count = outputs + (mostTerms == 0 ? 0 : random.nextInt(mostTerms) + 1);
    long[] sizes = new long[count];
    long steps = 1;
    for (int i = 0; i < count; i++) {
      long size = SIZES[random.nextInt(SIZES.length)];
      sizes[i] = steps * size > MOST_STEPS ? 1 : size;
      steps *= Math.max(1, sizes[i]);
    }
    long[] a = LoopNests.strides(random, sizes, 0, count, 0.8);
    long[] b =
        random.nextInt(4) == 0 ? new long[count] : LoopNests.strides(random, sizes, 0, count, 0.6);
    long[] c = LoopNests.strides(random, sizes, 0, outputs, 1);
    List<Loop> loops = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      loops.add(new Loop(sizes[i], a[i], b[i], i < outputs ? c[i] : 0));
    }
    return new Case(loops.subList(0, outputs), loops.subList(outputs, count));
  }

  @Property(tries = 1500)
  void productsAreThoseOfTheDefinition(@ForAll long seed) {
    Random random = new Random(seed);
    check(draw(random, 0), Program.PRODUCT, random);
  }

  @Property(tries = 1500)
  void sumsAreThoseOfTheDefinition(@ForAll long seed) {
    Random random = new Random(seed);
    check(draw(random, 3), Program.PARTIALS, random);
  }

  /** Sizes at which blocks and parts of the sums begin and end. */
  @Example
  void largeOnes() {
    Random random = new Random(1);
    for (int n : new int[] {63, 64, 65, 200, 257}) {
      // Copies and products of transposed operands.
      check(pair(n, n + 3, 1, n, 0, 0), Program.PRODUCT, random);
      check(pair(n, n + 3, 1, n, n + 3, 1), Program.PRODUCT, random);
      check(pair(n, n + 3, 1, n, 1, n), Program.PRODUCT, random);
      check(pair(n, n + 3, 1, n, 1, 0), Program.PRODUCT, random);
    }
    for (int k : new int[] {1023, 1024, 1025, 3000}) {
      // Terms that lie side by side, apart, along the outputs, and in two loops.
      check(sums(7, k, 1, 0, 1), Program.PARTIALS, random);
      check(sums(7, k, 1, 0, 3), Program.PARTIALS, random);
      check(sums(7, k, 2, 1, 7), Program.PARTIALS, random);
      check(sums(200, k / 9, 200, 0, 2), Program.PARTIALS, random);
    }
  }

  /** Batches of copies and products whose operands lie along the rows, and of rows that do not. */
  @Example
  void batches() {
    Random random = new Random(2);
    for (int i = 0; i < 6; i++) {
      for (long[] b : new long[][] {{0, 0, 0}, {700, 1, 30}, {700, 20, 1}, {1, 0, 0}, {0, 1, 0}}) {
        Loop batch = new Loop(3, 700, b[0], 600);
        Loop rows = new Loop(30, 1, b[1], 20);
        Loop columns = new Loop(20, 33, b[2], 1);
        check(new Case(List.of(batch, rows, columns), List.of()), Program.PRODUCT, random);
        Loop outer = new Loop(30, 25, b[2], 20);
        Loop inner = new Loop(20, 1, b[1], 1);
        check(new Case(List.of(batch, outer, inner), List.of()), Program.PRODUCT, random);
      }
    }
  }

  /** Terms in two loops that cannot be one, of lengths around those that are copied at a time. */
  @Example
  void termsInTwoLoops() {
    Random random = new Random(3);
    for (int inner : new int[] {3, 15, 16, 17, 64, 100, 700}) {
      int outer = inner == 700 ? 3 : 11;
      long most = (long) inner * outer;
      Loop batch = new Loop(3, 6000, 5000, 50);
      for (Loop rows : List.of(new Loop(4, 13 * most, 0, 1), new Loop(4, most, 2 * most, 1))) {
        for (Loop[] terms :
            new Loop[][] {
              {new Loop(outer, inner + 2, 1, 0), new Loop(inner, 1, outer, 0)},
              {new Loop(outer, inner, 1, 0), new Loop(inner, 1, outer, 0)},
              {new Loop(outer, inner, inner + 3, 0), new Loop(inner, 1, 1, 0)},
              {new Loop(outer, inner + 1, inner + 3, 0), new Loop(inner, 1, 1, 0)},
              {new Loop(outer, inner + 1, 0, 0), new Loop(inner, 1, 0, 0)},
              {new Loop(outer, 1, 0, 0), new Loop(inner, outer + 1, 1, 0)}
            }) {
          check(new Case(List.of(batch, rows), List.of(terms)), Program.PARTIALS, random);
        }
      }
      // Outputs that lie side by side in one operand or both.
      for (long b : new long[] {0, 1}) {
        Loop columns = new Loop(37, 1, b, 2);
        Loop[] terms = {new Loop(outer, 40L * inner + 3, 50, 0), new Loop(inner, 40, 70, 0)};
        check(
            new Case(List.of(new Loop(2, 9, 8, 90), columns), List.of(terms)),
            Program.PARTIALS,
            random);
      }
    }
  }

  /** Sums of columns that are read in whole rows, terms in two loops; of float64 in two blocks. */
  @Example
  void largeSumsOfColumns() {
    Random random = new Random(4);
    for (long b : new long[] {0, 1}) {
      Loop columns = new Loop(2100, 1, b, 1);
      Loop[] terms = {new Loop(2, 650 * 2100 + 5, 3, 0), new Loop(640, 2100, 2101, 0)};
      check(new Case(List.of(columns), List.of(terms)), Program.PARTIALS, random);
    }
  }

  /** c is n x m side by side. */
  private static Case pair(int n, int m, long aRow, long aColumn, long bRow, long bColumn) {
    return new Case(
        List.of(new Loop(n, aRow, bRow, m), new Loop(m, aColumn, bColumn, 1)), List.of());
  }

  private static Case sums(int rows, int k, long aTerm, long bRow, long bTerm) {
    Loop terms = new Loop(k, aTerm, bTerm, 0);
    return new Case(
        List.of(new Loop(rows, aTerm == rows ? 1 : k * aTerm, bRow, 1)), List.of(terms));
  }

  private static void check(Case loops, Program order, Random random) {
    for (ElementType type : ElementType.values()) {
      boolean accumulate = random.nextInt(3) == 0;
      double[] x = Numbers.tame(random.nextLong(), loops.extent(Loop.A));
      double[] y = Numbers.tame(random.nextLong(), loops.extent(Loop.B));
      if (y.length > 0 && random.nextBoolean()) {
        // By one number that is 1, what is a product is copied.
        y[0] = 1;
      }
      double[] old = Numbers.tame(random.nextLong(), loops.extent(Loop.C));
      double[] expected = expected(loops, order, type, accumulate, x, y, old);
      for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
        PlannedProgram plan =
            type == ElementType.FLOAT32
                ? plan(loops, order, set.float32(), float[]::new)
                : plan(loops, order, set.float64(), double[]::new);
        try (Arena arena = Arena.ofConfined()) {
          Numbers a = Numbers.of(type, arena, x, 4 * random.nextInt(16));
          Numbers b = Numbers.of(type, arena, y, 4 * random.nextInt(16));
          for (Range[] parts : List.of(new Range[] {plan.whole()}, split(plan.whole(), random))) {
            Numbers c = Numbers.of(type, arena, old, 4 * random.nextInt(16));
            for (Range part : parts) {
              run(plan, plan.swapped() ? b : a, plan.swapped() ? a : b, c, accumulate, part);
            }
            String what =
                set.description() + " " + type + " in " + parts.length + ": " + plan + loops;
            c.assertHolds(what, expected);
            a.assertHolds(what, x);
            b.assertHolds(what, y);
          }
        }
      }
    }
  }

  private static void run(
      PlannedProgram plan, Numbers a, Numbers b, Numbers c, boolean accumulate, Range part) {
    plan.program().run(a.exact(), 0, b.exact(), 0, c.exact(), 0, accumulate, part);
  }

  private static <A> PlannedProgram plan(
      Case loops, Program order, ContractionKernels<A> kernels, IntFunction<A> arrays) {
    ScratchPool<Workspace<A>> workspaces = Workspace.pool(arrays);
    int size = kernels.type().sizeBytes();
    List<Loop> outputs = LoopNests.inBytes(loops.outputs, size);
    return order == Program.PRODUCT
        ? ProductPlan.of(outputs, kernels, workspaces)
        : PartialsPlan.of(outputs, LoopNests.inBytes(loops.terms, size), kernels, workspaces);
  }

  /** Parts that cover a range: batch, rows and columns are each cut at a place or two. */
  private static Range[] split(Range whole, Random random) {
    List<Range> parts = new ArrayList<>();
    long[] batch = LoopNests.cuts(whole.batchTo(), 1, random);
    long[] rows = LoopNests.cuts(whole.rowTo(), 1, random);
    long[] columns = LoopNests.cuts(whole.columnTo(), 1, random);
    for (int i = 1; i < batch.length; i++) {
      for (int r = 1; r < rows.length; r++) {
        for (int q = 1; q < columns.length; q++) {
          parts.add(
              new Range(batch[i - 1], batch[i], rows[r - 1], rows[r], columns[q - 1], columns[q]));
        }
      }
    }
    Collections.shuffle(parts, random);
    return parts.toArray(Range[]::new);
  }

  private static double[] expected(
      Case loops,
      Program order,
      ElementType type,
      boolean accumulate,
      double[] x,
      double[] y,
      double[] old) {
    double[] expected = old.clone();
    for (long[] output : LoopNests.positions(loops.outputs)) {
      List<long[]> terms = LoopNests.positions(loops.terms);
      double[] left = new double[terms.size()];
      double[] right = new double[terms.size()];
      for (int t = 0; t < left.length; t++) {
        left[t] = x[(int) (output[Loop.A] + terms.get(t)[Loop.A])];
        right[t] = y[(int) (output[Loop.B] + terms.get(t)[Loop.B])];
      }
      double value =
          order == Program.PRODUCT
              ? Numbers.multiply(type, left[0], right[0])
              : Numbers.dot(type, left, right);
      int at = (int) output[Loop.C];
      expected[at] = accumulate ? Numbers.add(type, old[at], value) : value;
    }
    return expected;
  }

  /** Otherwise the properties would pass over a program. */
  @Example
  void theDrawsReachEveryProgram() {
    TreeMap<String, Integer> reached = new TreeMap<>();
    for (long seed = 0; seed < 1500; seed++) {
      for (Program order : new Program[] {Program.PRODUCT, Program.PARTIALS}) {
        Case loops = draw(new Random(seed), order == Program.PRODUCT ? 0 : 3);
        PlannedProgram plan = plan(loops, order, KernelSet.vector().float32(), float[]::new);
        reached.merge(plan.program().getClass().getSimpleName(), 1, Integer::sum);
      }
    }
    for (Class<?> program :
        List.of(
            RowSumsProgram.class,
            ColumnSumsProgram.class,
            GatheredSumsProgram.class,
            SharedGatherProgram.class,
            RowProductsProgram.class,
            TransposedProductsProgram.class)) {
      Assertions.assertTrue(
          reached.getOrDefault(program.getSimpleName(), 0) >= 10, reached.toString());
    }
  }
}
