package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Layout;
import dev.lanewise.bench.contraction.engine.BlasProgram.Loop;
import dev.lanewise.bench.contraction.engine.BlasProgram.Routine;
import dev.lanewise.bench.contraction.engine.BlasProgram.View;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Finds the loops of BLAS calls that compute an einsum in place, as a programmer with a BLAS would
 * write them: labels that lie one within the other are joined; then the largest matrices that a
 * routine can be given are, and loops go over what is left.
 */
final class BlasLowering {
  private final List<Loop> batch = new ArrayList<>();
  private final List<Loop> rows = new ArrayList<>();
  private final List<Loop> columns = new ArrayList<>();
  private final List<Loop> inner = new ArrayList<>();

  private BlasLowering(ContractionCase contraction) {
    List<String> inputs = contraction.inputs();
    List<Layout> layouts = contraction.layouts();
    boolean one = inputs.size() == 1;
    contraction
        .sizes()
        .forEach((label, size) -> {
          int a = stride(label, inputs.getFirst(), layouts.getFirst());
          int b = one ? 0 : stride(label, inputs.getLast(), layouts.getLast());
          int c = stride(label, contraction.outputLabels(), contraction.output());
          classOf(a, b, c).add(new Loop(size, a, b, c));
        });
    join(batch);
    join(rows);
    join(columns);
    join(inner);
  }

  /**
   * The program of a case with one or two operands; of one operand, the second is the number 1.
   *
   * @return nothing if no routine fits the strides
   */
  static Optional<BlasProgram> lower(ContractionCase contraction) {
    BlasLowering lowering = new BlasLowering(contraction);
    if (contraction.operands().size() == 1 && lowering.inner.isEmpty()) {
      return lowering.transpose();
    }
    return lowering.products().max(Comparator.comparingDouble(BlasLowering::workOfACall));
  }

  private static double workOfACall(BlasProgram program) {
    return (double) program.m() * program.n() * program.k();
  }

  private static int stride(char label, String labels, Layout layout) {
    int stride = 0;
    for (int axis = 0; axis < labels.length(); axis++) {
      stride += labels.charAt(axis) == label ? layout.strides()[axis] : 0;
    }
    return stride;
  }

  private List<Loop> classOf(int a, int b, int c) {
    if (c == 0) {
      return inner;
    }
    return a != 0 && b != 0 ? batch : a != 0 ? rows : columns;
  }

  /** Joins loops of which one goes on, in all operands, where another ends. */
  private static void join(List<Loop> loops) {
    for (int i = 0; i < loops.size(); i++) {
      Loop outer = loops.get(i);
      Predicate<Loop> continues =
          loop ->
              !loop.equals(outer)
                  && outer.a() == loop.a() * loop.size()
                  && outer.b() == loop.b() * loop.size()
                  && outer.c() == loop.c() * loop.size();
      Optional<Loop> within = loops.stream().filter(continues).findFirst();
      if (within.isPresent()) {
        Loop loop = within.get();
        loops.remove(outer);
        loops.remove(loop);
        loops.add(new Loop(outer.size() * loop.size(), loop.a(), loop.b(), loop.c()));
        i = -1;
      }
    }
  }

  private Stream<BlasProgram> products() {
    List<BlasProgram> programs = new ArrayList<>();
    for (Loop row : orNone(rows)) {
      for (Loop column : orNone(columns)) {
        for (Loop sum : orNone(inner)) {
          product(row, column, sum, false).ifPresent(programs::add);
          product(column.swapped(), row.swapped(), sum.swapped(), true).ifPresent(programs::add);
        }
      }
    }
    return programs.stream();
  }

  private static List<Loop> orNone(List<Loop> loops) {
    return loops.isEmpty() ? List.of(Loop.NONE) : loops;
  }

  /** The program with these loops inside the routine, if there is a routine for their strides. */
  private Optional<BlasProgram> product(Loop row, Loop column, Loop sum, boolean swapped) {
    int m = row.size();
    int n = column.size();
    int k = sum.size();
    Optional<View> first = matrix(m, row.a(), k, sum.a());
    List<Loop> free = new ArrayList<>(batch);
    free.addAll(rows);
    free.addAll(columns);
    free.removeAll(swapped ? List.of(row.swapped(), column.swapped()) : List.of(row, column));
    List<Loop> summed = new ArrayList<>(inner);
    summed.remove(swapped ? sum.swapped() : sum);
    if (m == 1 && n == 1 && summed.isEmpty()) {
      View a = new View(false, sum.a());
      View b = new View(false, sum.b());
      return Optional.of(
          new BlasProgram(Routine.DOT, swapped, a, b, new View(false, 0), 1, 1, k, free, summed));
    }
    if (n == 1 && first.isPresent() && sum.b() != 0) {
      View x = new View(false, sum.b());
      View y = new View(false, row.c());
      return Optional.of(
          new BlasProgram(Routine.GEMV, swapped, first.get(), x, y, m, 1, k, free, summed));
    }
    Optional<View> second = matrix(k, sum.b(), n, column.b());
    Optional<View> output = matrix(m, row.c(), n, column.c()).filter(view -> !view.transposed());
    if (m == 1 || n == 1 || first.isEmpty() || second.isEmpty() || output.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new BlasProgram(
            Routine.GEMM, swapped, first.get(), second.get(), output.get(), m, n, k, free, summed));
  }

  private Optional<BlasProgram> transpose() {
    if (rows.size() != 2) {
      return Optional.empty();
    }
    Loop row = Collections.max(rows, Comparator.comparingInt(Loop::a));
    Loop column = Collections.min(rows, Comparator.comparingInt(Loop::a));
    if (column.a() != 1 || row.c() != 1) {
      return Optional.empty();
    }
    return Optional.of(
        new BlasProgram(
            Routine.TRANSPOSE,
            false,
            new View(false, row.a()),
            new View(false, 0),
            new View(false, column.c()),
            row.size(),
            column.size(),
            1,
            List.of(),
            List.of()));
  }

  /** How a BLAS would be told of a matrix, if one of its strides is 1. */
  private static Optional<View> matrix(int rows, int rowStride, int columns, int columnStride) {
    if (columns == 1 || columnStride == 1) {
      // A single column's elements may lie as far apart as a leading dimension is long.
      return Optional.of(new View(false, rows == 1 ? columns : rowStride));
    }
    if (rows == 1 || rowStride == 1) {
      return Optional.of(new View(true, columnStride));
    }
    return Optional.empty();
  }
}
