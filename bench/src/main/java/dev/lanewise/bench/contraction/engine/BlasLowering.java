package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Layout;
import dev.lanewise.bench.contraction.engine.BlasProgram.Loop;
import dev.lanewise.bench.contraction.engine.BlasProgram.Routine;
import dev.lanewise.bench.contraction.engine.BlasProgram.View;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

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
          int c = stride(label, contraction.outputLabels(), contraction.output());
          int ones = c == 0 ? 1 : 0;
          int b = one ? ones : stride(label, inputs.getLast(), layouts.getLast());
          classOf(a, b, c).add(new Loop(size, a, b, c));
        });
    join(batch);
    join(rows);
    join(columns);
    join(inner);
  }

  /**
   * The programs of a case with one or two operands; of one operand that is summed, the second is a
   * vector of ones.
   *
   * @return those with the largest calls, which differ in the routine; none if no routine fits the
   *     strides
   */
  static List<BlasProgram> lower(ContractionCase contraction) {
    BlasLowering lowering = new BlasLowering(contraction);
    if (contraction.operands().size() == 1 && lowering.inner.isEmpty()) {
      return lowering.transpose().stream().toList();
    }
    List<BlasProgram> programs = lowering.products();
    double largest = programs.stream().mapToDouble(BlasLowering::workOfACall).max().orElse(0);
    Map<Routine, BlasProgram> byRoutine = new EnumMap<>(Routine.class);
    programs.stream()
        .filter(program -> workOfACall(program) == largest)
        .forEach(program -> byRoutine.putIfAbsent(program.routine(), program));
    return List.copyOf(byRoutine.values());
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

  private List<BlasProgram> products() {
    List<BlasProgram> programs = new ArrayList<>();
    for (Loop row : orNone(rows)) {
      for (Loop column : orNone(columns)) {
        for (Loop sum : orNone(inner)) {
          programs.addAll(product(row, column, sum, false));
          programs.addAll(product(column.swapped(), row.swapped(), sum.swapped(), true));
        }
      }
    }
    return programs;
  }

  private static List<Loop> orNone(List<Loop> loops) {
    return loops.isEmpty() ? List.of(Loop.NONE) : loops;
  }

  /** The programs with these loops inside the routine: one for each that takes their strides. */
  private List<BlasProgram> product(Loop row, Loop column, Loop sum, boolean swapped) {
    int m = row.size();
    int n = column.size();
    int k = sum.size();
    List<Loop> free = new ArrayList<>(batch);
    free.addAll(rows);
    free.addAll(columns);
    free.removeAll(swapped ? List.of(row.swapped(), column.swapped()) : List.of(row, column));
    List<Loop> summed = new ArrayList<>(inner);
    summed.remove(swapped ? sum.swapped() : sum);
    List<BlasProgram> programs = new ArrayList<>();
    if (m == 1 && n == 1 && summed.isEmpty()) {
      View a = vector(sum.a());
      View b = vector(sum.b());
      programs.add(new BlasProgram(Routine.DOT, swapped, a, b, vector(0), 1, 1, k, free, summed));
      return programs;
    }
    Optional<View> first = matrix(m, row.a(), k, sum.a());
    if (n == 1 && first.isPresent() && sum.b() != 0) {
      View x = vector(sum.b());
      View y = vector(row.c());
      programs.add(
          new BlasProgram(Routine.GEMV, swapped, first.get(), x, y, m, 1, k, free, summed));
    }
    Optional<View> second = matrix(k, sum.b(), n, column.b());
    Optional<View> output = matrix(m, row.c(), n, column.c()).filter(view -> !view.transposed());
    if (first.isPresent() && second.isPresent() && output.isPresent()) {
      View a = first.get();
      View b = second.get();
      View c = output.get();
      programs.add(new BlasProgram(Routine.GEMM, swapped, a, b, c, m, n, k, free, summed));
    }
    return programs;
  }

  private static View vector(int increment) {
    return new View(false, increment);
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
