package dev.lanewise.jit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordedObject;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordingFile;

/**
 * What the compilers made of the kernels, from a recording and the code that was left in the end.
 */
final class CompilationLog {
  /** The packages of generated kernels begin so, and nothing else that runs often. */
  static final String KERNELS = "dev.lanewise.internal.kernel.";

  /** Methods that say what a class of kernels offers, and are called when a plan is made. */
  private static final Set<String> DESCRIPTIONS = Set.of("lanes", "maxRows", "maxVectors");

  /** The tier of accessors: C1 without profiling. */
  private static final int TRIVIAL = 1;

  private static final String ID = "compileId";

  /** One compilation of a method, or an attempt at one. */
  record Compilation(int id, int level, boolean onStack, boolean succeeded) {}

  private final Map<String, List<Compilation>> compilations = new TreeMap<>();
  private final Map<Integer, String> failures = new HashMap<>();

  /** By kernel: how often it was seen allocating, interpreted at first and boxing vectors later. */
  private final Map<String, Integer> allocations = new HashMap<>();

  /** By method: the compilations of other methods that it is a part of. */
  private final Map<String, Set<Integer>> inlined = new HashMap<>();

  private final Set<Integer> optimized = new HashSet<>();

  static CompilationLog read(Path recording, List<CompiledCode> code) throws IOException {
    CompilationLog log = new CompilationLog();
    Set<Integer> onStack = new HashSet<>();
    try (RecordingFile file = new RecordingFile(recording)) {
      while (file.hasMoreEvents()) {
        RecordedEvent event = file.readEvent();
        switch (event.getEventType().getName()) {
          case "jdk.Compilation" -> {
            if (event.getBoolean("isOsr")) {
              onStack.add(event.getInt(ID));
            }
            log.addCompilation(event.getInt(ID), event);
          }
          case "jdk.CompilationFailure" ->
              log.failures.put(event.getInt(ID), event.getString("failureMessage"));
          case "jdk.CompilerInlining" -> log.addInlining(event.getInt(ID), event);
          case "jdk.ObjectAllocationSample" -> log.addAllocation(event);
          default -> {} // whatever else a user of the machine has asked to be recorded
        }
      }
    }
    for (CompiledCode piece : code) {
      if (piece.inUse() && piece.level() == CompiledCode.C2 && !onStack.contains(piece.id())) {
        log.optimized.add(piece.id());
      }
    }
    return log;
  }

  private void addCompilation(int id, RecordedEvent event) {
    RecordedMethod method = event.getValue("method");
    String name = method.getType().getName();
    if (name.startsWith(KERNELS) && !DESCRIPTIONS.contains(method.getName())) {
      compilations
          .computeIfAbsent(
              name + "." + method.getName() + method.getDescriptor(), _ -> new ArrayList<>())
          .add(
              new Compilation(
                  id,
                  event.getShort("compileLevel"),
                  event.getBoolean("isOsr"),
                  event.getBoolean("succeded")));
    }
  }

  private void addInlining(int id, RecordedEvent event) {
    RecordedObject callee = event.getValue("callee");
    String name = callee.getString("type").replace('/', '.');
    if (event.getBoolean("succeeded") && name.startsWith(KERNELS)) {
      inlined
          .computeIfAbsent(
              name + "." + callee.getString("name") + callee.getString("descriptor"),
              _ -> new HashSet<>())
          .add(id);
    }
  }

  private void addAllocation(RecordedEvent event) {
    RecordedStackTrace stack = event.getStackTrace();
    if (stack != null) {
      stack.getFrames().stream()
          .map(RecordedFrame::getMethod)
          .filter(method -> method.getType().getName().startsWith(KERNELS))
          .findFirst()
          .ifPresent(method ->
              allocations.merge(
                  method.getType().getName() + "." + method.getName(), 1, Integer::sum));
    }
  }

  /** The kernels in which most objects were seen being allocated, with how often. */
  String allocations() {
    return allocations.entrySet().stream()
        .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
        .limit(5)
        .map(each -> each.getValue() + " x " + each.getKey())
        .collect(Collectors.joining(", ", "seen allocating: ", ""));
  }

  /** The compilations by C2 whose code is in use, but for those that enter a loop half way. */
  Set<Integer> optimized() {
    return optimized;
  }

  /** The kernels that any compiler was asked for, by class, name and descriptor. */
  Set<String> kernels() {
    return compilations.keySet();
  }

  /**
   * Whether C2's code of a kernel is in use: its own, or that of a caller that it is a part of; or
   * the kernel is an accessor, for which the VM takes tier 1 to be as good.
   */
  private boolean isOptimized(String kernel) {
    return compilations.get(kernel).stream().anyMatch(one -> one.level() == TRIVIAL)
        || compilations.get(kernel).stream().map(Compilation::id).anyMatch(optimized::contains)
        || inlined.getOrDefault(kernel, Set.of()).stream().anyMatch(optimized::contains);
  }

  /** A line for each kernel that C2 failed to compile, or whose code by C2 is not in use. */
  List<String> complaints() {
    List<String> complaints = new ArrayList<>();
    compilations.forEach((kernel, all) -> {
      boolean failed =
          all.stream()
              .anyMatch(
                  one -> one.level() == CompiledCode.C2 && !one.succeeded() && !isTriedAgain(one));
      if (failed || !isOptimized(kernel)) {
        complaints.add(
            kernel
                + (failed ? ": C2 failed: " : ": left below C2: ")
                + all.stream()
                    .sorted(Comparator.comparingInt(Compilation::id))
                    .map(this::describe)
                    .toList());
      }
    });
    return complaints;
  }

  /** Whether the VM gave up an attempt because classes changed meanwhile, and makes another. */
  private boolean isTriedAgain(Compilation one) {
    return "concurrent class loading".equals(failures.get(one.id()));
  }

  /** A line for each attempt of a compiler that came to nothing. */
  List<String> attemptsThatFailed() {
    return compilations.entrySet().stream()
        .flatMap(kernel ->
            kernel.getValue().stream()
                .filter(one -> !one.succeeded())
                .map(one -> kernel.getKey() + ": " + describe(one)))
        .toList();
  }

  private String describe(Compilation one) {
    return "tier "
        + one.level()
        + (one.onStack() ? " on stack" : "")
        + (one.succeeded()
            ? ""
            : " failed: " + failures.getOrDefault(one.id(), "the recording does not say why"));
  }
}
