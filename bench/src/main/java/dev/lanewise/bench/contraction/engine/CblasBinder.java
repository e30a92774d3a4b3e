package dev.lanewise.bench.contraction.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Objects;

/** Binds C's BLAS interface to a library. */
final class CblasBinder {
  /** {@code CblasRowMajor}. */
  static final int ROW_MAJOR = 101;

  /** The type of {@link Cblas#transpose}. */
  static final MethodType TRANSPOSE =
      MethodType.methodType(
          void.class, long.class, long.class, long.class, long.class, long.class, long.class);

  private static final FunctionDescriptor SGEMM =
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
          JAVA_LONG,
          JAVA_INT,
          JAVA_FLOAT,
          JAVA_LONG,
          JAVA_INT);

  private static final FunctionDescriptor SGEMV =
      FunctionDescriptor.ofVoid(
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_FLOAT,
          JAVA_LONG,
          JAVA_INT,
          JAVA_LONG,
          JAVA_INT,
          JAVA_FLOAT,
          JAVA_LONG,
          JAVA_INT);

  private static final FunctionDescriptor SDOT =
      FunctionDescriptor.of(JAVA_FLOAT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);

  private CblasBinder() {}

  /**
   * Binds.
   *
   * @param library where the functions are
   * @param transpose the library's own routine, of type {@link #TRANSPOSE}
   * @param options {@link Linker.Option#critical} for calls so short that the garbage collector may
   *     wait for them: it saves the thread's change of state
   */
  static Cblas bind(SymbolLookup library, MethodHandle transpose, Linker.Option... options) {
    List<MethodHandle> handles =
        List.of(
            MethodHandles.insertArguments(
                downcall(library, "cblas_sgemm", SGEMM, options), 0, ROW_MAJOR),
            MethodHandles.insertArguments(
                downcall(library, "cblas_sgemv", SGEMV, options), 0, ROW_MAJOR),
            downcall(library, "cblas_sdot", SDOT, options),
            transpose);
    try {
      MethodHandles.Lookup bound =
          MethodHandles.lookup().defineHiddenClassWithClassData(template(), handles, true);
      return (Cblas)
          bound.findConstructor(bound.lookupClass(), MethodType.methodType(void.class)).invoke();
    } catch (Throwable e) {
      throw new IllegalStateException("the BLAS calls cannot be bound", e);
    }
  }

  /** A function of a library. */
  static MethodHandle downcall(
      SymbolLookup library, String name, FunctionDescriptor type, Linker.Option... options) {
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type, options);
  }

  private static byte[] template() throws IOException {
    String file = CblasTemplate.class.getSimpleName() + ".class";
    try (InputStream in = Objects.requireNonNull(CblasTemplate.class.getResourceAsStream(file))) {
      return in.readAllBytes();
    }
  }
}
