package dev.lanewise.internal.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.Numbers;
import dev.lanewise.internal.kernel.PackedRows;
import java.lang.foreign.Arena;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;

/**
 * What is packed of an operand, and how a block goes to the output and comes from it, for rows and
 * columns that each lie side by side, evenly apart, by a table or in rows of a table: every element
 * is where it belongs, on both backends.
 */
@Tag("lanes")
class PackingTest {
  private static final int[] COUNTS = {1, 2, 3, 5, 8, 13, 16, 17, 33, 40};

  /** How the positions of a side lie. */
  private enum Kind {
    EVEN,
    APART,
    TABLE,
    /** Rows of a table. */
    CHOSEN
  }

  /** A side's map, and the bytes that it spans. */
  private record Side(OffsetMap map, long span) {
    static Side draw(Random random, Kind kind, int count, long unit, int elementBytes) {
      return switch (kind) {
        case EVEN -> even(count, unit);
        case APART -> even(count, 2 * unit);
        case TABLE -> {
          int inner = random.nextInt(2, 6);
          int outer = Math.max(2, count / inner);
          long step = (inner + 1) * unit;
          List<Loop> loops = List.of(new Loop(outer, step, 0, 0), new Loop(inner, unit, 0, 0));
          yield new Side(OffsetMap.of(loops, Loop.A), outer * step);
        }
        case CHOSEN -> {
          OffsetMap.Gather rows = new OffsetMap.Gather(elementBytes);
          rows.set(random.longs(count + 1, 0, 9).toArray(), unit);
          // Now and then not each row of the list, but every second.
          long step = random.nextInt(3) == 0 && count > 1 ? 2 : 1;
          OffsetMap places = OffsetMap.of(List.of(new Loop(count / step, step, 0, 0)), Loop.A);
          yield new Side(places.through(rows), 9 * unit);
        }
      };
    }

    private static Side even(int count, long stride) {
      return new Side(OffsetMap.of(List.of(new Loop(count, stride, 0, 0)), Loop.A), count * stride);
    }

    int count() {
      return (int) map.count();
    }
  }

  /** The rows and the columns of a matrix, of which either may be what lies closer together. */
  private record Matrix(Side rows, Side columns, int elements) {
    static Matrix draw(Random random, List<Kind> kinds, int size) {
      boolean chosen = kinds.contains(Kind.CHOSEN) && random.nextInt(3) == 0;
      List<Kind> others = new ArrayList<>(kinds);
      others.remove(Kind.CHOSEN);
      Kind near = others.get(random.nextInt(others.size()));
      Kind far = chosen ? Kind.CHOSEN : others.get(random.nextInt(others.size()));
      Side inner = Side.draw(random, near, COUNTS[random.nextInt(COUNTS.length)], size, size);
      long unit = inner.span + (random.nextBoolean() ? 0 : 3L * size);
      Side outer = Side.draw(random, far, COUNTS[random.nextInt(COUNTS.length)], unit, size);
      int elements = (int) ((outer.span + inner.span) / size);
      return random.nextBoolean()
          ? new Matrix(outer, inner, elements)
          : new Matrix(inner, outer, elements);
    }

    int at(long row, long column, int size) {
      return (int) ((rows.map.at(row) + columns.map.at(column)) / size);
    }

    @Override
    public String toString() {
      return rows.map + " x " + columns.map;
    }
  }

  /** Some neighbouring rows and columns of a matrix. */
  private record Block(int row, int rows, int column, int columns) {
    static Block draw(Random random, Matrix matrix) {
      int row = random.nextInt(matrix.rows.count());
      int rows = random.nextInt(matrix.rows.count() - row) + 1;
      int column = random.nextInt(matrix.columns.count());
      int columns = random.nextInt(matrix.columns.count() - column) + 1;
      return new Block(row, rows, column, columns);
    }
  }

  private interface Check {
    <A> void run(ContractionKernels<A> kernels, ElementType type, Random random);
  }

  private static void onAll(long seed, Check check) {
    for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
      check.run(set.float32(), ElementType.FLOAT32, new Random(seed));
      check.run(set.float64(), ElementType.FLOAT64, new Random(seed));
    }
  }

  private static <A> Workspace<A> workspace(ContractionKernels<A> kernels) {
    return Workspace.pool(kernels.arrays()).take();
  }

  @Property(tries = 700)
  void rowsAreBelowEachOther(@ForAll long seed) {
    onAll(
        seed,
        new Check() {
          @Override
          public <A> void run(ContractionKernels<A> kernels, ElementType type, Random random) {
            int size = type.sizeBytes();
            Matrix matrix = Matrix.draw(random, Arrays.asList(Kind.values()), size);
            double[] values = LoopNests.numbers(random, matrix.elements);
            Block block = Block.draw(random, matrix);
            A packed = kernels.arrays().apply(block.rows * PackedRows.PITCH);
            try (Arena arena = Arena.ofConfined()) {
              Numbers a = Numbers.of(type, arena, values, 8);
              new RowPacking<>(matrix.rows.map, matrix.columns.map, kernels)
                  .pack(
                      a.segment(),
                      a.offsetBytes(),
                      block.row,
                      block.rows,
                      block.column,
                      block.columns,
                      packed,
                      workspace(kernels));
            }
            for (int i = 0; i < block.rows; i++) {
              for (int p = 0; p < block.columns; p++) {
                assertEquals(
                    values[matrix.at(block.row + i, block.column + p, size)],
                    Array.getDouble(packed, i * PackedRows.PITCH + p),
                    () -> matrix + " packed as rows");
              }
            }
          }
        });
  }

  /** Either way gives the same numbers: no other test would notice the slow one. */
  @Example
  void whatLiesNearerTogetherIsReadFirst() {
    OffsetMap side = OffsetMap.strided(9, Float.BYTES);
    OffsetMap second = OffsetMap.strided(9, 2 * Float.BYTES);
    OffsetMap backwards = OffsetMap.strided(9, -2 * Float.BYTES);
    OffsetMap far = OffsetMap.strided(9, 400);
    OffsetMap same = OffsetMap.strided(9, 0);
    OffsetMap table = OffsetMap.of(List.of(new Loop(3, 100, 0, 0), new Loop(3, 4, 0, 0)), Loop.A);
    for (OffsetMap columns : new OffsetMap[] {second, backwards, far, same, table}) {
      assertAlongColumns(true, side, columns);
      assertAlongColumns(false, columns, side);
    }
    for (OffsetMap near : new OffsetMap[] {second, backwards}) {
      assertAlongColumns(true, near, far);
      assertAlongColumns(false, far, near);
      assertAlongColumns(false, near, near);
      assertAlongColumns(false, near, table);
      assertAlongColumns(false, table, near);
      assertAlongColumns(false, same, near);
    }
  }

  private static void assertAlongColumns(boolean expected, OffsetMap rows, OffsetMap columns) {
    assertEquals(
        expected,
        MatrixCopy.runsAlongColumns(rows, columns, Float.BYTES),
        () -> rows + " x " + columns);
  }

  @Property(tries = 700)
  void panelsAreFilledWithZeros(@ForAll long seed) {
    onAll(
        seed,
        new Check() {
          @Override
          public <A> void run(ContractionKernels<A> kernels, ElementType type, Random random) {
            int size = type.sizeBytes();
            Matrix matrix = Matrix.draw(random, Arrays.asList(Kind.values()), size);
            double[] values = LoopNests.numbers(random, matrix.elements);
            Block block = Block.draw(random, matrix);
            int panelColumns = block.columns + (random.nextBoolean() ? 0 : random.nextInt(7));
            double[] expected = LoopNests.numbers(random, block.rows * panelColumns);
            try (Arena arena = Arena.ofConfined()) {
              Numbers b = Numbers.of(type, arena, values, 8);
              Numbers panel = Numbers.of(type, arena, expected, 16);
              new PanelPacking<>(matrix.rows.map, matrix.columns.map, kernels)
                  .pack(
                      b.segment(),
                      b.offsetBytes(),
                      block.row,
                      block.rows,
                      block.column,
                      block.columns,
                      panelColumns,
                      panel.segment(),
                      panel.offsetBytes(),
                      (long) panelColumns * size,
                      workspace(kernels));
              Arrays.fill(expected, 0);
              for (int p = 0; p < block.rows; p++) {
                for (int j = 0; j < block.columns; j++) {
                  expected[p * panelColumns + j] =
                      values[matrix.at(block.row + p, block.column + j, size)];
                }
              }
              panel.assertHolds(matrix + " packed as a panel", expected);
            }
          }
        });
  }

  @Property(tries = 700)
  void blocksGoWhereTheOutputHasThem(@ForAll long seed) {
    onAll(
        seed,
        new Check() {
          @Override
          public <A> void run(ContractionKernels<A> kernels, ElementType type, Random random) {
            int size = type.sizeBytes();
            checkOutput(
                kernels,
                type,
                random,
                Matrix.draw(random, List.of(Kind.EVEN, Kind.APART, Kind.TABLE), size));
            checkOutput(kernels, type, random, columnsWithoutGaps(random, size));
          }
        });
  }

  /** The narrow columns of an output of few columns whose factors were exchanged. */
  private static Matrix columnsWithoutGaps(Random random, int size) {
    int rows = random.nextInt(1, 17);
    int columns = random.nextInt(1, 120);
    Side inner = Side.even(rows, size);
    return new Matrix(inner, Side.even(columns, inner.span), rows * columns);
  }

  private static <A> void checkOutput(
      ContractionKernels<A> kernels, ElementType type, Random random, Matrix matrix) {
    int size = type.sizeBytes();
    int lanes = kernels.tiles().lanes();
    OutputBlocks output = new OutputBlocks(matrix.rows.map, matrix.columns.map, kernels);
    // All rows and most columns are what vectors can store, up to the very end.
    boolean whole = random.nextInt(4) > 0;
    int row = whole ? 0 : random.nextInt(matrix.rows.count());
    int rows = whole ? matrix.rows.count() : random.nextInt(matrix.rows.count() - row) + 1;
    int column = random.nextInt(matrix.columns.count()) / (whole ? 3 : 1);
    int most = matrix.columns.count() - column;
    int columns = whole ? Math.max(1, most - random.nextInt(6)) : random.nextInt(most) + 1;
    boolean add = random.nextInt(3) == 0;
    int pitch = columns + lanes;
    double[] block = LoopNests.numbers(random, output.rowsInScratch(rows) * pitch);
    double[] old = LoopNests.numbers(random, matrix.elements);
    try (Arena arena = Arena.ofConfined()) {
      Numbers scratch = Numbers.of(type, arena, block, 8);
      Numbers c = Numbers.of(type, arena, old, 24);
      long rowBytes = (long) pitch * size;
      output.store(
          scratch.exact(),
          0,
          rowBytes,
          rows,
          columns,
          c.segment(),
          c.offsetBytes(),
          row,
          column,
          add);
      double[] expected = old.clone();
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          int at = matrix.at(row + i, column + j, size);
          double value = block[i * pitch + j];
          expected[at] = add ? Numbers.add(type, old[at], value) : value;
        }
      }
      String what = matrix + ", block of " + rows + " x " + columns;
      c.assertHolds(what, expected);
      output.load(
          c.segment(),
          c.offsetBytes(),
          row,
          rows,
          column,
          columns,
          scratch.segment(),
          scratch.offsetBytes(),
          rowBytes);
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          block[i * pitch + j] = expected[matrix.at(row + i, column + j, size)];
        }
      }
      scratch.assertHolds(what + ", loaded", block);
    }
  }

  @Property(tries = 500)
  void onlyNarrowColumnsNeedABlockOfAVectorsRows(@ForAll long seed) {
    onAll(
        seed,
        new Check() {
          @Override
          public <A> void run(ContractionKernels<A> kernels, ElementType type, Random random) {
            int size = type.sizeBytes();
            int lanes = kernels.tiles().lanes();
            int rows = random.nextInt(2, 2 * lanes + 2);
            int columns = random.nextInt(2, 9);
            int gap = random.nextInt(2);
            int stride = random.nextInt(4) == 0 ? 2 : 1;
            OffsetMap even =
                OffsetMap.of(List.of(new Loop(rows, (long) stride * size, 0, 0)), Loop.A);
            long unit = (long) (rows + gap) * size;
            OffsetMap apart = OffsetMap.of(List.of(new Loop(columns, unit, 0, 0)), Loop.A);
            boolean narrow = stride == 1 && gap == 0 && rows < lanes && rows >= lanes / 4;
            OutputBlocks output = new OutputBlocks(even, apart, kernels);
            assertEquals(narrow ? Math.max(3, lanes) : 3, output.rowsInScratch(3));
            assertEquals(99, output.rowsInScratch(99));
            assertEquals(false, output.isDirect());
            assertEquals(stride == 1, new OutputBlocks(apart, even, kernels).isDirect());
            List<Loop> uneven = List.of(new Loop(2, 9 * unit, 0, 0), new Loop(columns, unit, 0, 0));
            OffsetMap table = OffsetMap.of(uneven, Loop.A);
            assertEquals(3, new OutputBlocks(even, table, kernels).rowsInScratch(3));
            assertEquals(false, new OutputBlocks(table, even, kernels).isDirect());
          }
        });
  }
}
