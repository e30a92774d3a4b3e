package dev.lanewise.internal.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Products that are not summed: every length of a row, stored and added, on both backends; gaps
 * between rows and all guards stay as they are.
 */
@Tag("lanes")
class ProductKernelsTest {
  private enum Form {
    MULTIPLY(1, 1),
    SCALE(1, 0),
    FILL(0, 0),
    TERM(1, 0),
    STRIDED(3, 2);

    final int aStep;
    final int bStep;

    Form(int aStep, int bStep) {
      this.aStep = aStep;
      this.bStep = bStep;
    }
  }

  @ParameterizedTest
  @EnumSource(ElementType.class)
  void everyLengthOfARow(ElementType type) {
    SplittableRandom random = new SplittableRandom(type.ordinal());
    for (int columns = 0; columns <= 300; columns++) {
      for (Form form : Form.values()) {
        check(type, form, random.nextInt(4), columns, false, random);
        if (form != Form.TERM) {
          check(type, form, random.nextInt(4), columns, true, random);
        }
      }
    }
  }

  private static void check(
      ElementType type,
      Form form,
      int rows,
      int columns,
      boolean accumulate,
      SplittableRandom random) {
    int aRow = random.nextBoolean() ? 0 : columns * form.aStep + 1;
    int bRow = random.nextBoolean() ? 0 : columns * form.bStep + 1;
    int cStep = form == Form.STRIDED ? 2 : 1;
    int cRow = columns * cStep + random.nextInt(3);
    double[] x = Numbers.wild(random.nextLong(), rows * aRow + columns * form.aStep + 1);
    double[] y = Numbers.wild(random.nextLong(), rows * bRow + columns * form.bStep + 1);
    double[] old = Numbers.wild(random.nextLong(), rows * cRow + 1);
    double[] expected = old.clone();
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        int at = i * cRow + j * cStep;
        double first = x[i * aRow + j * form.aStep];
        double second = y[i * bRow + j * form.bStep];
        double product =
            form == Form.TERM
                ? Numbers.fma(type, first, second, 0)
                : Numbers.multiply(type, first, second);
        expected[at] = accumulate ? Numbers.add(type, old[at], product) : product;
      }
    }
    for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
      try (Arena arena = Arena.ofConfined()) {
        Numbers a = Numbers.of(type, arena, x, random.nextInt(64));
        Numbers b = Numbers.of(type, arena, y, random.nextInt(64));
        Numbers c = Numbers.of(type, arena, old, random.nextInt(64));
        run(
            set.contraction(type).products(),
            form,
            rows,
            columns,
            a,
            aRow * (long) type.sizeBytes(),
            b,
            bRow * (long) type.sizeBytes(),
            c,
            cRow * (long) type.sizeBytes(),
            type.sizeBytes(),
            accumulate);
        String what = set.description() + " " + form + " of " + rows + " x " + columns;
        c.assertHolds(what, expected);
        a.assertHolds(what + ", first operand", x);
        b.assertHolds(what + ", second operand", y);
      }
    }
  }

  private interface Rows {
    void run(
        int rows,
        int columns,
        MemorySegment a,
        long aOffset,
        long aRowStride,
        MemorySegment b,
        long bOffset,
        long bRowStride,
        MemorySegment c,
        long cOffset,
        long cRowStride,
        boolean accumulate);
  }

  private static void run(
      ProductKernels kernels,
      Form form,
      int rows,
      int columns,
      Numbers a,
      long aRow,
      Numbers b,
      long bRow,
      Numbers c,
      long cRow,
      long size,
      boolean accumulate) {
    Rows kernel =
        switch (form) {
          case MULTIPLY -> kernels::multiply;
          case SCALE -> kernels::scale;
          case FILL -> kernels::fill;
          case TERM ->
              (m, n, x, xAt, xRow, y, yAt, yRow, z, zAt, zRow, add) ->
                  kernels.term(m, n, x, xAt, xRow, y, yAt, yRow, z, zAt, zRow);
          case STRIDED ->
              (m, n, x, xAt, xRow, y, yAt, yRow, z, zAt, zRow, add) ->
                  kernels.strided(
                      m,
                      n,
                      x,
                      xAt,
                      xRow,
                      form.aStep * size,
                      y,
                      yAt,
                      yRow,
                      form.bStep * size,
                      z,
                      zAt,
                      zRow,
                      2 * size,
                      add);
        };
    kernel.run(
        rows,
        columns,
        a.segment(),
        a.offsetBytes(),
        aRow,
        b.segment(),
        b.offsetBytes(),
        bRow,
        c.segment(),
        c.offsetBytes(),
        cRow,
        accumulate);
  }
}
