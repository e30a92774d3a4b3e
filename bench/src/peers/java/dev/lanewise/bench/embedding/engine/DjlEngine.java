package dev.lanewise.bench.embedding.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import dev.lanewise.bench.embedding.cases.Batches;
import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.embedding.cases.Task;
import dev.lanewise.bench.engine.AbsentException;
import dev.lanewise.bench.engine.Trial;
import dev.lanewise.bench.engine.Work;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;

/**
 * DJL's PyTorch engine, for lookups: its embedding block's own function, which returns a new array
 * that is freed at once, as it has none with a given output. Table and row numbers are arrays over
 * the memory that the case has, without a copy; of row numbers of 32 and of 64 bits, the quicker.
 *
 * <p>An array lies over a direct {@link java.nio.ByteBuffer}, whose size is an int; no lookup of
 * the suite has a larger table (4,000,000 x 128 are 2,048,000,000 bytes). DJL has no bags and no
 * sparse updates.
 *
 * <p>It has a libtorch of its own, older than the one of the engine {@code libtorch} and with files
 * of the same names: both in one process would take each other's. So only the JVM of a pair loads
 * it; what is said of it is read from its jars. It unpacks 450 MB into DJL's cache folder at first,
 * and runs offline: see {@link Contenders}.
 */
final class DjlEngine implements PeersOnly.Peer {
  @Override
  public boolean supports(EmbeddingCase asked) {
    return asked.task() == Task.LOOKUP
        && asked.rows() * asked.format().rowBytes(asked.dim()) <= Integer.MAX_VALUE;
  }

  @Override
  public Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("version", property("api.properties", "djl_version"));
    facts.put("its libtorch", property("/native/lib/pytorch.properties", "version"));
    return facts;
  }

  /** What a jar of DJL says of itself. */
  private static String property(String resource, String key) {
    Properties properties = new Properties();
    try (InputStream content = Engine.class.getResourceAsStream(resource)) {
      if (content == null) {
        throw new AbsentException(resource + " is not here; see the profile peers");
      }
      properties.load(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty(key, "unknown");
  }

  @Override
  public Work prepare(EmbeddingCase asked, Data data) {
    NDManager manager = Engine.getEngine("PyTorch").newBaseManager();
    NDArray table =
        array(manager, data.table(), new Shape(asked.rows(), asked.dim()), DataType.FLOAT32);
    Batches batches = data.batches();
    return Trial.quickest(
        List.of(
            lookup(asked, data, table, DataType.INT32, batches::copyIntsTo),
            lookup(asked, data, table, DataType.INT64, batches::copyLongsTo)));
  }

  private static Work lookup(
      EmbeddingCase asked,
      Data data,
      NDArray table,
      DataType indexType,
      Consumer<MemorySegment> copy) {
    int count = asked.indices();
    MemorySegment memory =
        Arena.ofAuto().allocate((long) count * indexType.getNumOfBytes(), Data.ALIGNMENT);
    NDArray indices = array(table.getManager(), memory, new Shape(count), indexType);
    return new Lookup(data, memory, copy, indices, table);
  }

  private static NDArray array(
      NDManager manager, MemorySegment memory, Shape shape, DataType type) {
    return manager.create(memory.asByteBuffer().order(ByteOrder.nativeOrder()), shape, type);
  }

  private record Lookup(
      Data data, MemorySegment memory, Consumer<MemorySegment> copy, NDArray indices, NDArray table)
      implements Work {
    @Override
    public void run() {
      data.batches().advance();
      copy.accept(memory);
      call().close();
    }

    @Override
    public void publish() {
      try (NDList result = call()) {
        data.output().copyFrom(MemorySegment.ofBuffer(result.head().toByteBuffer()));
      }
    }

    private NDList call() {
      return Embedding.embedding(indices, table, SparseFormat.DENSE);
    }
  }
}
