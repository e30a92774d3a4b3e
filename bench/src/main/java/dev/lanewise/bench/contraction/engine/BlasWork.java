package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.engine.BlasProgram.Loop;
import dev.lanewise.bench.contraction.engine.BlasProgram.View;
import dev.lanewise.bench.engine.Work;
import java.util.List;

/** Runs a program: the loops, with one call inside. */
final class BlasWork implements Work {
  private final BlasProgram program;
  private final BlasCalls calls;
  private final Loop[] free;
  private final Loop[] summed;

  /**
   * @param calls bound to the routine's operands: exchanged, where the program is swapped
   */
  BlasWork(BlasProgram program, BlasCalls calls) {
    this.program = program;
    this.calls = calls;
    this.free = oriented(program.free());
    this.summed = oriented(program.summed());
  }

  private Loop[] oriented(List<Loop> loops) {
    return loops.stream()
        .map(loop -> program.swapped() ? loop.swapped() : loop)
        .toArray(Loop[]::new);
  }

  @Override
  public void run() {
    free(0, 0, 0, 0);
  }

  private void free(int depth, int a, int b, int c) {
    if (depth == free.length) {
      summed(0, a, b, c, 0f);
      return;
    }
    Loop loop = free[depth];
    for (int i = 0; i < loop.size(); i++) {
      free(depth + 1, a + i * loop.a(), b + i * loop.b(), c + i * loop.c());
    }
  }

  private void summed(int depth, int a, int b, int c, float beta) {
    if (depth == summed.length) {
      call(a, b, c, beta);
      return;
    }
    Loop loop = summed[depth];
    for (int i = 0; i < loop.size(); i++) {
      summed(depth + 1, a + i * loop.a(), b + i * loop.b(), c, i == 0 ? beta : 1f);
    }
  }

  private void call(int a, int b, int c, float beta) {
    View first = program.first();
    View second = program.second();
    int m = program.m();
    int n = program.n();
    int k = program.k();
    int lda = first.leading();
    int ldb = second.leading();
    int ldc = program.output().leading();
    switch (program.routine()) {
      case GEMM ->
          calls.gemm(
              first.transposed(), second.transposed(), m, n, k, a, lda, b, ldb, beta, c, ldc);
      case GEMV -> {
        boolean trans = first.transposed();
        calls.gemv(trans, trans ? k : m, trans ? m : k, a, lda, b, ldb, beta, c, ldc);
      }
      case DOT -> calls.dot(k, a, lda, b, ldb, c);
      case TRANSPOSE -> calls.transpose(m, n, a, lda, c, ldc);
    }
  }
}
