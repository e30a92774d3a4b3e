package dev.lanewise.bench.engine;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.global.torch;

/** What every use of libtorch here has in common. */
public final class Libtorch {
  /**
   * JavaCPP loads OpenBLAS twice for it, and each has its own threads: products are of the one
   * without LAPACK.
   */
  private static final List<String> OPENBLAS =
      List.of("libopenblas_nolapack.so.0", "libopenblas.so.0");

  private Libtorch() {}

  /**
   * Sets how many threads it uses, in its own loops and in the products, which are OpenBLAS'.
   *
   * @throws LinkageError if libtorch is not there
   */
  public static void useThreads(int threads) {
    torch.set_num_threads(threads);
    FunctionDescriptor type = FunctionDescriptor.ofVoid(JAVA_INT);
    OPENBLAS.forEach(file -> products(file, "openblas_set_num_threads", type, threads));
  }

  /**
   * What a reader must know of it, used by one thread.
   *
   * @throws LinkageError if libtorch is not there
   */
  public static Map<String, String> facts() {
    useThreads(1);
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("threads", String.valueOf(torch.get_num_threads()));
    facts.put(
        "threads of its OpenBLAS",
        products(OPENBLAS.getFirst(), "openblas_get_num_threads", FunctionDescriptor.of(JAVA_INT))
            .toString());
    facts.put("kernels", torch.get_cpu_capability().getString());
    facts.put("version", setting("TORCH_VERSION=([^,]*)"));
    facts.put("BLAS", setting("BLAS_INFO=([^,]*)"));
    facts.put("oneDNN", setting("MKL-DNN (v[^ ]*)"));
    return facts;
  }

  /** Native memory as libtorch takes it. The segment must outlive the pointer. */
  public static Pointer pointer(MemorySegment memory) {
    return new Memory(memory.address());
  }

  private static Object products(
      String file, String name, FunctionDescriptor type, Object... arguments) {
    SymbolLookup library = NativeLibrary.open("openblas", file);
    try {
      return Linker.nativeLinker()
          .downcallHandle(library.findOrThrow(name), type)
          .invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(name + " failed", e);
    }
  }

  /** A part of what libtorch says of its build. */
  private static String setting(String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(torch.show_config().getString());
    return matcher.find() ? matcher.group(1) : "unknown";
  }

  /** A pointer that does not own what it points to, of any size. */
  private static final class Memory extends FloatPointer {
    Memory(long where) {
      super((Pointer) null);
      address = where;
    }
  }
}
