package dev.lanewise.bench.embedding.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lanewise.bench.embedding.cases.Batches;
import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.embedding.cases.TableFormat;
import dev.lanewise.bench.embedding.cases.Task;
import dev.lanewise.bench.engine.CompiledC;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Work;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Map;

/**
 * The limit: loops in C with prefetches, without any check, for rows of the lengths that the cases
 * have. They read the ring of batches where it is. An update moves row after row as the batch has
 * them, which needs no sums by row; so SGD of float32 only.
 */
final class NativeLoops implements Engine<EmbeddingCase, Data> {
  private static final CompiledC PROGRAM =
      new CompiledC("/dev/lanewise/bench/embedding/loops.c", "-O3", "-march=native");

  // C2 compiles a downcall into a plain call only where the handle is a constant: so functions are
  // arguments, and memory is addresses.
  private static final MethodHandle LOOKUP = handle(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle BAGS =
      handle(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle SGD =
      handle(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_FLOAT);

  @Override
  public boolean supports(EmbeddingCase asked) {
    return asked.task().updates()
        ? asked.task() == Task.SGD && asked.format() == TableFormat.FLOAT32
        : asked.task() != Task.NEAREST;
  }

  @Override
  public Map<String, String> facts() {
    return PROGRAM.facts();
  }

  @Override
  public Work prepare(EmbeddingCase asked, Data data) {
    if (asked.task().updates()) {
      return sgd(asked, data);
    }
    return asked.task().reduces() ? bags(asked, data) : lookup(asked, data);
  }

  private static Work lookup(EmbeddingCase asked, Data data) {
    MemorySegment function = PROGRAM.open().findOrThrow("lookup" + asked.dim());
    Batches batches = data.batches();
    long table = data.table().address();
    long indices = batches.ints().address();
    long out = data.output().address();
    long count = asked.indices();
    return () -> {
      batches.advance();
      try {
        LOOKUP.invokeExact(
            function, table, indices + batches.position() * Integer.BYTES, count, out);
      } catch (Throwable e) {
        throw failed(e);
      }
    };
  }

  private static Work bags(EmbeddingCase asked, Data data) {
    String name = (asked.task().name() + "_" + asked.format().name()).toLowerCase(Locale.ROOT);
    MemorySegment function = PROGRAM.open().findOrThrow(name);
    MemorySegment offsets = Arena.global().allocate(ValueLayout.JAVA_INT, asked.bags());
    long starts = offsets.address();
    long weights = Arena.global().allocateFrom(JAVA_FLOAT, data.weights()).address();
    Batches batches = data.batches();
    long table = data.table().address();
    long indices = batches.ints().address();
    long out = data.output().address();
    long count = asked.indices();
    long bags = asked.bags();
    return () -> {
      batches.advance();
      batches.copyOffsetIntsTo(offsets);
      long current = indices + batches.position() * Integer.BYTES;
      try {
        BAGS.invokeExact(function, table, current, count, starts, bags, weights, out);
      } catch (Throwable e) {
        throw failed(e);
      }
    };
  }

  private static Work sgd(EmbeddingCase asked, Data data) {
    MemorySegment function = PROGRAM.open().findOrThrow("sgd");
    Batches batches = data.batches();
    long table = data.table().address();
    long indices = batches.ints().address();
    long gradient = data.gradient().address();
    long count = asked.indices();
    return () -> {
      batches.advance();
      long current = indices + batches.position() * Integer.BYTES;
      try {
        SGD.invokeExact(function, table, current, count, gradient, Task.LEARNING_RATE);
      } catch (Throwable e) {
        throw failed(e);
      }
    };
  }

  private static MethodHandle handle(MemoryLayout... arguments) {
    return Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(arguments));
  }

  private static IllegalStateException failed(Throwable e) {
    return new IllegalStateException("a loop in C failed", e);
  }
}
