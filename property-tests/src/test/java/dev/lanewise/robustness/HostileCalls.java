package dev.lanewise.robustness;

import dev.lanewise.checkpoint.Value;
import dev.lanewise.einsum.Accumulation;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.Einsum;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.TableBatchedBags;
import dev.lanewise.optim.Optimizer;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Random calls of everything that is public, with arguments good and bad. Each either succeeds,
 * then with the {@linkplain CallOracle result of its definition} where that is known and having
 * written what it says it writes and nothing else; or it throws an exception of a documented kind,
 * and then has written nothing at all.
 */
final class HostileCalls {
  private static final int CALLS_OF_A_WORLD = 250;

  /** Kinds that a caller may be told of; NullPointerException only where there was a null. */
  private static final List<Class<? extends Throwable>> DOCUMENTED =
      List.of(
          IllegalArgumentException.class,
          IndexOutOfBoundsException.class,
          IllegalStateException.class,
          WrongThreadException.class);

  /** What writes its receiver, if that is a tensor. */
  private static final Set<String> WRITES_RECEIVER =
      Set.of("fill", "set", "copyFrom", "convertFrom");

  /** What writes its last tensor, or its last two. */
  private static final Map<String, Integer> WRITES_LAST =
      Map.of(
          "execute", 1,
          "einsum", 0,
          "forward", 1,
          "backwardOfWeights", 1,
          "quantize", 1,
          "dequantize", 1,
          "toDense", 1,
          "search", 2);

  /** Whose results are known; their calls that write come this often as those of any other type. */
  private static final List<Class<?>> OFTEN =
      List.of(Contraction.class, Einsum.class, Embedding.class, EmbeddingBag.class);

  private static final int TURNS_OF_OFTEN = 4;

  /** What may write weights or gradients, wherever they are. */
  private static final Set<String> WRITES_MODEL =
      Set.of(
          "scatterAdd",
          "backward",
          "step",
          "zeroGrad",
          "zeroGradient",
          "zero",
          "mergeGradients",
          "lookup",
          "weightedLookup",
          "lookupEinsum");

  /** Not called: they are the language's own, or take as much memory as they are told. */
  private static final Set<String> LEFT_OUT =
      Set.of(
          "reserve", "hashCode", "compareTo", "valueOf", "getClass", "notify", "notifyAll", "wait");

  private final List<List<Executable>> calls = new ArrayList<>();
  private final SplittableRandom random;
  private final ForeignMemory foreign;
  private final Map<String, Integer> outcomes = new TreeMap<>();
  private World world;
  private Arguments arguments;
  private long checked;

  HostileCalls(long seed, ForeignMemory foreign) {
    this.random = new SplittableRandom(seed);
    this.foreign = foreign;
    begin();
    for (Class<?> type : World.API) {
      calls.add(callsOf(type));
    }
    for (Class<?> type : OFTEN) {
      List<Executable> often = new ArrayList<>(callsOf(type));
      often.removeIf(call -> !WRITES_LAST.containsKey(call.getName()));
      calls.addAll(Collections.nCopies(TURNS_OF_OFTEN, often));
    }
  }

  private void begin() {
    if (world != null) {
      world.close();
    }
    world = new World(random, foreign);
    arguments = new Arguments(world, random);
  }

  private List<Executable> callsOf(Class<?> type) {
    List<Executable> all = new ArrayList<>();
    all.addAll(List.of(type.getConstructors()));
    all.addAll(List.of(type.getMethods()));
    all.removeIf(call ->
        LEFT_OUT.contains(call.getName())
            || call.isSynthetic()
            || !Arrays.stream(call.getGenericParameterTypes())
                .allMatch(parameter -> Arguments.canDraw(parameter, world)));
    // Reflection has no order of its own, and a seed is to give the same calls everywhere.
    all.sort(Comparator.comparing(Executable::toGenericString));
    return all;
  }

  /** Public methods for which no arguments can be drawn. */
  List<String> undrawable() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < World.API.size(); i++) {
      Class<?> type = World.API.get(i);
      for (Method method : type.getMethods()) {
        if (!LEFT_OUT.contains(method.getName())
            && !method.isSynthetic()
            && method.getDeclaringClass() != Object.class
            && !calls.get(i).contains(method)) {
          names.add(type.getSimpleName() + "." + method.getName());
        }
      }
    }
    return names.stream().distinct().sorted().toList();
  }

  /** Makes some calls; throws an AssertionError at the first that does what it must not. */
  void run(long count) {
    for (long i = 0; i < count; i++) {
      if (i % CALLS_OF_A_WORLD == CALLS_OF_A_WORLD - 1) {
        begin();
      }
      List<Executable> ofType = calls.get(random.nextInt(calls.size()));
      Executable call = ofType.get(random.nextInt(ofType.size()));
      try {
        call(call);
      } catch (AssertionError e) {
        begin();
        throw new AssertionError("call " + i + ": " + e.getMessage(), e);
      }
    }
  }

  /** How many calls returned. */
  int returned() {
    return outcomes.getOrDefault("returned", 0);
  }

  /** How many results were compared with their definition. */
  long checked() {
    return checked;
  }

  /** How often calls ended how. */
  String summary() {
    return outcomes + ", " + checked + " results checked against their definition";
  }

  private void call(Executable call) {
    boolean ofObject = call instanceof Method && !Modifier.isStatic(call.getModifiers());
    Object receiver = ofObject ? receiver((Method) call) : null;
    if (ofObject && receiver == null) {
      return;
    }
    Object[] values = arguments.draw(call);
    if (random.nextInt(4) > 0) {
      arguments.fit(call, receiver, values);
    }
    Supplier<String> what = () -> text(call, receiver, values);
    CallOracle oracle =
        call instanceof Method method ? CallOracle.of(method, receiver, values) : null;
    BitSet allowed = allowed(call, receiver, values);
    List<float[]> before = model(call);
    try {
      Object result =
          call instanceof Method method
              ? method.invoke(receiver, values)
              : ((Constructor<?>) call).newInstance(values);
      assertChangedOnly(what, allowed);
      if (oracle != null) {
        check(oracle, what, result);
      }
      if (arguments.hadNullWhereNoneMayBe()) {
        throw new AssertionError(what.get() + " returned, in spite of the null");
      }
      if (result != null) {
        world.add(result);
      }
      outcomes.merge("returned", 1, Integer::sum);
    } catch (InvocationTargetException e) {
      requireDocumented(what, e.getCause());
      assertChangedOnly(() -> what.get() + " failed with " + e.getCause(), new BitSet());
      assertSameModel(() -> what.get() + " failed with " + e.getCause(), before, model(call));
      outcomes.merge(e.getCause().getClass().getSimpleName(), 1, Integer::sum);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(what.get(), e);
    }
  }

  private void check(CallOracle oracle, Supplier<String> what, Object result) {
    try {
      oracle.check("the result", result);
      checked++;
    } catch (AssertionError e) {
      throw new AssertionError(what.get() + ": " + e.getMessage(), e);
    }
  }

  private void assertChangedOnly(Supplier<String> what, BitSet allowed) {
    try {
      world.arena.assertChangedOnly(allowed);
    } catch (AssertionError e) {
      throw new AssertionError(what.get() + ": " + e.getMessage(), e);
    }
  }

  private Object receiver(Method method) {
    Class<?> type = method.getDeclaringClass();
    if (!world.knows(type)) {
      return null;
    }
    Object any = world.any(type);
    // Of the plans, one that takes as many operands, if it is found soon.
    for (int i = 0; i < 4 && any instanceof Contraction plan && !takes(method, plan); i++) {
      any = world.any(type);
    }
    return any;
  }

  private static boolean takes(Method method, Contraction plan) {
    long operands =
        Arrays.stream(method.getParameterTypes())
            .filter(type -> type != Accumulation.class)
            .count();
    return !method.getName().equals("execute")
        || method.getParameterTypes()[0].isArray()
        || operands == plan.operandCount() + 1;
  }

  private void requireDocumented(Supplier<String> what, Throwable thrown) {
    boolean documented =
        DOCUMENTED.stream().anyMatch(kind -> kind.isInstance(thrown))
            || (thrown instanceof NullPointerException && arguments.hadNull())
            || (thrown instanceof OutOfMemoryError
                && String.valueOf(thrown.getMessage()).contains(GuardedArena.USED_UP));
    if (!documented) {
      throw new AssertionError(what.get() + " threw " + thrown, thrown);
    }
  }

  private BitSet allowed(Executable call, Object receiver, Object... values) {
    if (WRITES_MODEL.contains(call.getName()) || shortens(receiver)) {
      return (BitSet) world.arena.writable().clone();
    }
    BitSet allowed = new BitSet();
    if (receiver instanceof Tensor tensor && WRITES_RECEIVER.contains(call.getName())) {
      return world.arena.bytesOf(tensor);
    }
    int last = WRITES_LAST.getOrDefault(call.getName(), 0);
    for (int i = values.length - 1; i >= 0 && last > 0; i--) {
      if (values[i] instanceof Tensor tensor) {
        allowed.or(world.arena.bytesOf(tensor));
        last--;
      }
    }
    return allowed;
  }

  /** A lookup with a largest norm shortens rows of the table. */
  private static boolean shortens(Object receiver) {
    return switch (receiver) {
      case Embedding embedding -> embedding.maxNorm() < Double.POSITIVE_INFINITY;
      case EmbeddingBag bag -> shortens(bag.embedding());
      case TableBatchedBags tables ->
          IntStream.range(0, tables.tables()).anyMatch(table -> shortens(tables.table(table)));
      case null, default -> false;
    };
  }

  /** What is not in the arena: sparse gradients and what optimizers remember. */
  private List<float[]> model(Executable call) {
    if (!WRITES_MODEL.contains(call.getName()) && !call.getName().equals("loadStateDict")) {
      return List.of();
    }
    List<float[]> numbers = new ArrayList<>();
    for (Parameter parameter : world.all(Parameter.class)) {
      if (parameter.hasSparseGradient()) {
        numbers.add(parameter.sparseGradient().values().toFloatArray());
        long[] rows = parameter.sparseGradient().indices().toLongArray();
        for (long row : rows) {
          numbers.add(new float[] {row});
        }
      } else {
        numbers.add(new float[0]);
        numbers.add(new float[0]);
      }
    }
    for (Optimizer optimizer : world.all(Optimizer.class)) {
      collect(optimizer.stateDict().value("state"), numbers);
    }
    return numbers;
  }

  private static void collect(Value value, List<float[]> numbers) {
    switch (value) {
      case Value.Dict dict -> dict.items().values().forEach(item -> collect(item, numbers));
      case Value.TensorValue(Tensor tensor) -> numbers.add(tensor.toFloatArray());
      case Value.Int(long number) -> numbers.add(new float[] {number});
      default -> {}
    }
  }

  private static void assertSameModel(
      Supplier<String> what, List<float[]> before, List<float[]> after) {
    boolean same = before.size() == after.size();
    for (int i = 0; same && i < before.size(); i++) {
      same = Arrays.equals(before.get(i), after.get(i));
    }
    if (!same) {
      throw new AssertionError(what.get() + ", and has changed a gradient or an optimizer's state");
    }
  }

  private static String text(Executable call, Object receiver, Object... values) {
    StringBuilder text = new StringBuilder(call.getDeclaringClass().getSimpleName());
    text.append('.').append(call.getName());
    if (receiver != null) {
      text.append(" of ").append(text(receiver));
    }
    text.append(" with [");
    for (Object value : values) {
      text.append(text(value)).append("; ");
    }
    return text.append(']').toString();
  }

  private static String text(Object value) {
    try {
      return Arrays.deepToString(new Object[] {value});
    } catch (RuntimeException notNow) {
      return value.getClass().getSimpleName() + " (" + notNow.getMessage() + ")";
    }
  }
}
