package dev.lanewise.bench.contraction.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lanewise.bench.engine.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
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
  private static final int FEW = 32;

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
    facts.put("kernels", kernels());
    return facts;
  }

  /** It has no function that names them; but for its first product it loads a library of them. */
  private String kernels() {
    List<String> before = NativeLibrary.mapped("libmkl_");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment[] numbers = new MemorySegment[3];
      Arrays.setAll(numbers, i -> arena.allocate(JAVA_FLOAT, FEW * FEW));
      bind(numbers, 0).calls(0, 1, 2).gemm(false, false, FEW, FEW, FEW, 0, FEW, 0, FEW, 0f, 0, FEW);
    }
    List<String> loaded = new ArrayList<>(NativeLibrary.mapped("libmkl_"));
    loaded.removeAll(before);
    return String.join(" ", loaded);
  }
}
