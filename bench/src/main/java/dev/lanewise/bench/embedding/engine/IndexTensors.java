package dev.lanewise.bench.embedding.engine;

import dev.lanewise.bench.embedding.cases.Batches;
import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.engine.Libtorch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The current batch as libtorch takes it: two tensors whose memory is written before each call. */
final class IndexTensors {
  /** What the numbers are. */
  enum Width {
    /** 32 bits. */
    INT32,
    /** 64 bits. */
    INT64
  }

  private final Width width;
  private final Batches batches;
  private final boolean bags;
  private final MemorySegment indexMemory;
  private final MemorySegment offsetMemory;
  private final Tensor indices;
  private final Tensor offsets;

  IndexTensors(EmbeddingCase asked, Data data, Width width) {
    this.width = width;
    this.batches = data.batches();
    this.bags = asked.task().reduces();
    long bytes = width == Width.INT32 ? Integer.BYTES : Long.BYTES;
    indexMemory = Arena.ofAuto().allocate(bytes * asked.indices(), Data.ALIGNMENT);
    offsetMemory = Arena.ofAuto().allocate(bytes * asked.bags(), Data.ALIGNMENT);
    TensorOptions type = new TensorOptions(width == Width.INT32 ? ScalarType.Int : ScalarType.Long);
    indices = torch.from_blob(Libtorch.pointer(indexMemory), new long[] {asked.indices()}, type);
    offsets = torch.from_blob(Libtorch.pointer(offsetMemory), new long[] {asked.bags()}, type);
  }

  /** Brings the next batch. */
  void advance() {
    batches.advance();
    if (width == Width.INT32) {
      batches.copyIntsTo(indexMemory);
      if (bags) {
        batches.copyOffsetIntsTo(offsetMemory);
      }
    } else {
      batches.copyLongsTo(indexMemory);
      if (bags) {
        batches.copyOffsetLongsTo(offsetMemory);
      }
    }
  }

  /** The row numbers. */
  Tensor indices() {
    return indices;
  }

  /** Where the bags start. */
  Tensor offsets() {
    return offsets;
  }
}
