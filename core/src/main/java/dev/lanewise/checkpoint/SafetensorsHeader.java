package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What the JSON in front of a safetensors file says. An object of objects, read strictly: no name
 * twice, no unknown member, each size what type and shape call for.
 */
final class SafetensorsHeader {
  /** The name that is no tensor's. */
  static final String METADATA = "__metadata__";

  static final String DTYPE = "dtype";
  static final String SHAPE = "shape";
  static final String OFFSETS = "data_offsets";

  private final Origin file;
  private final JsonInput json;
  private final SequencedMap<String, Entry> tensors = new LinkedHashMap<>();
  private @Nullable SequencedMap<String, Value> metadata;

  /**
   * A tensor. They are ordered by their places in the data.
   *
   * @param origin refusals about it
   * @param dtype its elements' type
   * @param shape its sizes
   * @param begin its first byte's place in the data
   * @param end the place behind its last byte
   */
  record Entry(Origin origin, DType dtype, Shape shape, long begin, long end)
      implements Comparable<Entry> {
    @Override
    public int compareTo(Entry other) {
      int order = Long.compare(begin, other.begin);
      return order != 0 ? order : Long.compare(end, other.end);
    }
  }

  private SafetensorsHeader(byte[] header, Origin file) {
    this.file = file;
    this.json = new JsonInput(header, file.at("header"));
  }

  static SafetensorsHeader of(byte[] json, Origin file) throws CheckpointException {
    var header = new SafetensorsHeader(json, file);
    header.read();
    return header;
  }

  /** The tensors, in the header's order. */
  SequencedMap<String, Entry> tensors() {
    return tensors;
  }

  /** The strings of {@link #METADATA}; null if it is not there. */
  @Nullable SequencedMap<String, Value> metadata() {
    return metadata;
  }

  private void read() throws CheckpointException {
    json.expect('{');
    for (boolean more = !json.accept('}'); more; more = hasMore('}')) {
      String name = json.string();
      json.expect(':');
      if (name.equals(METADATA)) {
        if (metadata != null) {
          throw file.at(name).refuse("occurs twice");
        }
        metadata = readMetadata();
      } else if (tensors.put(name, readEntry(file.at(name))) != null) {
        throw file.at(name).refuse("occurs twice");
      }
    }
    json.expectEnd();
  }

  private boolean hasMore(char end) throws CheckpointException {
    if (json.accept(end)) {
      return false;
    }
    json.expect(',');
    return true;
  }

  private SequencedMap<String, Value> readMetadata() throws CheckpointException {
    SequencedMap<String, Value> strings = new LinkedHashMap<>();
    json.expect('{');
    for (boolean more = !json.accept('}'); more; more = hasMore('}')) {
      String name = json.string();
      json.expect(':');
      if (strings.put(name, Value.of(json.string())) != null) {
        throw file.at(METADATA).refuse("has \"" + name + "\" twice");
      }
    }
    return strings;
  }

  private Entry readEntry(Origin origin) throws CheckpointException {
    @Nullable DType dtype = null;
    long @Nullable [] sizes = null;
    long @Nullable [] offsets = null;
    json.expect('{');
    for (boolean more = !json.accept('}'); more; more = hasMore('}')) {
      String member = json.string();
      json.expect(':');
      boolean repeated =
          switch (member) {
            case DTYPE -> {
              boolean known = dtype != null;
              dtype = dtype(origin);
              yield known;
            }
            case SHAPE -> {
              boolean known = sizes != null;
              sizes = integers(origin);
              yield known;
            }
            case OFFSETS -> {
              boolean known = offsets != null;
              offsets = integers(origin);
              yield known;
            }
            default ->
                throw origin.refuse(
                    "has \"" + member + "\"; a tensor has dtype, shape and data_offsets");
          };
      if (repeated) {
        throw origin.refuse("has \"" + member + "\" twice");
      }
    }
    if (dtype == null || sizes == null || offsets == null || offsets.length != 2) {
      throw origin.refuse("must have dtype, shape and data_offsets, two numbers");
    }
    return entry(origin, dtype, sizes, offsets[0], offsets[1]);
  }

  private static Entry entry(Origin origin, DType dtype, long[] sizes, long begin, long end)
      throws CheckpointException {
    Shape shape;
    long bytes;
    try {
      shape = Shape.of(sizes);
      bytes = Math.multiplyExact(shape.elementCount(), dtype.sizeBytes());
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw origin.refuse("has more bytes than can be counted", e);
    }
    if (begin > end || end - begin != bytes) {
      throw origin.refuse(
          "has data_offsets ["
              + begin
              + ", "
              + end
              + "], but "
              + dtype
              + " "
              + shape
              + " takes "
              + bytes
              + " bytes");
    }
    return new Entry(origin, dtype, shape, begin, end);
  }

  private DType dtype(Origin origin) throws CheckpointException {
    String name = json.string();
    DType dtype = SafetensorsType.dtype(name);
    if (dtype == null) {
      throw origin.refuse(
          "is of type \""
              + name
              + "\", which is not supported; supported are "
              + SafetensorsType.supported());
    }
    return dtype;
  }

  private long[] integers(Origin origin) throws CheckpointException {
    long[] values = new long[Limits.MAX_RANK];
    int count = 0;
    json.expect('[');
    for (boolean more = !json.accept(']'); more; more = hasMore(']')) {
      Limits.requireRank(count + 1, origin);
      values[count++] = json.unsignedInteger();
    }
    return Arrays.copyOf(values, count);
  }
}
