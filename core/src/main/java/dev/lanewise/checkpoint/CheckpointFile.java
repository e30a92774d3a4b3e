package dev.lanewise.checkpoint;

import java.lang.foreign.Arena;
import java.nio.file.Path;

/**
 * Reads a file in whichever format it is.
 *
 * <p>No lambda, stream, switch over types, sum of strings or generated hash of a record is run on
 * the way to a mapped tensor of PyTorch's or safetensors: the first of each in a JVM takes as long
 * as the rest of the open.
 */
final class CheckpointFile {
  private CheckpointFile() {}

  static StateDict read(Path path, Arena arena, Access access) throws CheckpointException {
    try (FileBytes file = FileBytes.open(path)) {
      return read(file, new ElementLoader(file, arena, access));
    }
  }

  private static StateDict read(FileBytes file, ElementLoader loader) throws CheckpointException {
    return switch (FileKind.of(file)) {
      case ZIP, EMPTY_ZIP -> readZip(ZipArchive.of(file), loader);
      case SAFETENSORS -> SafetensorsReader.read(file, loader);
      case NPY ->
          throw file.origin()
              .refuse("is one npy array without a name; read it with Npy.load or Npy.map");
      case LEGACY_PYTORCH ->
          throw file.origin()
              .refuse(
                  "is in the format of PyTorch before 1.6, which is not read; re-save it with"
                      + " PyTorch 1.6 or later: torch.save(torch.load(old), new)");
    };
  }

  private static StateDict readZip(ZipArchive zip, ElementLoader loader)
      throws CheckpointException {
    return NpzReader.isNpz(zip) ? NpzReader.read(zip, loader) : TorchReader.read(zip, loader);
  }

  static void verify(Path path) throws CheckpointException {
    try (Arena arena = Arena.ofConfined();
        FileBytes file = FileBytes.open(path)) {
      read(file, new ElementLoader(file, arena, Access.MAP));
      if (FileKind.of(file) == FileKind.ZIP) {
        ZipArchive zip = ZipArchive.of(file);
        for (Extent extent : zip.extents()) {
          zip.reader().verify(extent);
        }
      }
    }
  }
}
