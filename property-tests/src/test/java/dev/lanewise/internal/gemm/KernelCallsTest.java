package dev.lanewise.internal.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Example;

/**
 * Which tiles the programs that read operands where they lie ask their kernels for, and how often:
 * all ways give the same bits, so that no other test would notice a slow one.
 */
class KernelCallsTest {
  private static final ContractionKernels<float[]> KERNELS = KernelSet.vector().float32();
  private static final int SIZE = Float.BYTES;
  private static final int LANES = 4;

  /** Kernels of four lanes that compute nothing: they write down what they are asked for. */
  private static final class Recorded implements DirectKernels {
    private final int[] mostRows;
    private final MemorySegment output;
    final List<String> calls = new ArrayList<>();

    Recorded(MemorySegment output, int... mostRows) {
      this.output = output;
      this.mostRows = mostRows;
    }

    @Override
    public int lanes() {
      return LANES;
    }

    @Override
    public int maxRows(int vectors) {
      return vectors < mostRows.length ? mostRows[vectors] : 0;
    }

    @Override
    public int maxVectors() {
      return mostRows.length - 1;
    }

    @Override
    public void multiply(
        int mr,
        int vectors,
        int count,
        int kc,
        MemorySegment a,
        long aOffset,
        long aRowStride,
        long aColumnStride,
        MemorySegment b,
        long bOffset,
        long bRowStride,
        long lastBytes,
        MemorySegment c,
        long cOffset,
        long cRowStride) {
      long end = cOffset + (count * mr - 1) * cRowStride + lastBytes + LANES * SIZE;
      assertTrue(end <= c.byteSize(), "stores beyond the end");
      String to = c.address() == output.address() ? "" : ", to scratch";
      calls.add(count + " of " + mr + "x" + vectors + ", " + kc + " terms" + to);
    }
  }

  /** A product of matrices whose elements all lie side by side, and kernels for it. */
  private static final class Product {
    final MatrixMaps maps;
    final MemorySegment a;
    final MemorySegment b;
    final MemorySegment c;
    final Recorded direct;
    final ContractionKernels<float[]> kernels;

    final ScratchPool<Workspace<float[]>> pool;

    /** How often scratch memory was asked for that the pool had to make. */
    int workspaces;

    Product(long m, long n, long k) {
      this(m, n, k, 0, 8, 5, 4, 3, 0, 0, 0, 1);
    }

    Product(long m, long n, long k, int... mostRows) {
      this.maps =
          ChainLoops.folded(
                  List.of(),
                  LoopNests.inBytes(List.of(new Loop(m, k, 0, n)), SIZE),
                  LoopNests.inBytes(List.of(new Loop(n, 0, 1, 1)), SIZE),
                  LoopNests.inBytes(List.of(new Loop(k, 1, n, 0)), SIZE))
              .maps();
      this.a = Arena.ofAuto().allocate(m * k * SIZE);
      this.b = Arena.ofAuto().allocate(k * n * SIZE);
      this.c = Arena.ofAuto().allocate(m * n * SIZE);
      this.direct = new Recorded(c, mostRows);
      this.kernels =
          new ContractionKernels<>(
              KERNELS.type(),
              KERNELS.arrays(),
              KERNELS.tiles(),
              List.of(direct),
              KERNELS.gemv(),
              KERNELS.stream(),
              KERNELS.strided(),
              KERNELS.blocks(),
              KERNELS.rows(),
              KERNELS.products(),
              KERNELS.dots(),
              KERNELS.columnDots());
      ScratchPool<Workspace<float[]>> made = Workspace.pool(KERNELS.arrays());
      this.pool =
          new ScratchPool<>(() -> {
            workspaces++;
            return made.take();
          });
    }

    DirectProgram<float[]> program() {
      return new DirectProgram<>(maps, direct, kernels, pool);
    }

    TileProgram tile() {
      DirectProgram<float[]> general = program();
      int vectors = general.vectors((int) maps.n());
      assertTrue(TileProgram.fits(maps, direct, vectors));
      return new TileProgram(maps, direct, vectors, general, SIZE);
    }

    PackedFactorProgram<float[]> packedFactor() {
      return new PackedFactorProgram<>(maps, kernels, pool);
    }

    FewColumnsProgram<float[]> fewColumns() {
      return new FewColumnsProgram<>(maps, kernels, pool);
    }

    void assertCalls(MatrixProgram program, boolean accumulate, String... calls) {
      direct.calls.clear();
      program.run(a, 0, b, 0, c, 0, accumulate, maps.whole());
      assertEquals(Arrays.asList(calls), direct.calls);
    }
  }

  // ---- Panels

  private static void assertVectors(String expected, Product product) {
    DirectProgram<float[]> program = product.program();
    StringBuilder vectors = new StringBuilder();
    for (int columns = LANES; columns <= 9 * LANES; columns += LANES) {
      int whole = program.vectors(columns);
      assertEquals(whole, program.vectors(columns - LANES + 1), columns + " columns");
      vectors.append(whole);
    }
    assertEquals(expected, vectors.toString());
  }

  /** As many vectors as a tile of all rows, or of all terms, may have, but three at the end. */
  @Example
  void panelsAreAsWideAsTheRowsOrTermsAreFew() {
    assertVectors("123444488", new Product(1, 99, 9));
    assertVectors("123444488", new Product(9, 99, 1));
    assertVectors("123444444", new Product(2, 99, 9));
    assertVectors("123444444", new Product(9, 99, 3));
    assertVectors("123222222", new Product(4, 99, 9));
    assertVectors("123222222", new Product(99, 99, 300));
  }

  /** Three vectors are one panel where at least as many sums are on their way as in two. */
  @Example
  void threeVectorsAreOnePanelIfThatKeepsAsManySumsOnTheirWay() {
    assertVectors("122222222", new Product(9, 99, 9, 0, 8, 5, 3));
    assertVectors("123222222", new Product(9, 99, 9, 0, 8, 6, 4));
  }

  // ---- Tiles

  @Example
  void tilesOfOneSizeAreOneCall() {
    Product product = new Product(100, 13, 9);
    product.assertCalls(product.program(), false, "20 of 5x2, 9 terms", "20 of 5x2, 9 terms");
    product = new Product(13, 12, 9);
    product.assertCalls(product.program(), false, "3 of 3x3, 9 terms", "1 of 4x3, 9 terms");
    product = new Product(40, 16, 2);
    product.assertCalls(product.program(), false, "2 of 2x4, 2 terms", "12 of 3x4, 2 terms");
  }

  /** Rows of A that a cache holds are used for all columns before the next ones. */
  @Example
  void manyRowsAreCutIntoEqualParts() {
    Product product = new Product(300, 9, 256);
    String part = "25 of 4x3, 256 terms";
    product.assertCalls(product.program(), false, part, part, part);
  }

  @Example
  void whatIsAddedGoesByWayOfSixteenTilesAtATime() {
    Product product = new Product(100, 8, 9);
    product.assertCalls(
        product.program(), true, "16 of 5x2, 9 terms, to scratch", "4 of 5x2, 9 terms, to scratch");
    product = new Product(55, 3 * LANES, 2);
    product.assertCalls(
        product.program(), true, "1 of 3x3, 2 terms, to scratch", "13 of 4x3, 2 terms, to scratch");
    product = new Product(10, 8, 257);
    product.assertCalls(
        product.program(), false, "2 of 5x2, 256 terms", "2 of 5x2, 1 terms, to scratch");
  }

  /** Each block of a packed factor is used for all rows before the next one. */
  @Example
  void aBlockOfAPackedFactorMeetsAllRows() {
    Product product = new Product(260, 8, 257);
    String part = "18 of 5x2, 256 terms";
    String[] added = {"16 of 5x2, 1 terms, to scratch", "2 of 5x2, 1 terms, to scratch"};
    product.assertCalls(
        product.packedFactor(),
        false,
        part,
        part,
        "16 of 5x2, 256 terms",
        added[0],
        added[1],
        added[0],
        added[1],
        added[0]);
  }

  @Example
  void onePanelIsOneCallOrTwo() {
    Product product = new Product(10, 8, 256);
    product.assertCalls(product.tile(), false, "2 of 5x2, 256 terms");
    product.assertCalls(product.tile(), true, "2 of 5x2, 256 terms, to scratch");
    product = new Product(13, 7, 9);
    product.assertCalls(product.tile(), false, "2 of 4x2, 9 terms", "1 of 5x2, 9 terms");
  }

  /** Of few columns only the rows that the last vectors reach beyond go by way of scratch. */
  @Example
  void mostRowsOfFewColumnsAreStoredWhereTheyBelong() {
    Product product = new Product(32, 3, 256);
    product.assertCalls(
        product.fewColumns(),
        false,
        "1 of 7x1, 256 terms",
        "3 of 8x1, 256 terms",
        "1 of 1x1, 256 terms, to scratch");
    product = new Product(19, 1, 9);
    product.assertCalls(
        product.fewColumns(), false, "2 of 8x1, 9 terms", "1 of 3x1, 9 terms, to scratch");
    product = new Product(2, 1, 9);
    product.assertCalls(product.fewColumns(), false, "1 of 2x1, 9 terms, to scratch");
    product = new Product(17, 3, 257);
    product.assertCalls(
        product.fewColumns(),
        false,
        "2 of 8x1, 256 terms",
        "1 of 1x1, 256 terms, to scratch",
        "1 of 5x1, 1 terms, to scratch",
        "2 of 6x1, 1 terms, to scratch");
  }

  @Example
  void fewColumnsAreAdded128RowsAtATime() {
    Product product = new Product(260, 2, 9);
    String part = "16 of 8x1, 9 terms, to scratch";
    product.assertCalls(product.fewColumns(), true, part, part, "1 of 4x1, 9 terms, to scratch");
  }

  // ---- Scratch memory

  @Example
  void whatIsStoredWhereItBelongsTakesNoScratchMemory() {
    Product product = new Product(10, 8, 256);
    product.assertCalls(product.program(), false, "2 of 5x2, 256 terms");
    product.assertCalls(product.tile(), false, "2 of 5x2, 256 terms");
    assertEquals(0, product.workspaces);
  }

  @Example
  void scratchMemoryIsGivenBack() {
    Product product = new Product(9, 8, 9);
    assertGivesBack(product, product.program());
    product = new Product(9, 8, 9);
    assertGivesBack(product, product.packedFactor());
    product = new Product(9, 3, 9);
    assertGivesBack(product, product.fewColumns());
  }

  private static void assertGivesBack(Product product, MatrixProgram program) {
    for (int i = 0; i < 3; i++) {
      program.run(product.a, 0, product.b, 0, product.c, 0, true, product.maps.whole());
    }
    assertEquals(1, product.workspaces);
  }
}
