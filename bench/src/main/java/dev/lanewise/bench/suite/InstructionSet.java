package dev.lanewise.bench.suite;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * The instructions that all engines may use, Lanewise and its peers alike. The peers take them from
 * the environment: OPENBLAS_CORETYPE, MKL_ENABLE_... and the like, set for the sake of something
 * else, make a library slower than it is. A JVM cannot change its own environment nor its own
 * options, and JMH gives its forks both. So where they are not as they should be, the program is
 * started again.
 *
 * @param name what it is called
 * @param variables the environment's, of those that peers look at
 * @param jvmOptions options of all JVMs
 */
record InstructionSet(String name, Map<String, String> variables, List<String> jvmOptions) {
  /** Whatever the processor has: each engine chooses for itself. */
  static final InstructionSet NATIVE =
      new InstructionSet("the processor's instructions", Map.of(), List.of());

  /** As on an x86 processor without AVX-512: vectors of 256 bits in 16 registers. */
  static final InstructionSet AVX2 =
      new InstructionSet(
          "AVX2",
          Map.of(
              "OPENBLAS_CORETYPE", "Haswell",
              "MKL_ENABLE_INSTRUCTIONS", "AVX2",
              "ONEDNN_MAX_CPU_ISA", "AVX2",
              "ATEN_CPU_CAPABILITY", "avx2"),
          List.of("-XX:UseAVX=2"));

  private static final List<String> PREFIXES =
      List.of("OPENBLAS_", "GOTO_", "MKL_", "OMP_", "KMP_", "ONEDNN_", "DNNL_", "ATEN_");

  /**
   * Runs the program again where the engines would use other instructions in this JVM.
   *
   * @param program the main class
   * @param arguments its arguments
   * @return its exit status; nothing if this JVM is as it should be
   */
  OptionalInt runAgain(Class<?> program, List<String> arguments) {
    Map<String, String> given =
        System.getenv().entrySet().stream()
            .filter(variable -> PREFIXES.stream().anyMatch(variable.getKey()::startsWith))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    List<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments();
    if (given.equals(variables) && options.containsAll(jvmOptions)) {
      return OptionalInt.empty();
    }
    System.out.println(
        "Started again with " + name + (given.isEmpty() ? "" : ", without " + given));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(jvmOptions);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(program.getName());
    command.addAll(arguments);
    ProcessBuilder again = new ProcessBuilder(command);
    again.environment().keySet().removeAll(given.keySet());
    again.environment().putAll(variables);
    again.redirectInput(Redirect.INHERIT);
    again.redirectOutput(Redirect.INHERIT);
    again.redirectError(Redirect.INHERIT);
    try {
      return OptionalInt.of(again.start().waitFor());
    } catch (IOException e) {
      throw new IllegalStateException("java cannot be started again", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return OptionalInt.of(1);
    }
  }
}
