package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes NumPy's zip files of arrays. */
final class NpzWriter {
  private record Array(String entry, byte[] header, Tensor elements) {}

  private NpzWriter() {}

  static void write(StateDict state, Path path) throws IOException {
    List<Array> arrays = new ArrayList<>();
    TensorsOnly.of(state, Format.NPZ)
        .forEach((name, tensor) -> {
          String entry = name + NpzReader.SUFFIX;
          EntryNames.requireValid(entry);
          arrays.add(new Array(entry, NpyHeader.bytes(tensor), NpyHeader.inFileOrder(tensor)));
        });
    AtomicFile.write(
        path,
        out -> {
          var zip = new ZipWriter(out);
          for (Array each : arrays) {
            zip.add(each.entry, each.header, each.elements);
          }
          zip.finish();
        });
  }
}
