package dev.lanewise.jit;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.TileKernels;
import java.util.ArrayList;
import java.util.List;

/**
 * One micro-kernel of matrix products.
 *
 * @param kernels the class that it is a method of
 * @param rows the rows of the tile
 * @param vectors the vectors of a row
 */
record Tile(Class<?> kernels, int rows, int vectors) {
  /** All tiles that kernels compute on this machine. */
  static List<Tile> of(KernelSet set) {
    List<Tile> tiles = new ArrayList<>();
    for (ContractionKernels<?> kernels : List.of(set.float32(), set.float64())) {
      TileKernels<?> packed = kernels.tiles();
      for (int vectors = 1; vectors <= packed.maxVectors(); vectors++) {
        add(packed.getClass(), packed.maxRows(vectors), vectors, tiles);
      }
      for (DirectKernels direct : kernels.direct()) {
        for (int vectors = 1; vectors <= direct.maxVectors(); vectors++) {
          add(direct.getClass(), direct.maxRows(vectors), vectors, tiles);
        }
      }
    }
    return tiles;
  }

  private static void add(Class<?> kernels, int maxRows, int vectors, List<Tile> tiles) {
    for (int rows = 1; rows <= maxRows; rows++) {
      tiles.add(new Tile(kernels, rows, vectors));
    }
  }

  /** Its class and name, as the JVM tells them. */
  String method() {
    return kernels.getName() + ".tile" + rows + "x" + vectors;
  }

  /** The multiply-adds of one step along the sum. */
  int multiplyAdds() {
    return rows * vectors;
  }
}
