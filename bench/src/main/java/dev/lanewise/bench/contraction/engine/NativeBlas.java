package dev.lanewise.bench.contraction.engine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/**
 * A BLAS written in C, called through the JDK's own foreign functions, which cost less than
 * JavaCPP's.
 */
abstract class NativeBlas implements Blas {
  /** A call of no more than about ten microseconds may keep the garbage collector waiting. */
  private static final double SHORT_CALL_FLOPS = 1e6;

  /** All of the process's memory, at its addresses. */
  private static final MemorySegment EVERYTHING = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private final SymbolLookup library;

  NativeBlas(SymbolLookup library) {
    this.library = library;
  }

  /** The library's routine for transposes as {@link Cblas#transpose}. */
  abstract MethodHandle transpose(Linker.Option... options);

  /** A function of the library. */
  final MethodHandle function(String name, FunctionDescriptor type, Linker.Option... options) {
    return CblasBinder.downcall(library, name, type, options);
  }

  /** Calls a function of the library, where time does not matter. */
  final Object call(String name, FunctionDescriptor type, Object... arguments) {
    try {
      return function(name, type).invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(name + " failed", e);
    }
  }

  /** A C string. */
  static String text(MemorySegment string) {
    return EVERYTHING.getString(string.address()).strip();
  }

  @Override
  public final Binding bind(MemorySegment[] buffers, double flops) {
    Linker.Option[] options =
        flops <= SHORT_CALL_FLOPS
            ? new Linker.Option[] {Linker.Option.critical(false)}
            : new Linker.Option[] {};
    Cblas cblas = CblasBinder.bind(library, transpose(options), options);
    long[] addresses = Arrays.stream(buffers).mapToLong(MemorySegment::address).toArray();
    return (a, b, c) -> new Calls(cblas, addresses[a], addresses[b], addresses[c]);
  }

  private record Calls(Cblas cblas, long first, long second, long output) implements BlasCalls {
    private static int op(boolean trans) {
      return trans ? Cblas.TRANS : Cblas.NO_TRANS;
    }

    private static long at(long address, int offset) {
      return address + (long) offset * Float.BYTES;
    }

    @Override
    public void gemm(
        boolean transA,
        boolean transB,
        int m,
        int n,
        int k,
        int a,
        int lda,
        int b,
        int ldb,
        float beta,
        int c,
        int ldc) {
      cblas.sgemm(
          op(transA),
          op(transB),
          m,
          n,
          k,
          1f,
          at(first, a),
          lda,
          at(second, b),
          ldb,
          beta,
          at(output, c),
          ldc);
    }

    @Override
    public void gemv(
        boolean trans,
        int rows,
        int columns,
        int a,
        int lda,
        int b,
        int incB,
        float beta,
        int c,
        int incC) {
      cblas.sgemv(
          op(trans),
          rows,
          columns,
          1f,
          at(first, a),
          lda,
          at(second, b),
          incB,
          beta,
          at(output, c),
          incC);
    }

    @Override
    public void dot(int n, int a, int incA, int b, int incB, int c) {
      float result = cblas.sdot(n, at(first, a), incA, at(second, b), incB);
      EVERYTHING.set(ValueLayout.JAVA_FLOAT, at(output, c), result);
    }

    @Override
    public void transpose(int rows, int columns, int a, int lda, int c, int ldc) {
      cblas.transpose(rows, columns, at(first, a), lda, at(output, c), ldc);
    }
  }
}
