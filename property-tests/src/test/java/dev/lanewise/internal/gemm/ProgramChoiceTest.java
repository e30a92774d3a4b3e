package dev.lanewise.internal.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.parallel.Parallelism;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.Tag;

/**
 * Which program is chosen, on both sides of each limit: all give the same bits, so that no other
 * test would notice a slow one.
 */
@Tag("lanes")
class ProgramChoiceTest {
  private static final ContractionKernels<float[]> KERNELS = KernelSet.vector().float32();
  private static final ScratchPool<Workspace<float[]>> WORKSPACES = Workspace.pool(float[]::new);
  private static final int SIZE = Float.BYTES;
  private static final int LANES = KERNELS.tiles().lanes();
  private static final long MOST = 1 << 30;

  /** Two vectors are multiplied at a time: tiles of packed rows are faster. */
  private static final boolean FAST_TILES = KERNELS.tiles().boundByInstructions();

  private static final String IN_PLACE = "blocked product, B in place";

  private static Loop loop(long size, long a, long b, long c) {
    return LoopNests.inBytes(List.of(new Loop(size, a, b, c)), SIZE).getFirst();
  }

  private static void assertPlan(String expected, boolean swapped, PlannedProgram plan) {
    assertEquals(
        expected + (swapped ? ", swapped" : ""),
        plan.program() + (plan.swapped() ? ", swapped" : ""));
  }

  // ---- Products of matrices

  /** {@code ik,kj->ij}, all side by side. */
  private static String product(long m, long n, long k) {
    return chain(loop(m, k, 0, n), loop(n, 0, 1, 1), loop(k, 1, n, 0));
  }

  /** {@code ki,kj->ij}: the rows of the first factor lie side by side. */
  private static String productOfTransposed(long m, long n, long k) {
    return chain(loop(m, 1, 0, n), loop(n, 0, 1, 1), loop(k, m, n, 0));
  }

  /** {@code ik,jk->ij}: the columns of the second factor do not lie side by side. */
  private static String productByTransposed(long m, long n, long k) {
    return chain(loop(m, k, 0, n), loop(n, 0, k, 1), loop(k, 1, 1, 0));
  }

  private static String chain(Loop m, Loop n, Loop k) {
    return chain(KernelSet.vector(), List.of(), List.of(m), List.of(n), List.of(k));
  }

  private static String chain(
      KernelSet kernels, List<Loop> batch, List<Loop> m, List<Loop> n, List<Loop> k) {
    return new Nest(kernels, ElementType.FLOAT32, Program.CHAIN, batch, m, n, k).toString();
  }

  private static String sizes(String program, long m, long n, long k) {
    return program + " of m " + m + ", n " + n + ", k " + k + ", batch 1";
  }

  private static String direct(int lanes) {
    return "direct product of " + lanes + " lanes";
  }

  /** How a product is computed whose first factor many columns meet. */
  private static String manyColumns() {
    return FAST_TILES ? IN_PLACE : direct(LANES);
  }

  @Example
  void whatLiesSideBySideIsReadThere() {
    assertEquals(sizes(manyColumns(), 100, 100, 100), product(100, 100, 100));
    assertEquals(sizes(manyColumns(), 100, 100, 100), productOfTransposed(100, 100, 100));
    assertEquals(sizes("outer product", 999, 100, 1), product(999, 100, 1));
  }

  /** A first factor that could be read where it lies, too, if its rows are packed faster. */
  @Example
  void aFirstFactorIsPackedForFastTilesIfEnoughColumnsMeetIt() {
    int copied = 4 * LANES;
    int transposed = Math.min(8 * LANES, 256 / Float.BYTES);
    assertEquals(sizes(manyColumns(), 64, copied, 256), product(64, copied, 256));
    assertEquals(sizes(direct(LANES), 64, copied - 1, 256), product(64, copied - 1, 256));
    assertEquals(
        sizes(manyColumns(), 64, transposed, 256), productOfTransposed(64, transposed, 256));
    assertEquals(
        sizes(direct(LANES), 64, transposed - 1, 256),
        productOfTransposed(64, transposed - 1, 256));
    assertEquals(sizes(direct(LANES), 4, 256, 64), product(4, 256, 64));
    assertEquals(sizes(manyColumns(), 5, 256, 64), product(5, 256, 64));
    assertEquals(sizes(direct(LANES), 16, 64, 4), product(16, 64, 4));
    assertEquals(sizes(direct(LANES), 7, 64, 49), product(7, 64, 49));
    Loop k = loop(256, 3, 64, 0);
    // Neither its rows nor its columns lie side by side.
    assertEquals(
        sizes(direct(LANES), 64, 64, 256), chain(loop(64, 768, 0, 64), loop(64, 0, 1, 1), k));
  }

  /** Several blocks of the sum, where a block of the second factor and the output are small. */
  @Example
  void longSumsAreReadWhereTheyLieIfWhatIsReadAgainIsSmall() {
    String small = manyColumns();
    assertEquals(sizes(small, 8, 128, 257), product(8, 128, 257));
    assertEquals(sizes(IN_PLACE, 7, 128, 257), product(7, 128, 257));
    assertEquals(sizes(IN_PLACE, 8, 129, 257), product(8, 129, 257));
    assertEquals(sizes(small, 1024, 128, 257), product(1024, 128, 257));
    assertEquals(sizes(IN_PLACE, 1025, 128, 257), product(1025, 128, 257));
    String large = FAST_TILES ? "blocked product" : direct(LANES);
    assertEquals(sizes(large, 512, 128, 5000), product(512, 128, 5000));
  }

  /** What cannot be read is packed whole if it is small and used often. */
  @Example
  void aSmallSecondFactorIsPackedBesideAFirstThatIsReadWhereItLies() {
    String packed = direct(LANES) + ", B packed";
    String blocked = "blocked product";
    assertEquals(sizes(packed, 28, 28, 28), productByTransposed(28, 28, 28));
    assertEquals(sizes(packed, 16, LANES, 300), productByTransposed(16, LANES, 300));
    assertEquals(sizes(blocked, 15, LANES, 300), productByTransposed(15, LANES, 300));
    String many = FAST_TILES ? blocked : packed;
    assertEquals(sizes(many, MOST, 128, 256), productByTransposed(MOST, 128, 256));
    assertEquals(sizes(blocked, MOST, 129, 256), productByTransposed(MOST, 129, 256));
    assertEquals(sizes(packed, 16, 16_384, 2), productByTransposed(16, 16_384, 2));
    assertEquals(sizes(many, 1024, 128, 257), productByTransposed(1024, 128, 257));
    assertEquals(sizes(blocked, 1025, 128, 257), productByTransposed(1025, 128, 257));
    Loop m = loop(16, 4, 0, 40);
    Loop n = loop(40, 0, 1, 1);
    // Its rows lie by a table: those of the terms that are one stride apart in the first.
    List<Loop> k = List.of(loop(2, 2, 99, 0), loop(2, 1, 40, 0));
    assertEquals(
        sizes(packed, 16, 40, 4), chain(KernelSet.vector(), List.of(), List.of(m), List.of(n), k));
    assertEquals(
        sizes(blocked, 16, 40, 4), chain(KernelSet.scalar(), List.of(), List.of(m), List.of(n), k));
    List<Loop> apart = List.of(loop(2, 5, 99, 0), loop(2, 1, 40, 0));
    assertEquals(
        sizes(blocked, 16, 40, 4),
        chain(KernelSet.vector(), List.of(), List.of(m), List.of(n), apart));
  }

  /** By narrower vectors than the widest only small, thin and short products. */
  @Example
  void narrowProductsAreReadWhereTheyLieIfTheyAreSmallOrThin() {
    for (DirectKernels direct : KERNELS.direct()) {
      int n = direct.lanes();
      if (n < LANES) {
        int k = 28 * 28 * 28 / 8 / n;
        assertEquals(sizes(direct(n), 8, n, k), productOfTransposed(8, n, k));
        assertEquals(sizes("blocked product", 8, n, k + 1), productOfTransposed(8, n, k + 1));
        assertEquals(sizes(direct(n), 4, n, 9000), productOfTransposed(4, n, 9000));
        assertEquals(sizes("blocked product", 5, n, 9000), productOfTransposed(5, n, 9000));
      }
    }
  }

  @Example
  void whatAnIntCannotCountIsBlocked() {
    assertEquals(sizes("outer product", MOST, 100, 1), product(MOST, 100, 1));
    assertEquals(sizes(IN_PLACE, MOST + 1, 100, 1), product(MOST + 1, 100, 1));
    assertEquals(sizes("outer product", 2, MOST, 1), product(2, MOST, 1));
    assertEquals(sizes(IN_PLACE, 2, MOST + 1, 1), product(2, MOST + 1, 1));
    assertEquals(sizes("strided product", MOST, LANES, 0), productByTransposed(MOST, LANES, 0));
    assertEquals(
        sizes("blocked product", MOST + 1, LANES, 0), productByTransposed(MOST + 1, LANES, 0));
  }

  @Example
  void oneRowTimesALargeMatrixIsStreamed() {
    assertEquals(sizes(direct(LANES), 1, 64, 512), product(1, 64, 512));
    assertEquals(sizes("one row times a matrix as it lies", 1, 64, 513), product(1, 64, 513));
    assertEquals(sizes(direct(LANES), 2, 64, 513), product(2, 64, 513));
  }

  /** One row times columns that lie in one run each, or a matrix of such rows times a column. */
  @Example
  void oneRowTimesColumnsIsNotTransposedInMemory() {
    String gemv = "one row times the columns of a matrix";
    int fewest = LANES / 2;
    assertEquals(sizes(gemv, 1, LANES, fewest), productByTransposed(1, LANES, fewest));
    assertEquals(sizes(gemv, 1, LANES, 2000), productByTransposed(1, LANES, 2000));
    if (fewest > 2) {
      assertEquals(
          sizes("strided product", 1, 64, fewest - 1), productByTransposed(1, 64, fewest - 1));
    }
    assertEquals(
        sizes("blocked product", 1, LANES - 1, 2000), productByTransposed(1, LANES - 1, 2000));
    assertEquals(sizes("blocked product", 2, LANES, 2000), productByTransposed(2, LANES, 2000));
    assertEquals(sizes(gemv, 1, 700, 513) + " (operands exchanged)", product(700, 1, 513));
    Loop k = loop(513, 1, 1, 0);
    Loop one = loop(1, 513, 0, 64);
    assertEquals(sizes("blocked product", 1, 64, 513), chain(one, loop(64, 0, 0, 1), k));
    assertEquals(sizes("blocked product", 1, 64, 513), chain(one, loop(64, 0, 513, 2), k));
    assertEquals(
        sizes("blocked product", 1, 64, 513),
        chain(
            KernelSet.scalar(), List.of(), List.of(one), List.of(loop(64, 0, 513, 1)), List.of(k)));
  }

  @Example
  void onePanelIsOneCallOrTwo() {
    String panel = "one panel of " + LANES + " lanes";
    assertEquals(sizes(panel, 64, LANES, 20), product(64, LANES, 20));
    assertEquals(sizes(direct(LANES), 65, LANES, 20), product(65, LANES, 20));
    assertEquals(sizes(panel, 1, LANES, 256), product(1, LANES, 256));
    assertEquals(sizes(direct(LANES), 1, LANES, 257), product(1, LANES, 257));
    assertEquals(sizes(panel, 20, 2 * LANES, 9), product(20, 2 * LANES, 9));
    assertEquals(sizes(direct(LANES), 20, 3 * LANES + 1, 9), product(20, 3 * LANES + 1, 9));
    assertEquals(
        sizes(direct(LANES), 3, LANES, 9).replace("batch 1", "batch 2"),
        chain(
            KernelSet.vector(),
            List.of(loop(2, 27, 9 * LANES, 3 * LANES)),
            List.of(loop(3, 9, 0, LANES)),
            List.of(loop(LANES, 0, 1, 1)),
            List.of(loop(9, 1, LANES, 0))));
  }

  @Example
  void whatVectorsCannotReadIsComputedOneByOneIfItIsSmall() {
    assertEquals(sizes("strided product", 8, 16, 8), productByTransposed(8, 16, 8));
    assertEquals(sizes("blocked product", 5, 5, 41), productByTransposed(5, 5, 41));
    // Neither of the kernels of one lane has anything to read where it lies.
    assertEquals(
        sizes("strided product", 8, 16, 8),
        chain(
            KernelSet.scalar(),
            List.of(),
            List.of(loop(8, 8, 0, 16)),
            List.of(loop(16, 0, 1, 1)),
            List.of(loop(8, 1, 16, 0))));
  }

  @Example
  void aSecondFactorIsPackedIfItIsLargeAndUsedOften() {
    int rows = FAST_TILES ? 48 : 160;
    assertEquals(sizes("blocked product", rows, 256, 257), product(rows, 256, 257));
    assertEquals(sizes(IN_PLACE, rows - 1, 256, 257), product(rows - 1, 256, 257));
    assertEquals(sizes(manyColumns(), rows - 1, 300, 256), product(rows - 1, 300, 256));
    assertEquals(sizes(manyColumns(), rows, 256, 256), product(rows, 256, 256));
    assertEquals(sizes(direct(LANES), rows, 20_000, 4), product(rows, 20_000, 4));
    assertEquals(sizes("blocked product", rows, 20_000, 5), product(rows, 20_000, 5));
  }

  @Example
  void loopsThatCannotBeOneArePackedThroughTables() {
    Loop n = loop(40, 0, 1, 1);
    Loop k = loop(3, 1, 40, 0);
    assertEquals(
        sizes(IN_PLACE, 6, 40, 3),
        chain(
            KernelSet.vector(),
            List.of(),
            List.of(loop(2, 11, 0, 120), loop(3, 3, 0, 40)),
            List.of(n),
            List.of(k)));
    assertEquals(
        sizes("blocked product", 2, 40, 4),
        chain(
            KernelSet.vector(),
            List.of(),
            List.of(loop(2, 11, 0, 40)),
            List.of(n),
            List.of(loop(2, 5, 99, 0), loop(2, 1, 40, 0))));
  }

  /** {@code ik,kj->ij} to every second column. */
  private static String productToEverySecond(long m, long n, long k) {
    return chain(loop(m, k, 0, 2 * n), loop(n, 0, 1, 2), loop(k, 1, n, 0));
  }

  /** What needs an output whose columns lie side by side gets one, if that is small. */
  @Example
  void aSmallOutputThatLiesApartIsScattered() {
    String scattered = direct(LANES) + ", output scattered";
    int columns = 3 * LANES + 1;
    assertEquals(sizes(scattered, 16, columns, 90), productToEverySecond(16, columns, 90));
    assertEquals(sizes(IN_PLACE, 15, columns, 90), productToEverySecond(15, columns, 90));
    int filled = 2 * LANES;
    int rows = (128 << 10) / SIZE / filled;
    assertEquals(sizes(scattered, rows, filled, 90), productToEverySecond(rows, filled, 90));
    assertEquals(sizes(IN_PLACE, rows + 1, filled, 90), productToEverySecond(rows + 1, filled, 90));
    // What is blocked anyway takes its blocks to the output by itself.
    assertEquals(sizes("blocked product", 200, 160, 999), productToEverySecond(200, 160, 999));
    assertEquals(sizes("strided product", 20, LANES, 1), productToEverySecond(20, LANES, 1));
  }

  @Example
  void oneNumberIsNotExchanged() {
    assertEquals(
        sizes("strided product", 1, 1, 9),
        chain(KernelSet.vector(), List.of(), List.of(), List.of(), List.of(loop(9, 1, 1, 0))));
  }

  /** Lanes run along the side that lies closer together in the output, if that fills them. */
  @Example
  void factorsAreExchangedWhereLanesWouldBeIdle() {
    String exchanged = " (operands exchanged)";
    // ik,kj->ji
    assertEquals(
        sizes(direct(LANES), 20, 90, 3) + exchanged,
        chain(loop(90, 1, 0, 1), loop(20, 0, 1, 90), loop(3, 90, 20, 0)));
    // Few columns, and four vectors of rows, which lie side by side in the first factor.
    int few = LANES / 2;
    int rows = 4 * LANES;
    assertEquals(sizes(IN_PLACE, few, rows, 900) + exchanged, productOfTransposed(rows, few, 900));
    assertEquals(
        sizes("blocked product", rows - 1, few, 900), productOfTransposed(rows - 1, few, 900));
    assertEquals(
        sizes("blocked product", rows, few + 1, 900), productOfTransposed(rows, few + 1, 900));
  }

  @Example
  void fewColumnsAreComputedWhereTheyLieByNarrowerVectors() {
    assertEquals(sizes(direct(LANES), 900, LANES, 90), product(900, LANES, 90));
    for (DirectKernels direct : KERNELS.direct()) {
      if (2 * direct.lanes() == LANES) {
        int half = direct.lanes();
        assertEquals(sizes(direct(half), 900, half, 90), product(900, half, 90));
        assertEquals(sizes(direct(half), MOST, half, 90), product(MOST, half, 90));
        assertEquals(
            sizes("blocked product", half, MOST + 1, 90) + " (operands exchanged)",
            product(MOST + 1, half, 90));
      }
    }
  }

  /** Where rows of C lie one behind the other, by vectors that are longer than they. */
  @Example
  void fewColumnsOfManyRowsAreFilledUp() {
    int rows = 4 * LANES;
    int fewest = Math.max(2, LANES / 4);
    for (int n = fewest; n < LANES; n++) {
      int columns = n;
      if (n != LANES / 2) {
        int filled =
            KERNELS.direct().stream()
                .mapToInt(DirectKernels::lanes)
                .filter(lanes -> lanes >= columns)
                .min()
                .orElseThrow();
        String few = "few columns, B filled up to " + filled + " lanes";
        assertEquals(sizes(few, rows, n, 5), product(rows, n, 5));
        assertEquals(sizes(few, rows, n, 5), productByTransposed(rows, n, 5));
      }
    }
    String few = "few columns";
    String most = product(MOST, LANES - 1, 5);
    assertTrue(most.startsWith(few), most);
    for (String other :
        new String[] {
          product(rows, fewest, 4),
          product(rows - 1, fewest, 5),
          product(rows, fewest - 1, 5),
          product(MOST + 1, fewest, 5),
          productOfTransposed(rows, fewest, 5),
          chain(loop(rows, 5, 0, LANES), loop(LANES - 1, 0, 1, 1), loop(5, 1, LANES - 1, 0))
        }) {
      assertFalse(other.startsWith(few), other);
    }
  }

  // ---- Nests

  /** What a caller sees of a program: its text, and in how many parts it is worth being run. */
  @Example
  void nestsSayWhatTheyAre() {
    Parallelism four = Parallelism.of(Runnable::run, 4);
    Loop rows = loop(3000, 1000, 0, 1);
    Loop terms = loop(1000, 1, 1, 0);
    for (boolean exchanged : new boolean[] {false, true}) {
      Nest sums =
          new Nest(
              KernelSet.vector(),
              ElementType.FLOAT32,
              Program.PARTIALS,
              List.of(),
              exchanged ? List.of() : List.of(rows),
              exchanged ? List.of(rows.swapped()) : List.of(),
              List.of(terms));
      assertEquals(
          "partial sums, terms contiguous, 1 x 3000 sums of 1000"
              + (exchanged ? " (operands exchanged)" : ""),
          sums.toString());
      assertEquals(2, sums.parts(four));
    }
    Nest products =
        new Nest(
            KernelSet.vector(),
            ElementType.FLOAT32,
            Program.PRODUCT,
            List.of(loop(2000, 2000, 2000, 2000), loop(2000, 1, 1, 1)),
            List.of(),
            List.of(),
            List.of());
    assertEquals("products, columns contiguous, 1 x 1 x 4000000", products.toString());
    assertEquals(3, products.parts(four));
    List<Loop> batch = List.of(loop(2, 9000, 9000, 9000));
    List<Loop> m = List.of(loop(90, 80, 0, 100));
    List<Loop> n = List.of(loop(100, 0, 1, 1));
    List<Loop> k = List.of(loop(80, 1, 100, 0));
    String product = " of m 90, n 100, k 80, batch 2";
    Parallelism two = Parallelism.of(Runnable::run, 2);
    Nest large =
        new Nest(
            KernelSet.vector(),
            ElementType.FLOAT32,
            Program.CHAIN,
            List.of(loop(7, 9000, 9000, 9000)),
            m,
            n,
            k);
    assertEquals(4, large.parts(two));
    assertEquals(4, large.parts(four));
    PackedNest packed = new PackedNest(KernelSet.vector(), ElementType.FLOAT32, 1, batch, m, n, k);
    assertEquals("blocked product, B packed beforehand" + product, packed.toString());
    assertEquals(1, packed.parts(four));
    GatheredNest gathered =
        new GatheredNest(KernelSet.vector(), ElementType.FLOAT32, 0, LoopGroup.M, batch, m, n, k);
    assertEquals("gathered blocked product, B in place" + product, gathered.toString());
    assertEquals(1, gathered.parts(four));
  }

  // ---- Products that are not summed

  private static void assertProduct(String expected, boolean swapped, Loop... outputs) {
    assertPlan(expected, swapped, ProductPlan.of(List.of(outputs), KERNELS, WORKSPACES));
  }

  @Example
  void productsAreReadWhereTheyLieByHowTheirColumnsLie() {
    Loop rows = loop(3, 20, 20, 40);
    assertProduct("products, columns contiguous, 1 x 3 x 9", false, rows, loop(9, 1, 1, 1));
    assertProduct("products, columns scaled, 1 x 3 x 9", false, rows, loop(9, 1, 0, 1));
    assertProduct("products, columns scaled, 1 x 3 x 9", true, rows, loop(9, 0, 1, 1));
    assertProduct("products, columns constant, 1 x 3 x 9", true, rows, loop(9, 0, 0, 1));
    assertProduct("products, columns strided, 1 x 3 x 9", false, rows, loop(9, 2, 0, 1));
    assertProduct("products, columns strided, 1 x 3 x 9", false, rows, loop(9, 1, 2, 1));
    assertProduct("products, columns strided, 1 x 3 x 9", true, rows, loop(9, 0, 2, 1));
    assertProduct("products, columns strided, 1 x 3 x 9", false, rows, loop(9, 1, 1, 2));
    assertProduct("products, columns strided, 1 x 1 x 1", true);
  }

  @Example
  void theLongestOtherLoopRunsOverRows() {
    assertProduct(
        "products, columns contiguous, 10 x 7 x 9",
        false,
        loop(2, 999, 999, 999),
        loop(7, 90, 90, 100),
        loop(5, 12, 12, 10),
        loop(9, 1, 1, 1));
  }

  @Example
  void whatLiesAlongTheRowsIsTransposed() {
    String transposed = "products of transposed blocks, 1 x 4 x 9";
    Loop columns = loop(9, 30, 1, 1);
    assertProduct(transposed, false, loop(4, 1, 20, 20), columns);
    assertProduct(transposed, true, loop(4, 20, 1, 20), loop(9, 1, 30, 1));
    assertProduct(transposed, false, loop(4, 1, 1, 20), loop(9, 30, 30, 1));
    assertProduct(transposed, false, loop(4, 1, 0, 20), loop(9, 30, 0, 1));
    assertProduct(transposed, true, loop(4, 0, 1, 20), loop(9, 0, 30, 1));
    // Too few rows, and rows or columns that do not lie side by side.
    String strided = "products, columns strided, 1 x 4 x 9";
    assertProduct(strided.replace("4", "3"), false, loop(3, 1, 20, 20), columns);
    assertProduct(strided, false, loop(4, 2, 20, 20), columns);
    assertProduct(strided, false, loop(4, 1, 20, 20), loop(9, 30, 1, 2));
    assertProduct(strided, false, loop(4, 1, 20, 20), loop(9, 30, 40, 1));
    assertProduct(strided.replace("4", "0"), false, loop(0, 1, 20, 20), columns);
    assertProduct(
        "products, columns strided, 0 x 4 x 9",
        false,
        loop(0, 700, 700, 700),
        loop(4, 1, 20, 20),
        columns);
  }

  // ---- Sums of which the equation leaves nothing to lay lanes across but their terms

  private static void assertSums(String expected, boolean swapped, Loop rows, Loop... terms) {
    assertSums(expected, swapped, List.of(rows), terms);
  }

  private static void assertSums(
      String expected, boolean swapped, List<Loop> outputs, Loop... terms) {
    assertPlan(expected, swapped, PartialsPlan.of(outputs, List.of(terms), KERNELS, WORKSPACES));
  }

  @Example
  void termsAreReadWhereTheyLie() {
    String sums = ", 1 x 5 sums of 90";
    Loop rows = loop(5, 90, 0, 1);
    assertSums("partial sums, terms contiguous" + sums, false, rows, loop(90, 1, 1, 0));
    assertSums("partial sums, terms scaled" + sums, false, rows, loop(90, 1, 0, 0));
    assertSums("partial sums, terms strided" + sums, false, rows, loop(90, 2, 0, 0));
    assertSums("partial sums, terms strided" + sums, false, rows, loop(90, 2, 3, 0));
    // The first operand is the one that moves with the rows, or the one whose terms lie side by
    // side, or else the one that has terms.
    Loop exchanged = rows.swapped();
    assertSums("partial sums, terms contiguous" + sums, true, exchanged, loop(90, 1, 1, 0));
    assertSums("partial sums, terms scaled" + sums, true, loop(5, 90, 90, 1), loop(90, 0, 1, 0));
    assertSums("partial sums, terms strided" + sums, true, exchanged, loop(90, 0, 2, 0));
    assertSums("partial sums, terms strided" + sums, false, exchanged, loop(90, 3, 2, 0));
  }

  @Example
  void scatteredTermsAreGatheredIfThatPays() {
    String shared = "partial sums, the shared row gathered, ";
    String strided = "partial sums, terms strided, ";
    String gathered = "partial sums, gathered, ";
    int least = KERNELS.columnDots().lanes();
    // One row that all share, up to a size.
    Loop rows = loop(5, 99_999, 0, 1);
    assertSums(shared + "1 x 5 sums of 65536", false, rows, loop(65_536, 1, 2, 0));
    assertSums(gathered + "1 x 5 sums of 65537", false, rows, loop(65_537, 1, 2, 0));
    // Too few terms, or only one row.
    assertSums(shared + "1 x 5 sums of " + least, false, rows, loop(least, 1, 2, 0));
    assertSums(strided + "1 x 5 sums of " + (least - 1), false, rows, loop(least - 1, 1, 2, 0));
    assertSums(strided + "1 x 1 sums of 90", false, loop(1, 90, 0, 1), loop(90, 1, 2, 0));
    // A row for each sum, and the same with the operands exchanged.
    assertSums(gathered + "1 x 5 sums of 90", false, loop(5, 90, 200, 1), loop(90, 1, 2, 0));
    assertSums(gathered + "1 x 5 sums of 90", true, loop(5, 200, 90, 1), loop(90, 2, 1, 0));
    // Two loops over terms that cannot be one.
    assertSums(shared + "1 x 5 sums of 90", false, rows, loop(9, 10, 1, 0), loop(10, 1, 9, 0));
    assertSums(gathered + "1 x 5 sums of 90", false, rows, loop(9, 11, 1, 0), loop(10, 1, 9, 0));
    // More terms than an int counts.
    assertSums(
        "partial sums, terms contiguous, 1 x 5 sums of " + MOST,
        false,
        loop(5, MOST, 0, 1),
        loop(MOST, 1, 1, 0));
    assertSums(
        gathered + "1 x 5 sums of " + (MOST + 1),
        false,
        loop(5, MOST + 1, 0, 1),
        loop(MOST + 1, 1, 1, 0));
  }

  @Example
  void lanesRunAcrossOutputsThatLieSideBySide() {
    String columns = "partial sums of columns, 1 x ";
    int least = KERNELS.columnDots().lanes();
    Loop terms = loop(90, 999, 1, 0);
    String sums = " sums of 90";
    assertSums(columns + least + sums, false, loop(least, 1, 0, 1), terms);
    assertSums(columns + least + sums, false, loop(least, 1, 1, 1), terms);
    assertSums(columns + least + sums, true, loop(least, 0, 1, 1), terms.swapped());
    String gathered = "partial sums, gathered, 1 x ";
    assertSums(gathered + (least - 1) + sums, true, loop(least - 1, 1, 0, 1), terms);
    assertSums(gathered + least + sums, true, loop(least, 2, 0, 1), terms);
    assertSums(gathered + least + sums, true, loop(least, 1, 2, 1), terms);
  }

  /** From 10 MiB and 512 terms on, which is 5120 columns. */
  @Example
  void columnsOfLargeOperandsAreReadInWholeRows() {
    String columns = "partial sums of columns, ";
    String rows = columns + "whole rows, 1 x ";
    Loop terms = loop(512, 9999, 1, 0);
    assertSums(rows + "5120 sums of 512", false, loop(5120, 1, 0, 1), terms);
    assertSums(rows + "5120 sums of 512", false, loop(5120, 1, 1, 1), terms);
    assertSums(columns + "1 x 5119 sums of 512", false, loop(5119, 1, 0, 1), terms);
    assertSums(columns + "1 x 6000 sums of 511", false, loop(6000, 1, 0, 1), loop(511, 9999, 1, 0));
    Loop outer = loop(3, 7, 700, 0);
    assertSums(rows + "2000 sums of 1536", false, loop(2000, 1, 0, 1), outer, terms);
    Loop inner = loop(500, 9999, 1, 0);
    assertSums(columns + "1 x 2000 sums of 1500", false, loop(2000, 1, 0, 1), outer, inner);
  }

  /** A kernel runs over the longest loop, but rather over one whose rows share an operand. */
  @Example
  void rowsThatShareAnOperandComeFirst() {
    Loop terms = loop(90, 1, 1, 0);
    Loop apart = loop(10, 900, 900, 9);
    String contiguous = "partial sums, terms contiguous, ";
    assertSums(contiguous + "3 x 10 sums of 90", false, List.of(apart, loop(3, 90, 0, 1)), terms);
    assertSums(contiguous + "10 x 4 sums of 90", false, List.of(apart, loop(4, 90, 0, 1)), terms);
    assertSums(contiguous + "10 x 4 sums of 90", true, List.of(apart, loop(4, 0, 90, 1)), terms);
    assertSums(
        contiguous + "4 x 10 sums of 90",
        true,
        List.of(loop(10, 0, 9, 9), loop(4, 0, 90, 1)),
        terms);
  }
}
