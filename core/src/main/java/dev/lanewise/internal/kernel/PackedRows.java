package dev.lanewise.internal.kernel;

/**
 * The layout of the rows of A that a {@link TileKernels tile} is computed from: row i of a heap
 * array starts at element {@code i * PITCH}, so that any row can begin a tile.
 */
public final class PackedRows {
  /** The most elements of a row, which is the length of a block of K: see docs/numerics.md. */
  public static final int LENGTH = 256;

  /**
   * Elements between the starts of two rows. A constant, so that a kernel reads all rows of its
   * tile from one index; a little more than LENGTH, so that they lie in different sets of the L1
   * cache.
   */
  public static final int PITCH = LENGTH + 16;

  private PackedRows() {}
}
