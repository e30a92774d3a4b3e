package dev.lanewise.checkpoint;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * Reads a <a href="https://huggingface.co/docs/safetensors">safetensors</a> file: the length of the
 * header, the header, the data.
 */
final class SafetensorsReader {
  /** The limit of the reference implementation. */
  static final long MAX_HEADER_BYTES = 100_000_000;

  private SafetensorsReader() {}

  static StateDict read(FileBytes file, ElementLoader loader) throws CheckpointException {
    Origin origin = file.origin().at("header");
    long headerBytes = LittleEndian.of(file.read(0, Long.BYTES)).getLong();
    if (headerBytes < 0 || headerBytes > MAX_HEADER_BYTES) {
      throw origin.refuse(
          "is said to have "
              + Long.toUnsignedString(headerBytes)
              + " bytes; at most "
              + MAX_HEADER_BYTES
              + " are read");
    }
    if (headerBytes > file.size() - Long.BYTES) {
      throw origin.refuse("is said to have " + headerBytes + " bytes, in a file of " + file.size());
    }
    var header = SafetensorsHeader.of(file.read(Long.BYTES, (int) headerBytes), file.origin());
    long dataOffset = Long.BYTES + headerBytes;
    requireTiling(header, file.size() - dataOffset, file.origin());
    return stateDict(header, dataOffset, loader);
  }

  /** The tensors lie one behind the other, from the first byte of the data to the last. */
  private static void requireTiling(SafetensorsHeader header, long dataBytes, Origin origin)
      throws CheckpointException {
    List<SafetensorsHeader.Entry> byPlace = new ArrayList<>(header.tensors().values());
    Collections.sort(byPlace);
    long end = 0;
    for (SafetensorsHeader.Entry each : byPlace) {
      if (each.begin() != end) {
        throw each.origin()
            .refuse(
                "begins at byte "
                    + each.begin()
                    + " of the data, but the tensor before it ends at byte "
                    + end);
      }
      end = each.end();
    }
    if (end != dataBytes) {
      throw origin.refuse("has " + dataBytes + " bytes of data, but its tensors take " + end);
    }
  }

  private static StateDict stateDict(
      SafetensorsHeader header, long dataOffset, ElementLoader loader) throws CheckpointException {
    var state = new StateDict();
    var metadata = header.metadata();
    if (metadata != null) {
      state.put(SafetensorsHeader.METADATA, Value.Dict.of(metadata));
    }
    for (Map.Entry<String, SafetensorsHeader.Entry> each : header.tensors().entrySet()) {
      SafetensorsHeader.Entry entry = each.getValue();
      Extent extent =
          Extent.stored(entry.origin(), dataOffset + entry.begin(), entry.end() - entry.begin());
      state.put(
          each.getKey(),
          loader.tensor(extent, entry.dtype(), entry.shape(), ByteOrder.LITTLE_ENDIAN));
    }
    loader.fill();
    return state;
  }
}
