package dev.lanewise.internal.rows;

import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A float32 table whose rows are compared with queries.
 *
 * @param tensor [rows, width], whose rows lie without gaps inside
 * @param distance whether squared differences are summed, and not products
 * @param scaleOfRows a factor for each row's score, or null
 * @param excluded the number of a row that is left out, or -1
 */
public record RowTable(
    Tensor tensor, boolean distance, @Nullable MemorySegment scaleOfRows, long excluded) {
  int width() {
    return (int) tensor.size(1);
  }

  long rowCount() {
    return tensor.size(0);
  }

  MemorySegment segment() {
    return tensor.segment();
  }

  /** Where a row starts, in bytes. */
  long offset(long row) {
    return tensor.offsetBytes() + row * stride();
  }

  /** The distance of rows, in bytes. */
  long stride() {
    return tensor.stride(0) * Float.BYTES;
  }

  boolean scaled() {
    return scaleOfRows != null;
  }

  MemorySegment scales() {
    return scaleOfRows == null ? MemorySegment.NULL : scaleOfRows;
  }
}
