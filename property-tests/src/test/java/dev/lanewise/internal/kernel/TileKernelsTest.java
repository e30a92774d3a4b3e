package dev.lanewise.internal.kernel;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.FloatFormat;
import dev.lanewise.verification.GuardedRun;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every shape of tile of every kernel class, on both backends, against one chain of multiply-adds
 * an element, to the bit: with the last vector behind the others and over them, at any address,
 * with gaps between the rows of B and C that stay as they are.
 */
@Tag("lanes")
class TileKernelsTest {
  private static final int[] LENGTHS = {1, 2, 17, PackedRows.LENGTH};

  /** Where a tile of A starts, so that an index that is left out is found. */
  private static final int FIRST = 3;

  /** Tiles, one below the other: their shape, and how far apart rows are, in elements. */
  private record Shape(
      Comparison comparison,
      FloatFormat format,
      int lanes,
      int mr,
      int count,
      int vectors,
      int kc,
      int overlap) {
    int rows() {
      return count * mr;
    }

    /** The columns that the vectors cover. */
    int width() {
      return vectors * lanes - overlap;
    }

    int bStride() {
      return width() + 5;
    }

    int cStride() {
      return width() + 3;
    }

    long lastBytes() {
      return (long) (width() - lanes) * format.sizeBytes();
    }
  }

  /** Computes tiles from rows of A, which are given by their element (i, p). */
  private interface Tile {
    void run(Arena arena, Shape shape, double[][] a, GuardedRun b, GuardedRun c);
  }

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void packedTiles(FloatFormat format) {
    for (KernelSet set : Kernels.BACKENDS) {
      packedTiles(set.description(), format, set.contraction(Kernels.type(format)));
    }
  }

  private static <A> void packedTiles(
      String backend, FloatFormat format, ContractionKernels<A> kernels) {
    TileKernels<A> tiles = kernels.tiles();
    Tile packed =
        (arena, s, a, b, c) -> {
          // What no row of the tile holds is NaN, and so would a tile be that reads it.
          double[] rows = new double[FIRST + s.rows() * PackedRows.PITCH];
          Arrays.fill(rows, Double.NaN);
          for (int i = 0; i < s.rows(); i++) {
            System.arraycopy(a[i], 0, rows, FIRST + i * PackedRows.PITCH, s.kc);
          }
          int panel = tiles.panelVectors() * tiles.lanes();
          boolean two = s.vectors > tiles.panelVectors();
          GuardedRun panels = two ? panels(arena, s, panel, b) : b;
          tiles.multiply(
              s.mr,
              s.vectors,
              s.count,
              s.kc,
              Kernels.array(kernels, rows),
              FIRST,
              panels.segment(),
              panels.offsetBytes(),
              (long) (two ? panel : s.bStride()) * format.sizeBytes(),
              (long) s.kc * panel * format.sizeBytes(),
              two ? s.lastBytes() - (long) panel * format.sizeBytes() : s.lastBytes(),
              c.segment(),
              c.offsetBytes(),
              (long) s.cStride() * format.sizeBytes());
        };
    assertTrue(tiles.maxRows(1) > 0, backend + " has no tile of one vector");
    assertTrue(tiles.maxRows(tiles.maxVectors()) > 0, backend + " has no widest tile");
    for (int vectors = 1; vectors <= tiles.maxVectors(); vectors++) {
      everyShape(
          backend,
          Comparison.PRODUCTS,
          format,
          tiles.lanes(),
          tiles.maxRows(vectors),
          vectors,
          packed);
    }
  }

  /** The rows of B as two panels, one behind the other; the last one ends with its last number. */
  private static GuardedRun panels(Arena arena, Shape s, int panel, GuardedRun b) {
    double[] numbers = b.numbers();
    double[] panels = new double[(2 * s.kc - 1) * panel + s.width() - panel];
    for (int p = 0; p < s.kc; p++) {
      System.arraycopy(numbers, p * s.bStride(), panels, p * panel, panel);
      System.arraycopy(
          numbers, p * s.bStride() + panel, panels, (s.kc + p) * panel, s.width() - panel);
    }
    return GuardedRun.of(arena, s.format, panels, 4);
  }

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void directTiles(FloatFormat format) {
    for (DirectKernels kernels : KernelSet.vector().contraction(Kernels.type(format)).direct()) {
      directTiles("direct", Comparison.PRODUCTS, format, kernels);
    }
  }

  @ParameterizedTest
  @EnumSource(Comparison.class)
  void tilesOfComparisons(Comparison comparison) {
    for (KernelSet set : Kernels.BACKENDS) {
      DirectKernels tiles = comparison.of(set).tiles();
      assertTrue(tiles.maxRows(2) > 0, set.description() + " has no tile of two vectors");
      directTiles(set.description() + " " + comparison, comparison, FloatFormat.BINARY32, tiles);
    }
  }

  private static void directTiles(
      String kernel, Comparison comparison, FloatFormat format, DirectKernels kernels) {
    for (boolean transposed : new boolean[] {false, true}) {
      assertTrue(kernels.maxRows(1) > 0, "no direct tile of one vector");
      for (int vectors = 1; vectors <= kernels.maxVectors(); vectors++) {
        everyShape(
            kernel + " of " + kernels.lanes() + (transposed ? " lanes, A transposed" : " lanes"),
            comparison,
            format,
            kernels.lanes(),
            kernels.maxRows(vectors),
            vectors,
            (arena, s, a, b, c) -> direct(kernels, arena, s, a, transposed, b, c));
      }
    }
  }

  private static void direct(
      DirectKernels kernels,
      Arena arena,
      Shape s,
      double[][] rows,
      boolean transposed,
      GuardedRun b,
      GuardedRun c) {
    int rowStride = transposed ? 1 : s.kc + 1;
    int columnStride = transposed ? s.rows() + 2 : 1;
    double[] laid = new double[(s.rows() - 1) * rowStride + (s.kc - 1) * columnStride + 1];
    Arrays.fill(laid, Double.NaN);
    for (int i = 0; i < s.rows(); i++) {
      for (int p = 0; p < s.kc; p++) {
        laid[i * rowStride + p * columnStride] = rows[i][p];
      }
    }
    int size = s.format.sizeBytes();
    GuardedRun a = GuardedRun.of(arena, s.format, laid, s.mr);
    kernels.multiply(
        s.mr,
        s.vectors,
        s.count,
        s.kc,
        a.segment(),
        a.offsetBytes(),
        (long) rowStride * size,
        (long) columnStride * size,
        b.segment(),
        b.offsetBytes(),
        (long) s.bStride() * size,
        s.lastBytes(),
        c.segment(),
        c.offsetBytes(),
        (long) s.cStride() * size);
  }

  private static void everyShape(
      String kernel,
      Comparison comparison,
      FloatFormat format,
      int lanes,
      int maxRows,
      int vectors,
      Tile tile) {
    SplittableRandom random = new SplittableRandom(vectors);
    for (int mr = 1; mr <= maxRows; mr++) {
      for (int kc : LENGTHS) {
        int rows = mr;
        int mostOverlap = vectors == 1 ? 0 : lanes;
        IntStream.of(0, 1, lanes / 2, lanes - 1, mostOverlap)
            .filter(overlap -> overlap <= mostOverlap)
            .distinct()
            .mapToObj(overlap ->
                new Shape(
                    comparison, format, lanes, rows, 1 + random.nextInt(3), vectors, kc, overlap))
            .forEach(shape -> check(kernel, shape, random, tile));
      }
    }
  }

  private static void check(String kernel, Shape s, SplittableRandom random, Tile tile) {
    FloatFormat format = s.format;
    ElementType type = Kernels.type(format);
    double[][] a = new double[s.rows()][];
    for (int i = 0; i < s.rows(); i++) {
      a[i] = FloatClass.tame(format, random.nextLong(), s.kc);
    }
    double[] b = FloatClass.tame(format, random.nextLong(), (s.kc - 1) * s.bStride() + s.width());
    double[] gaps =
        FloatClass.wild(format, random.nextLong(), (s.rows() - 1) * s.cStride() + s.width());
    double[] expected = gaps.clone();
    for (int i = 0; i < s.rows(); i++) {
      for (int j = 0; j < s.width(); j++) {
        double sum = 0;
        for (int p = 0; p < s.kc; p++) {
          sum = s.comparison.add(type, a[i][p], b[p * s.bStride() + j], sum);
        }
        expected[i * s.cStride() + j] = sum;
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      GuardedRun runB = GuardedRun.of(arena, format, b, random.nextInt(64));
      GuardedRun runC = GuardedRun.of(arena, format, gaps, random.nextInt(64));
      tile.run(arena, s, a, runB, runC);
      String what = kernel + " " + s;
      assertSameBits(what, expected, runC.numbers());
      runC.assertGuardsUnchanged(what);
      assertSameBits(what + ", B", b, runB.numbers());
    }
  }
}
