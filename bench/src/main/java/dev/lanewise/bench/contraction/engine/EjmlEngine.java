package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.contraction.engine.BlasProgram.Routine;
import dev.lanewise.bench.contraction.engine.BlasProgram.View;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Work;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Optional;
import org.ejml.EjmlVersion;
import org.ejml.data.FMatrixRMaj;
import org.ejml.dense.row.CommonOps_FDRM;

/**
 * EJML, a matrix library in plain Java: dense matrices only, each an object of its own. So it gets
 * the cases that are one product (or transpose) of whole matrices.
 */
final class EjmlEngine implements Engine<ContractionCase, Data> {
  @Override
  public boolean supports(ContractionCase contraction) {
    return contraction.operands().size() <= 2
        && !contraction.hasLookup()
        && contraction.threads() == 1
        && program(contraction).isPresent();
  }

  @Override
  public Work prepare(ContractionCase contraction, Data data) {
    BlasProgram program = program(contraction).orElseThrow();
    boolean swapped = program.swapped();
    int m = program.m();
    int n = program.n();
    int k = program.k();
    FMatrixRMaj a = matrix(program.first().transposed(), m, k, data.operand(swapped ? 1 : 0));
    FMatrixRMaj c = matrix(false, m, n, data.output());
    if (program.routine() == Routine.TRANSPOSE) {
      FMatrixRMaj source = matrix(false, m, n, data.operand(0));
      FMatrixRMaj target = matrix(true, m, n, data.output());
      return new Published(target, data, () -> CommonOps_FDRM.transpose(source, target));
    }
    FMatrixRMaj b = matrix(program.second().transposed(), k, n, data.operand(swapped ? 0 : 1));
    if (program.routine() == Routine.DOT) {
      return new Published(c, data, () -> c.data[0] = CommonOps_FDRM.dot(a, b));
    }
    boolean transA = program.first().transposed();
    boolean transB = program.second().transposed();
    Work product;
    if (transA) {
      product =
          transB
              ? () -> CommonOps_FDRM.multTransAB(a, b, c)
              : () -> CommonOps_FDRM.multTransA(a, b, c);
    } else {
      product =
          transB ? () -> CommonOps_FDRM.multTransB(a, b, c) : () -> CommonOps_FDRM.mult(a, b, c);
    }
    return new Published(c, data, product);
  }

  @Override
  public Map<String, String> facts() {
    return Map.of("version", EjmlVersion.VERSION);
  }

  /** A copy of a matrix as it lies in memory. */
  private static FMatrixRMaj matrix(
      boolean transposed, int rows, int columns, MemorySegment memory) {
    float[] values = memory.toArray(ValueLayout.JAVA_FLOAT);
    return FMatrixRMaj.wrap(transposed ? columns : rows, transposed ? rows : columns, values);
  }

  private static Optional<BlasProgram> program(ContractionCase contraction) {
    return BlasLowering.lower(contraction).stream()
        .filter(EjmlEngine::isOfWholeMatrices)
        .findFirst();
  }

  private static boolean isOfWholeMatrices(BlasProgram program) {
    int m = program.m();
    int n = program.n();
    int k = program.k();
    if (!program.isSingleCall()) {
      return false;
    }
    return switch (program.routine()) {
      case GEMM ->
          isWhole(program.first(), m, k)
              && isWhole(program.second(), k, n)
              && isWhole(program.output(), m, n);
      case GEMV ->
          isWhole(program.first(), m, k)
              && program.second().leading() == 1
              && program.output().leading() == 1;
      case DOT -> program.first().leading() == 1 && program.second().leading() == 1;
      case TRANSPOSE -> program.first().leading() == n && program.output().leading() == m;
    };
  }

  private static boolean isWhole(View view, int rows, int columns) {
    return view.leading() == (view.transposed() ? rows : columns);
  }

  /** Work on a matrix of EJML's. */
  private record Published(FMatrixRMaj result, Data data, Work work) implements Work {
    @Override
    public void run() {
      work.run();
    }

    @Override
    public void publish() {
      MemorySegment.copy(
          result.data, 0, data.output(), ValueLayout.JAVA_FLOAT, 0, result.getNumElements());
    }
  }
}
