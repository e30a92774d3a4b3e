package dev.lanewise.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A zip file with any entries and any pickle, independent of the code under test. By default: one
 * float32 tensor "w", 1 and 2.
 */
final class ForgedCheckpoint {
  private final Map<String, byte[]> entries = new LinkedHashMap<>();
  private String folder = "model/";

  ForgedCheckpoint() {
    entry("data.pkl", stateDict(tensor("FloatStorage", "0", 2, 0, new int[] {2}, new int[] {1})));
    entry("byteorder", "little");
    entry("data/0", new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40});
    entry("version", "3\n");
  }

  ForgedCheckpoint entry(String name, byte[] bytes) {
    entries.put(name, bytes);
    return this;
  }

  ForgedCheckpoint entry(String name, String text) {
    return entry(name, text.getBytes(StandardCharsets.US_ASCII));
  }

  ForgedCheckpoint without(String name) {
    entries.remove(name);
    return this;
  }

  ForgedCheckpoint folder(String newFolder) {
    folder = newFolder;
    return this;
  }

  /** Replaces the pickle. */
  ForgedCheckpoint pickle(byte[] pickle) {
    return entry("data.pkl", pickle);
  }

  /** Writes the file, deflated. */
  Path write(Path file) {
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, byte[]> each : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(folder + each.getKey()));
        zip.write(each.getValue());
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  /** A dict with one item "w". */
  static byte[] stateDict(byte[] value) {
    return bytes("\u0080\u0002}", text("w"), value, "s.");
  }

  /** A whole pickle of the given instructions. */
  static byte[] pickled(Object... instructions) {
    return bytes("\u0080\u0002", bytes(instructions), ".");
  }

  static byte[] tensor(
      String storage, String key, int elementCount, int offset, int[] sizes, int[] strides) {
    return bytes(
        "ctorch._utils\n_rebuild_tensor_v2\n(",
        storage(storage, key, elementCount),
        integer(offset),
        tuple(sizes),
        tuple(strides),
        "\u0089ccollections\nOrderedDict\n)RtR");
  }

  /** A tensor of a storage that holds bytes. */
  static byte[] untypedTensor(
      String dtype, String key, int byteCount, int offset, int[] sizes, int[] strides) {
    return bytes(
        "ctorch._utils\n_rebuild_tensor_v3\n(",
        untypedStorage(key, byteCount),
        integer(offset),
        tuple(sizes),
        tuple(strides),
        "\u0089ccollections\nOrderedDict\n)R",
        "ctorch\n" + dtype + "\ntR");
  }

  static byte[] storage(String storage, String key, int elementCount) {
    return storage("torch", storage, key, elementCount);
  }

  static byte[] untypedStorage(String key, int byteCount) {
    return storage("torch.storage", "UntypedStorage", key, byteCount);
  }

  private static byte[] storage(String module, String storage, String key, int count) {
    return bytes(
        "(",
        text("storage"),
        "c" + module + "\n" + storage + "\n",
        text(key),
        text("cpu"),
        integer(count),
        "tQ");
  }

  static byte[] text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    return bytes("X", littleEndian(utf8.length), utf8);
  }

  static byte[] integer(int value) {
    return bytes("J", littleEndian(value));
  }

  static byte[] tuple(int... values) {
    byte[] items = {};
    for (int value : values) {
      items = bytes(items, integer(value));
    }
    return bytes("(", items, "t");
  }

  static byte[] littleEndian(int value) {
    return new byte[] {
      (byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)
    };
  }

  /** Byte arrays, and strings whose characters are bytes, one behind the other. */
  static byte[] bytes(Object... parts) {
    var all = new ByteArrayOutputStream();
    for (Object part : parts) {
      all.writeBytes(
          part instanceof byte[] bytes
              ? bytes
              : part.toString().getBytes(StandardCharsets.ISO_8859_1));
    }
    return all.toByteArray();
  }
}
