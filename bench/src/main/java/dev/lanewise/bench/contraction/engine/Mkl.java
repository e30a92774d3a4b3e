package dev.lanewise.bench.contraction.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.LinkedHashMap;
import java.util.Map;

/** Intel's Math Kernel Library. */
final class Mkl extends NativeBlas {
  private static final FunctionDescriptor SOMATCOPY =
      FunctionDescriptor.ofVoid(
          JAVA_BYTE,
          JAVA_BYTE,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_FLOAT,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG);

  private static final int TEXT_BYTES = 200;

  Mkl() {
    super(NativeLibrary.open("mkl", "libmkl_rt.so.3"));
  }

  @Override
  MethodHandle transpose(Linker.Option... options) {
    MethodHandle copy = function("MKL_Somatcopy", SOMATCOPY, options);
    MethodHandle scaled = MethodHandles.insertArguments(copy, 0, (byte) 'R', (byte) 'T');
    return MethodHandles.insertArguments(scaled, 2, 1f);
  }

  @Override
  public void useThreads(int threads) {
    call("MKL_Set_Num_Threads", FunctionDescriptor.ofVoid(JAVA_INT), threads);
  }

  @Override
  public Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(TEXT_BYTES);
      call(
          "MKL_Get_Version_String",
          FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT),
          buffer,
          TEXT_BYTES);
      facts.put("version", buffer.getString(0).strip());
    }
    facts.put("threads", call("MKL_Get_Max_Threads", FunctionDescriptor.of(JAVA_INT)).toString());
    // It has no function that names them; the library that it has loaded does.
    facts.put("kernels", String.join(" ", NativeLibrary.mapped("libmkl_")));
    return facts;
  }
}
