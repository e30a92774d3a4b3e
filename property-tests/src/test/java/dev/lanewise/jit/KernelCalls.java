package dev.lanewise.jit;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ColumnDotKernels;
import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.DotKernels;
import dev.lanewise.internal.kernel.GemvKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.kernel.ProductKernels;
import dev.lanewise.internal.kernel.StreamKernels;
import dev.lanewise.internal.kernel.StridedKernels;
import dev.lanewise.internal.kernel.TileKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Calls of every kernel of contractions of one type, with every shape of tile and with sizes that
 * take every way through the others. A call allocates nothing itself.
 *
 * @param <A> {@code float[]} or {@code double[]}
 */
final class KernelCalls<A> {
  private static final long BYTES = 1 << 20;

  /** Of blocks and products: narrower than a vector, some vectors, and many. */
  private static final int[][] SIZES = {
    {3, 5}, {17, 35}, {4, 150}, {9, 16}, {6, 9}, {7, 2}, {2, 1}
  };

  private static final int[] SUMS = {3, 40, 70, 128, 300};

  private final ContractionKernels<A> kernels;
  private final List<Runnable> calls = new ArrayList<>();
  private final MemorySegment a;
  private final MemorySegment b;
  private final MemorySegment c;
  private final A rows;
  private final long size;

  /** Calls so far, from which the lengths of their sums follow. */
  private int turn;

  private KernelCalls(Arena arena, ContractionKernels<A> kernels) {
    this.kernels = kernels;
    this.a = arena.allocate(BYTES, 64);
    this.b = arena.allocate(BYTES, 64);
    this.c = arena.allocate(BYTES, 64);
    this.rows = kernels.arrays().apply(36 * PackedRows.PITCH);
    this.size = kernels.type().sizeBytes();
  }

  static <A> List<Runnable> of(Arena arena, ContractionKernels<A> kernels) {
    KernelCalls<A> calls = new KernelCalls<>(arena, kernels);
    calls.tilesAndDirect();
    calls.blocks(kernels.blocks());
    calls.strided(kernels.strided());
    kernels.gemv().ifPresent(calls::gemv);
    calls.stream(kernels.stream());
    calls.products(kernels.products());
    calls.dots(kernels.dots());
    calls.columnDots(kernels.columnDots());
    return calls.calls;
  }

  /** Calls of the kernels that compare rows of a table with queries, but for contractions' own. */
  static List<Runnable> ofDistances(Arena arena, KernelSet set) {
    KernelCalls<float[]> calls = new KernelCalls<>(arena, set.float32());
    calls.direct(set.distances().tiles());
    set.distances().gemv().ifPresent(calls::gemv);
    return calls.calls;
  }

  /** Calls of the micro-kernels of matrix products alone: every tile. */
  static <A> List<Runnable> ofTiles(Arena arena, ContractionKernels<A> kernels) {
    KernelCalls<A> calls = new KernelCalls<>(arena, kernels);
    calls.tilesAndDirect();
    return calls.calls;
  }

  private void tilesAndDirect() {
    tiles(kernels.tiles());
    kernels.direct().forEach(this::direct);
  }

  /** Short sums mostly, and now and then a whole block. */
  private int length() {
    turn++;
    return turn % 101 == 0 ? PackedRows.LENGTH : 2 + turn % 4;
  }

  /** One tile mostly, and now and then three, one below the other. */
  private int count() {
    return turn % 5 == 0 ? 3 : 1;
  }

  private void tiles(TileKernels<A> tiles) {
    for (int vectors = 1; vectors <= tiles.maxVectors(); vectors++) {
      int width = vectors;
      long row = (long) vectors * tiles.lanes() * size;
      long panel = (long) Math.min(vectors, tiles.panelVectors()) * tiles.lanes() * size;
      long last = panel - tiles.lanes() * size;
      for (int mr = 1; mr <= tiles.maxRows(vectors); mr++) {
        int height = mr;
        calls.add(() ->
            tiles.multiply(
                height, width, count(), length(), rows, 0, b, 0, row, panel, last, c, 0, row));
      }
    }
  }

  private void direct(DirectKernels direct) {
    for (int vectors = 1; vectors <= direct.maxVectors(); vectors++) {
      int width = vectors;
      long row = (long) vectors * direct.lanes() * size;
      long last = row - direct.lanes() * size;
      for (int mr = 1; mr <= direct.maxRows(vectors); mr++) {
        int height = mr;
        calls.add(() ->
            direct.multiply(
                height,
                width,
                count(),
                length(),
                a,
                0,
                PackedRows.LENGTH * size,
                size,
                b,
                0,
                row,
                last,
                c,
                0,
                row));
      }
    }
  }

  private void blocks(BlockKernels<A> blocks) {
    for (int[] block : SIZES) {
      int m = block[0];
      int n = block[1];
      long pitch = 160 * size;
      calls.add(() -> blocks.copy(m, n, a, 0, pitch, c, 0, pitch));
      calls.add(() -> blocks.copy(m, n, a, 0, pitch, rows, 0));
      calls.add(() -> blocks.add(m, n, a, 0, pitch, c, 0, pitch));
      calls.add(() -> blocks.transpose(m, n, a, 0, pitch, c, 0, pitch));
      calls.add(() -> blocks.transpose(m, n, a, 0, pitch, rows, 0));
      for (long step : new long[] {2 * size, 3 * size}) {
        calls.add(() -> blocks.gather(m, n, a, 0, 3 * pitch, step, c, 0, pitch));
        calls.add(() -> blocks.gather(m, n, a, 0, 3 * pitch, step, rows, 0));
        calls.add(() -> blocks.scatter(m, n, a, 0, pitch, c, 0, 3 * pitch, step));
      }
    }
  }

  private void gemv(GemvKernels<A> gemv) {
    for (int m : new int[] {gemv.lanes(), 40}) {
      for (int k : new int[] {3, 16, 77}) {
        calls.add(() -> gemv.multiply(m, k, a, 64, 160 * size, rows, c, 0));
      }
    }
  }

  private void stream(StreamKernels stream) {
    for (int columns : new int[] {3, 40, 150}) {
      for (int count : new int[] {1, 11}) {
        long row = columns * size;
        calls.add(() -> stream.update(count, columns, a, 0, size, b, 0, row, c, 0));
        calls.add(() -> stream.updateProducts(count, columns, a, 0, row, b, 0, row, c, 0));
      }
    }
  }

  private void strided(StridedKernels strided) {
    long[] table = new long[40];
    for (int i = 0; i < table.length; i++) {
      table[i] = 3L * i * size;
    }
    for (boolean add : new boolean[] {false, true}) {
      calls.add(() ->
          strided.chain(
              3,
              6,
              length(),
              a,
              0,
              300 * size,
              size,
              b,
              0,
              size,
              300 * size,
              c,
              0,
              20 * size,
              2 * size,
              add));
      calls.add(() -> strided.scatter(40, a, 0, c, 0, 3 * size, add));
      calls.add(() -> strided.scatter(37, a, 0, c, 0, table, 3, add));
    }
    calls.add(() -> strided.gather(37, a, 0, table, 3, c, 0));
  }

  private void products(ProductKernels products) {
    for (int[] block : SIZES) {
      int m = block[0];
      int n = block[1];
      long row = 160 * size;
      for (boolean add : new boolean[] {false, true}) {
        calls.add(() -> products.multiply(m, n, a, 0, row, b, 0, row, c, 0, row, add));
        calls.add(() -> products.scale(m, n, a, 0, row, b, 0, size, c, 0, row, add));
        calls.add(() -> products.term(m, n, a, 0, row, b, 0, size, c, 0, row));
        calls.add(() -> products.fill(m, n, a, 0, size, b, 0, size, c, 0, row, add));
        calls.add(() ->
            products.strided(
                m, n, a, 0, size, row, b, 0, row, 2 * size, c, 0, 2 * row, 2 * size, add));
      }
    }
  }

  private void dots(DotKernels<A> dots) {
    for (int m : new int[] {1, 4, 7}) {
      for (int k : SUMS) {
        long row = 320 * size;
        boolean add = k == SUMS[1];
        calls.add(() -> dots.dot(m, k, a, 0, row, b, 0, row, c, 0, size, add));
        calls.add(() -> dots.dot(m, k, a, 0, row, b, 0, 0, c, 0, size, add));
        calls.add(() -> dots.scaledSum(m, k, a, 0, row, b, 0, size, c, 0, size, add));
        calls.add(
            () -> dots.strided(m, k, a, 0, row, 2 * size, b, 0, row, 3 * size, c, 0, size, add));
      }
    }
    A partials = kernels.arrays().apply(64);
    for (int n : SUMS) {
      calls.add(() -> {
        dots.reset(partials);
        dots.accumulate(partials, a, 0, b, 0, 128);
        dots.accumulate(partials, a, 0, b, 0, n);
        dots.finish(partials, c, 0, n == SUMS[1]);
      });
    }
  }

  private void columnDots(ColumnDotKernels dots) {
    for (int vectors = 1; vectors <= dots.maxVectors(); vectors++) {
      int width = vectors;
      long row = (long) vectors * dots.lanes() * size;
      long last = row - dots.lanes() * size;
      for (int k : new int[] {5, 70, 140}) {
        calls.add(() -> dots.dot(width, last, 0, k, a, 0, row, b, 0, row, c));
        calls.add(() -> dots.dot(width, last, 64, k, a, 0, row, b, 0, row, c));
        calls.add(() -> dots.scaledSum(width, last, 0, k, a, 0, row, b, 0, size, c));
        calls.add(() -> dots.scaledSum(width, last, 64, k, a, 0, row, b, 0, size, c));
      }
    }
  }
}
