package dev.lanewise.internal.kernel;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.FloatFormat;
import dev.lanewise.verification.GuardedRun;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Copies, transposes and sums of blocks on both backends, for all small sizes and those around
 * whole vectors and groups of them, at any address: every element is where it belongs, and whatever
 * lies between and around the rows stays as it is.
 */
@Tag("lanes")
class BlockKernelsTest {
  /** All small sizes, and what is around 8 groups of the widest vectors. */
  private static final int[] SIZES =
      IntStream.concat(
              IntStream.rangeClosed(0, 19), IntStream.of(31, 32, 33, 47, 64, 65, 127, 129, 143))
          .toArray();

  /** The longest row that packed rows hold. */
  private static final int PACKED = PackedRows.LENGTH;

  /** Where a row of the destination starts that is not the first of its array. */
  private static final int FIRST = 2;

  /** What a kernel does, to packed rows and to rows a stride apart in memory. */
  private enum Operation {
    COPY {
      @Override
      <A> void toMemory(BlockKernels<A> kernels, Block k, GuardedRun to) {
        kernels.copy(
            k.rows,
            k.columns,
            k.from.segment(),
            k.from.offsetBytes(),
            k.fromStrideBytes(),
            to.segment(),
            to.offsetBytes(),
            k.toStrideBytes());
      }

      @Override
      <A> void toRows(BlockKernels<A> kernels, Block k, A to) {
        kernels.copy(
            k.rows,
            k.columns,
            k.from.segment(),
            k.from.offsetBytes(),
            k.fromStrideBytes(),
            to,
            FIRST);
      }
    },
    TRANSPOSE {
      @Override
      <A> void toMemory(BlockKernels<A> kernels, Block k, GuardedRun to) {
        kernels.transpose(
            k.rows,
            k.columns,
            k.from.segment(),
            k.from.offsetBytes(),
            k.fromStrideBytes(),
            to.segment(),
            to.offsetBytes(),
            k.toStrideBytes());
      }

      @Override
      <A> void toRows(BlockKernels<A> kernels, Block k, A to) {
        kernels.transpose(
            k.rows,
            k.columns,
            k.from.segment(),
            k.from.offsetBytes(),
            k.fromStrideBytes(),
            to,
            FIRST);
      }
    },
    GATHER {
      @Override
      <A> void toMemory(BlockKernels<A> kernels, Block k, GuardedRun to) {
        kernels.gather(
            k.rows,
            k.columns,
            k.from.segment(),
            k.from.offsetBytes(),
            k.fromStrideBytes(),
            k.stepBytes(),
            to.segment(),
            to.offsetBytes(),
            k.toStrideBytes());
      }

      @Override
      <A> void toRows(BlockKernels<A> kernels, Block k, A to) {
        kernels.gather(
            k.rows,
            k.columns,
            k.from.segment(),
            k.from.offsetBytes(),
            k.fromStrideBytes(),
            k.stepBytes(),
            to,
            FIRST);
      }
    },
    SCATTER {
      @Override
      <A> void toMemory(BlockKernels<A> kernels, Block k, GuardedRun to) {
        kernels.scatter(
            k.rows,
            k.columns,
            k.from.segment(),
            k.from.offsetBytes(),
            k.fromStrideBytes(),
            to.segment(),
            to.offsetBytes(),
            k.toStrideBytes(),
            k.stepBytes());
      }

      @Override
      <A> void toRows(BlockKernels<A> kernels, Block k, A to) {
        throw new AssertionError("packed rows lie side by side");
      }
    },
    ADD {
      @Override
      <A> void toMemory(BlockKernels<A> kernels, Block k, GuardedRun to) {
        kernels.add(
            k.rows,
            k.columns,
            k.from.segment(),
            k.from.offsetBytes(),
            k.fromStrideBytes(),
            to.segment(),
            to.offsetBytes(),
            k.toStrideBytes());
      }

      @Override
      <A> void toRows(BlockKernels<A> kernels, Block k, A to) {
        throw new AssertionError("sums go to memory");
      }
    };

    abstract <A> void toMemory(BlockKernels<A> kernels, Block k, GuardedRun to);

    abstract <A> void toRows(BlockKernels<A> kernels, Block k, A to);

    /** How far apart a row's elements may lie in the source. */
    int fromStep(int step) {
      return this == GATHER ? step : 1;
    }

    /** And in the destination. */
    int toStep(int step) {
      return this == SCATTER ? step : 1;
    }

    boolean fillsRows() {
      return this != ADD && this != SCATTER;
    }

    /** The element that the destination gets, from what the source holds and what was there. */
    double of(Block k, double[] source, int row, int column, double before) {
      return switch (this) {
        case COPY, SCATTER -> source[row * k.fromStride + column];
        case GATHER -> source[row * k.fromStride + column * k.step];
        case TRANSPOSE -> source[column * k.fromStride + row];
        case ADD -> k.format.add(before, source[row * k.fromStride + column]);
      };
    }
  }

  /**
   * The destination's rows and columns, the source with the distance of its rows, and that of a
   * row's elements on the one side on which they may lie apart.
   */
  private record Block(
      FloatFormat format,
      int rows,
      int columns,
      GuardedRun from,
      int fromStride,
      int toStride,
      int step) {
    long stepBytes() {
      return (long) step * format.sizeBytes();
    }

    long fromStrideBytes() {
      return (long) fromStride * format.sizeBytes();
    }

    long toStrideBytes() {
      return (long) toStride * format.sizeBytes();
    }
  }

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void copies(FloatFormat format) {
    everySize(format, Operation.COPY);
  }

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void transposes(FloatFormat format) {
    everySize(format, Operation.TRANSPOSE);
  }

  /** Rows of the source that overlap, are all the same one, or lie in the opposite order. */
  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void transposesOfOverlappingRows(FloatFormat format) {
    int rows = 40;
    int columns = 35;
    double[] source = FloatClass.wild(format, 1, columns + rows);
    for (KernelSet set : Kernels.BACKENDS) {
      BlockKernels<?> kernels = set.contraction(Kernels.type(format)).blocks();
      for (int stride : new int[] {1, 0, -1}) {
        int first = stride < 0 ? columns - 1 : 0;
        try (Arena arena = Arena.ofConfined()) {
          // Of one row for all nothing lies beside it.
          GuardedRun from =
              GuardedRun.of(arena, format, stride == 0 ? Arrays.copyOf(source, rows) : source, 4);
          GuardedRun to = GuardedRun.poisoned(arena, format, rows * columns, 8);
          MemorySegment exact =
              from.segment()
                  .asSlice(from.offsetBytes(), (long) from.numbers().length * format.sizeBytes());
          kernels.transpose(
              rows,
              columns,
              exact,
              (long) first * format.sizeBytes(),
              (long) stride * format.sizeBytes(),
              to.segment(),
              to.offsetBytes(),
              (long) columns * format.sizeBytes());
          double[] expected = new double[rows * columns];
          Arrays.setAll(expected, i -> source[first + i % columns * stride + i / columns]);
          String what = set.description() + ", stride " + stride;
          assertSameBits(what, expected, to.numbers());
          to.assertGuardsUnchanged(what);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void gathers(FloatFormat format) {
    everySize(format, Operation.GATHER);
  }

  /** Rows of every second number that overlap, are all the same one, or lie backwards. */
  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void gathersOfOverlappingRows(FloatFormat format) {
    int rows = 9;
    int columns = 37;
    for (KernelSet set : Kernels.BACKENDS) {
      BlockKernels<?> kernels = set.contraction(Kernels.type(format)).blocks();
      for (int stride : new int[] {2, 1, 0, -1, -2}) {
        int extent = Math.abs(stride) * (rows - 1) + 2 * (columns - 1) + 1;
        double[] source = FloatClass.wild(format, 1, extent);
        int first = Math.max(0, -stride * (rows - 1));
        try (Arena arena = Arena.ofConfined()) {
          GuardedRun from = GuardedRun.of(arena, format, source, 4);
          GuardedRun to = GuardedRun.poisoned(arena, format, rows * columns, 8);
          MemorySegment exact =
              from.segment().asSlice(from.offsetBytes(), (long) extent * format.sizeBytes());
          kernels.gather(
              rows,
              columns,
              exact,
              (long) first * format.sizeBytes(),
              (long) stride * format.sizeBytes(),
              2L * format.sizeBytes(),
              to.segment(),
              to.offsetBytes(),
              (long) columns * format.sizeBytes());
          double[] expected = new double[rows * columns];
          Arrays.setAll(expected, i -> source[first + i / columns * stride + i % columns * 2]);
          String what = set.description() + ", stride " + stride;
          assertSameBits(what, expected, to.numbers());
          to.assertGuardsUnchanged(what);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void scatters(FloatFormat format) {
    everySize(format, Operation.SCATTER);
  }

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void sums(FloatFormat format) {
    everySize(format, Operation.ADD);
  }

  private static void everySize(FloatFormat format, Operation operation) {
    SplittableRandom random = new SplittableRandom(operation.ordinal());
    for (KernelSet set : Kernels.BACKENDS) {
      ContractionKernels<?> kernels = set.contraction(Kernels.type(format));
      for (int rows : SIZES) {
        for (int columns : SIZES) {
          if (rows <= 19 || columns <= 19 || random.nextInt(4) == 0) {
            check(set.description(), kernels, format, operation, rows, columns, random);
          }
        }
      }
      check(set.description(), kernels, format, operation, 3, PACKED, random);
    }
  }

  private static <A> void check(
      String backend,
      ContractionKernels<A> kernels,
      FloatFormat format,
      Operation operation,
      int rows,
      int columns,
      SplittableRandom random) {
    boolean across = operation == Operation.TRANSPOSE;
    int sourceRows = across ? columns : rows;
    int sourceColumns = across ? rows : columns;
    // Every second number is what kernels have a way of their own for.
    int step = random.nextInt(4) == 0 ? random.nextInt(4) : 2;
    int fromStep = operation.fromStep(step);
    int toStep = operation.toStep(Math.max(1, step));
    int fromStride = sourceColumns * fromStep + random.nextInt(3);
    int toStride = columns * toStep + random.nextInt(3);
    int fromExtent = extent(sourceRows, fromStride, sourceColumns, fromStep);
    int toExtent = extent(rows, toStride, columns, toStep);
    double[] source = FloatClass.wild(format, random.nextLong(), fromExtent);
    String what = backend + " " + operation + " of " + format + " " + rows + " x " + columns;
    try (Arena arena = Arena.ofConfined()) {
      GuardedRun from = GuardedRun.of(arena, format, source, random.nextInt(64));
      Block block = new Block(format, rows, columns, from, fromStride, toStride, fromStep * toStep);

      double[] before = FloatClass.wild(format, random.nextLong(), toExtent);
      GuardedRun to = GuardedRun.of(arena, format, before, random.nextInt(64));
      operation.toMemory(kernels.blocks(), block, to);
      assertSameBits(
          what, expected(operation, block, source, before, 0, toStride, toStep), to.numbers());
      to.assertGuardsUnchanged(what);

      if (operation.fillsRows()) {
        double[] rowsBefore =
            FloatClass.wild(format, random.nextLong(), FIRST + (rows + 1) * PackedRows.PITCH);
        A array = Kernels.array(kernels, rowsBefore);
        operation.toRows(kernels.blocks(), block, array);
        assertSameBits(
            what + " into packed rows",
            expected(operation, block, source, rowsBefore, FIRST, PackedRows.PITCH, 1),
            Kernels.numbers(array));
      }
      assertSameBits(what + ", source", source, from.numbers());
    }
  }

  private static int extent(int rows, int stride, int columns, int step) {
    return rows == 0 || columns == 0 ? 0 : (rows - 1) * stride + (columns - 1) * step + 1;
  }

  private static double[] expected(
      Operation operation,
      Block block,
      double[] source,
      double[] before,
      int first,
      int stride,
      int step) {
    double[] expected = before.clone();
    for (int r = 0; r < block.rows; r++) {
      for (int c = 0; c < block.columns; c++) {
        int at = first + r * stride + c * step;
        expected[at] = operation.of(block, source, r, c, before[at]);
      }
    }
    return expected;
  }
}
