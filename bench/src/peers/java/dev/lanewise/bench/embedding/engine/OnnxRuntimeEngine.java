package dev.lanewise.bench.embedding.engine;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.lanewise.bench.embedding.cases.Batches;
import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.embedding.cases.Task;
import dev.lanewise.bench.engine.Trial;
import dev.lanewise.bench.engine.Work;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * ONNX Runtime by its Java interface, for lookups: a session over a model of one Gather, with one
 * thread that does not spin. Table, row numbers and result are tensors over the memory that the
 * case has, without a copy; the result is a pinned output. Of row numbers of 32 and of 64 bits, the
 * quicker.
 *
 * <p>A tensor lies over a direct {@link java.nio.ByteBuffer}, whose size is an int, and must be at
 * least 8 bytes smaller than 2^31 - 1: a larger table would have to come from a file. No lookup of
 * the suite has one (4,000,000 x 128 are 2,048,000,000 bytes).
 *
 * <p>ONNX has no bags and no updates of a table.
 */
final class OnnxRuntimeEngine implements PeersOnly.Peer {
  private static final long MOST_BYTES = Integer.MAX_VALUE - 8;

  @Override
  public boolean supports(EmbeddingCase asked) {
    return asked.task() == Task.LOOKUP
        && asked.rows() * asked.format().rowBytes(asked.dim()) <= MOST_BYTES;
  }

  @Override
  public Map<String, String> facts() {
    return Map.of("version", OrtEnvironment.getEnvironment().getVersion());
  }

  @Override
  public Work prepare(EmbeddingCase asked, Data data) {
    try {
      OnnxTensor table =
          tensor(data.table(), OnnxJavaType.FLOAT, new long[] {asked.rows(), asked.dim()});
      OnnxTensor out =
          tensor(data.output(), OnnxJavaType.FLOAT, new long[] {asked.results(), asked.dim()});
      Batches batches = data.batches();
      return Trial.quickest(
          List.of(
              lookup(asked, table, out, OnnxJavaType.INT32, batches, batches::copyIntsTo),
              lookup(asked, table, out, OnnxJavaType.INT64, batches, batches::copyLongsTo)));
    } catch (OrtException e) {
      throw failed(e);
    }
  }

  private static Work lookup(
      EmbeddingCase asked,
      OnnxTensor table,
      OnnxTensor out,
      OnnxJavaType indexType,
      Batches batches,
      Consumer<MemorySegment> copy)
      throws OrtException {
    int count = asked.indices();
    MemorySegment memory = Arena.ofAuto().allocate((long) count * indexType.size, Data.ALIGNMENT);
    OnnxTensor indices = tensor(memory, indexType, new long[] {count});
    OrtSession session = session(GatherModel.bytes(asked.rows(), asked.dim(), count, indexType));
    Map<String, OnnxTensor> inputs = Map.of(GatherModel.TABLE, table, GatherModel.INDICES, indices);
    Map<String, OnnxTensor> outputs = Map.of(GatherModel.OUT, out);
    return () -> {
      batches.advance();
      copy.accept(memory);
      try {
        session.run(inputs, outputs).close();
      } catch (OrtException e) {
        throw failed(e);
      }
    };
  }

  private static OrtSession session(byte[] model) throws OrtException {
    try (SessionOptions options = new SessionOptions()) {
      options.setExecutionMode(SessionOptions.ExecutionMode.SEQUENTIAL);
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      options.addConfigEntry("session.inter_op.allow_spinning", "0");
      return OrtEnvironment.getEnvironment().createSession(model, options);
    }
  }

  private static OnnxTensor tensor(MemorySegment memory, OnnxJavaType type, long[] sizes)
      throws OrtException {
    return OnnxTensor.createTensor(
        OrtEnvironment.getEnvironment(),
        memory.asByteBuffer().order(ByteOrder.nativeOrder()),
        sizes,
        type);
  }

  private static IllegalStateException failed(OrtException e) {
    return new IllegalStateException("ONNX Runtime failed", e);
  }
}
