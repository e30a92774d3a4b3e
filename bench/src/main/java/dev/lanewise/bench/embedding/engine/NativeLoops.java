package dev.lanewise.bench.embedding.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lanewise.bench.embedding.cases.Batches;
import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.embedding.cases.Task;
import dev.lanewise.bench.engine.CompiledC;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Work;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Map;

/**
 * The limit: loops in C with prefetches, without any check, for rows of the lengths that the cases
 * have. They read the ring of batches where it is. An update moves row after row as the batch has
 * them, which needs no sums by row; so SGD only.
 */
final class NativeLoops implements Engine<EmbeddingCase, Data> {
  private static final CompiledC PROGRAM =
      new CompiledC("/dev/lanewise/bench/embedding/loops.c", "-O3", "-march=native");

  @Override
  public boolean supports(EmbeddingCase asked) {
    return !asked.task().updates() || asked.task() == Task.SGD;
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
    MethodHandle handle =
        handle(
            "lookup" + asked.dim(),
            FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    Batches batches = data.batches();
    MemorySegment table = data.table();
    MemorySegment indices = batches.ints();
    MemorySegment out = data.output();
    long count = asked.indices();
    return () -> {
      batches.advance();
      try {
        handle.invokeExact(table, indices.asSlice(batches.position() * Integer.BYTES), count, out);
      } catch (Throwable e) {
        throw failed(e);
      }
    };
  }

  private static Work bags(EmbeddingCase asked, Data data) {
    String name = (asked.task().name() + "_" + asked.format().name()).toLowerCase(Locale.ROOT);
    MethodHandle handle =
        handle(
            name,
            FunctionDescriptor.ofVoid(
                ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS));
    Batches batches = data.batches();
    MemorySegment table = data.table();
    MemorySegment indices = batches.ints();
    MemorySegment out = data.output();
    MemorySegment offsets = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, asked.bags());
    MemorySegment weights = Arena.ofAuto().allocateFrom(JAVA_FLOAT, data.weights());
    long count = asked.indices();
    long bags = asked.bags();
    return () -> {
      batches.advance();
      batches.copyOffsetIntsTo(offsets);
      MemorySegment current = indices.asSlice(batches.position() * Integer.BYTES);
      try {
        handle.invokeExact(table, current, count, offsets, bags, weights, out);
      } catch (Throwable e) {
        throw failed(e);
      }
    };
  }

  private static Work sgd(EmbeddingCase asked, Data data) {
    MethodHandle handle =
        handle("sgd", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_FLOAT));
    Batches batches = data.batches();
    MemorySegment table = data.table();
    MemorySegment indices = batches.ints();
    MemorySegment gradient = data.gradient();
    long count = asked.indices();
    return () -> {
      batches.advance();
      MemorySegment current = indices.asSlice(batches.position() * Integer.BYTES);
      try {
        handle.invokeExact(table, current, count, gradient, Task.LEARNING_RATE);
      } catch (Throwable e) {
        throw failed(e);
      }
    };
  }

  private static MethodHandle handle(String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(PROGRAM.open().findOrThrow(name), type);
  }

  private static IllegalStateException failed(Throwable e) {
    return new IllegalStateException("a loop in C failed", e);
  }
}
