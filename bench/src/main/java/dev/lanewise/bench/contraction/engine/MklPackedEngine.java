package dev.lanewise.bench.contraction.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Work;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Map;

/** MKL with the weight packed beforehand, for {@code ik,jk->ij}. */
final class MklPackedEngine implements Engine<ContractionCase, Data> {
  private static final FunctionDescriptor SIZE =
      FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);

  private static final FunctionDescriptor PACK =
      FunctionDescriptor.ofVoid(
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_FLOAT,
          JAVA_LONG,
          JAVA_INT,
          JAVA_LONG);

  private static final FunctionDescriptor COMPUTE =
      FunctionDescriptor.ofVoid(
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_LONG,
          JAVA_INT,
          JAVA_LONG,
          JAVA_INT,
          JAVA_FLOAT,
          JAVA_LONG,
          JAVA_INT);

  /** {@code CblasPacked}. */
  private static final int PACKED = 151;

  /** {@code CblasBMatrix}. */
  private static final int SECOND = 162;

  @Override
  public boolean supports(ContractionCase contraction) {
    return contraction.hasConstant() && contraction.equation().equals("ik,jk->ij");
  }

  @Override
  public Work prepare(ContractionCase contraction, Data data) {
    Mkl mkl = new Mkl();
    mkl.useThreads(contraction.threads());
    int m = contraction.output().sizes()[0];
    int n = contraction.output().sizes()[1];
    int k = contraction.layouts().getFirst().sizes()[1];
    long bytes = (long) mkl.call("cblas_sgemm_pack_get_size", SIZE, SECOND, m, n, k);
    MemorySegment packed = Arena.ofAuto().allocate(bytes, Data.ALIGNMENT);
    long weight = data.operand(1).address();
    mkl.call(
        "cblas_sgemm_pack",
        PACK,
        CblasBinder.ROW_MAJOR,
        SECOND,
        Cblas.TRANS,
        m,
        n,
        k,
        1f,
        weight,
        k,
        packed.address());
    MethodHandle compute = mkl.function("cblas_sgemm_compute", COMPUTE);
    long a = data.operand(0).address();
    long c = data.output().address();
    return new Product(compute, m, n, k, a, packed, c);
  }

  @Override
  public Map<String, String> facts() {
    // They are those of mkl.
    new Mkl();
    return Map.of();
  }

  /** A call takes microseconds, beside which it does not matter that the handle is no constant. */
  private record Product(
      MethodHandle compute, int m, int n, int k, long a, MemorySegment packed, long c)
      implements Work {
    @Override
    public void run() {
      try {
        compute.invokeExact(
            CblasBinder.ROW_MAJOR,
            Cblas.NO_TRANS,
            PACKED,
            m,
            n,
            k,
            a,
            k,
            packed.address(),
            n,
            0f,
            c,
            n);
      } catch (Throwable e) {
        throw new AssertionError("cblas_sgemm_compute threw", e);
      }
    }
  }
}
