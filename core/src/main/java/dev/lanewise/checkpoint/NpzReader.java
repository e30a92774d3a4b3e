package dev.lanewise.checkpoint;

/** Reads NumPy's zip files of arrays. */
final class NpzReader {
  static final String SUFFIX = ".npy";

  private NpzReader() {}

  /** Whether these are the entries of such a file, which has nothing but arrays. */
  static boolean isNpz(ZipArchive zip) {
    for (String name : zip.names()) {
      if (!name.endsWith(SUFFIX)) {
        return false;
      }
    }
    return true;
  }

  static StateDict read(ZipArchive zip, ElementLoader loader) throws CheckpointException {
    var state = new StateDict();
    for (String entry : zip.names()) {
      Extent extent = zip.extent(entry);
      NpyHeader header =
          NpyHeader.of(zip.reader().head(extent, NpyHeader.MAX_BYTES), extent.origin());
      String name = entry.substring(0, entry.length() - SUFFIX.length());
      state.put(name, Npy.reserve(header, extent, loader));
    }
    loader.fill();
    return state;
  }
}
