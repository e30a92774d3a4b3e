package dev.lanewise.bench.contraction.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lanewise.bench.engine.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.LinkedHashMap;
import java.util.Map;

/** OpenBLAS. */
final class OpenBlas extends NativeBlas {
  private static final FunctionDescriptor SOMATCOPY =
      FunctionDescriptor.ofVoid(
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_FLOAT,
          JAVA_LONG,
          JAVA_INT,
          JAVA_LONG,
          JAVA_INT);

  OpenBlas() {
    super(NativeLibrary.open("openblas", "libopenblas.so.0"));
  }

  @Override
  MethodHandle transpose(Linker.Option... options) {
    MethodHandle copy = function("cblas_somatcopy", SOMATCOPY, options);
    MethodHandle scaled =
        MethodHandles.insertArguments(copy, 0, CblasBinder.ROW_MAJOR, Cblas.TRANS);
    MethodHandle unscaled = MethodHandles.insertArguments(scaled, 2, 1f);
    return MethodHandles.explicitCastArguments(unscaled, CblasBinder.TRANSPOSE);
  }

  @Override
  public void useThreads(int threads) {
    call("openblas_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT), threads);
  }

  @Override
  public Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    FunctionDescriptor string = FunctionDescriptor.of(ADDRESS);
    facts.put("version", text((MemorySegment) call("openblas_get_config", string)));
    facts.put("kernels", text((MemorySegment) call("openblas_get_corename", string)));
    facts.put(
        "threads", call("openblas_get_num_threads", FunctionDescriptor.of(JAVA_INT)).toString());
    return facts;
  }
}
