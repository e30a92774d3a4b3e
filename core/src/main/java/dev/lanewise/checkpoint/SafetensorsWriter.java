package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes a state dict as a safetensors file. */
final class SafetensorsWriter {
  /** So that the data, and with it each tensor, is aligned to what its elements need. */
  private static final int ALIGNMENT_BYTES = 8;

  private final StateDict state;
  private final StringBuilder json = new StringBuilder("{");

  private SafetensorsWriter(StateDict state) {
    this.state = state;
  }

  static void write(StateDict state, Path path) throws IOException {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new UnsupportedOperationException(
          "safetensors files are little-endian, and are not written on a big-endian machine");
    }
    new SafetensorsWriter(state).write(path);
  }

  private void write(Path path) throws IOException {
    metadata();
    List<Map.Entry<String, Tensor>> tensors =
        TensorsOnly.of(state, Format.SAFETENSORS, SafetensorsHeader.METADATA).entrySet().stream()
            .sorted(
                Comparator.comparingInt(
                        (Map.Entry<String, Tensor> each) -> -each.getValue().dtype().sizeBytes())
                    .thenComparing(
                        each -> each.getKey().getBytes(StandardCharsets.UTF_8),
                        Arrays::compareUnsigned))
            .toList();
    byte[] header = header(tensors);
    AtomicFile.write(
        path,
        out -> {
          out.write(
              ByteBuffer.allocate(Long.BYTES)
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .putLong(0, header.length));
          out.write(header);
          for (Map.Entry<String, Tensor> each : tensors) {
            out.write(each.getValue());
          }
        });
  }

  /** The one value that need not be a tensor: a dict of strings. */
  private void metadata() {
    if (!state.contains(SafetensorsHeader.METADATA)) {
      return;
    }
    if (!(state.value(SafetensorsHeader.METADATA) instanceof Value.Dict(var items))) {
      throw badMetadata();
    }
    name(SafetensorsHeader.METADATA).append('{');
    String separator = "";
    for (Map.Entry<Value.Key, Value> item : items.entrySet()) {
      if (!(item.getKey() instanceof Value.Text(String key))
          || !(item.getValue() instanceof Value.Text(String text))) {
        throw badMetadata();
      }
      json.append(separator);
      string(key).append(':');
      string(text);
      separator = ",";
    }
    json.append('}');
  }

  private static IllegalArgumentException badMetadata() {
    return new IllegalArgumentException(
        "\"" + SafetensorsHeader.METADATA + "\" must be a dict of strings in safetensors");
  }

  private byte[] header(List<Map.Entry<String, Tensor>> tensors) {
    long begin = 0;
    for (Map.Entry<String, Tensor> each : tensors) {
      Tensor tensor = each.getValue();
      long end = begin + tensor.shape().elementCount() * tensor.dtype().sizeBytes();
      name(each.getKey()).append('{');
      string(SafetensorsHeader.DTYPE).append(":\"").append(SafetensorsType.name(tensor.dtype()));
      json.append("\",");
      string(SafetensorsHeader.SHAPE).append(':').append(numbers(tensor.shape().toArray()));
      json.append(',');
      string(SafetensorsHeader.OFFSETS).append(':').append(numbers(begin, end)).append('}');
      begin = end;
    }
    json.append('}');
    byte[] utf8 = json.toString().getBytes(StandardCharsets.UTF_8);
    int gap = Math.floorMod(-utf8.length, ALIGNMENT_BYTES);
    if (utf8.length + gap > SafetensorsReader.MAX_HEADER_BYTES) {
      throw new IllegalArgumentException(
          "names and shapes take "
              + utf8.length
              + " bytes; the header of a safetensors file has at most "
              + SafetensorsReader.MAX_HEADER_BYTES);
    }
    byte[] padded = Arrays.copyOf(utf8, utf8.length + gap);
    Arrays.fill(padded, utf8.length, padded.length, (byte) ' ');
    return padded;
  }

  private static String numbers(long... values) {
    return Arrays.stream(values)
        .mapToObj(Long::toString)
        .collect(Collectors.joining(",", "[", "]"));
  }

  /** The next member's name, with the comma in front of it. */
  private StringBuilder name(String name) {
    if (json.length() > 1) {
      json.append(',');
    }
    return string(name).append(':');
  }

  private StringBuilder string(String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append("\\u00").append(Character.forDigit(c >> 4, 16));
        json.append(Character.forDigit(c & 15, 16));
      } else {
        json.append(c);
      }
    }
    return json.append('"');
  }
}
