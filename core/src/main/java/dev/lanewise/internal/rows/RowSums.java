package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.sort.RowGroups;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The contributions of a batch by row: grouped once, then summed row by row in the order of the
 * batch, starting from +0. Once grouped, any number of threads may sum.
 */
public final class RowSums {
  private static final RowKernels ROWS = KernelSet.active().rows(RowFormat.FLOAT32);
  private static final RowKernels SLICED_ROWS = KernelSet.active().slicedRows(RowFormat.FLOAT32);
  private static final ElementwiseKernels ELEMENTS = KernelSet.active().elementwise();
  private static final long[] ONLY_ROW = {0};

  private final RowGroups groups = new RowGroups();
  private double[] sortedWeights = new double[0];
  private @Nullable Contributions contributions;
  private boolean weighted;

  /** What becomes of a row's sum. */
  public enum Kind {
    PLAIN,
    /** Divided by the number of its entries. */
    BY_FREQUENCY
  }

  /**
   * Sorts entries by row.
   *
   * @param batch which is not to change while its rows are summed
   * @param skip a row whose entries are left out; negative for none
   */
  public void group(Contributions batch, long skip) {
    groups.group(batch.rows(), batch.count(), skip);
    contributions = batch;
    long[] positions = groups.positions();
    int kept = groups.start(groups.count());
    double[] weights = batch.weights();
    weighted = weights != null;
    if (weights != null) {
      if (sortedWeights.length < kept) {
        sortedWeights = new double[Math.max(kept, 2 * sortedWeights.length)];
      }
      for (int i = 0; i < kept; i++) {
        sortedWeights[i] = weights[(int) positions[i]];
      }
    }
    long[] sources = batch.sources();
    if (sources != null) {
      for (int i = 0; i < kept; i++) {
        positions[i] = sources[(int) positions[i]];
      }
    }
  }

  /** How many distinct rows there are. */
  public int count() {
    return groups.count();
  }

  /** The distinct rows, ascending; only the first {@link #count} are meant. */
  public long[] rows() {
    return groups.rows();
  }

  /** Whether a row's sum is +0 and one row of the matrix, as it is. */
  public boolean isOneRow(int group) {
    return !weighted && groups.size(group) == 1;
  }

  /** The row of the matrix that a row's first entry adds. */
  public long source(int group) {
    return groups.positions()[groups.start(group)];
  }

  /** The memory the matrix is in. */
  public MemorySegment segment() {
    return batch().segment();
  }

  /** Where its first row starts. */
  public long offsetBytes() {
    return batch().offsetBytes();
  }

  /** How far apart its rows are. */
  public long strideBytes() {
    return batch().strideBytes();
  }

  /**
   * Reads ahead what will be summed for some rows, the first entries at least.
   *
   * @param first the first of the distinct rows
   * @param count how many
   * @param most at most so many entries: more are a few rows that are asked for often
   * @return a number that depends on what was read
   */
  public int touch(int first, int count, int most) {
    Contributions batch = batch();
    int entries = groups.start(first + count) - groups.start(first);
    return RowTouch.touch(
        batch.segment(),
        batch.offsetBytes(),
        batch.strideBytes(),
        (long) batch.width() * Float.BYTES,
        groups.positions(),
        groups.start(first),
        Math.min(entries, most));
  }

  /**
   * Sums what one row gets.
   *
   * @param group which of the distinct rows
   * @param kind what becomes of the sum
   * @param to where it is written
   * @param offset from which byte on
   */
  public void sum(int group, Kind kind, MemorySegment to, long offset) {
    Contributions batch = batch();
    RowKernels kernels = batch.segment().isMapped() ? ROWS : SLICED_ROWS;
    int size = groups.size(group);
    int width = batch.width();
    double divisor = kind == Kind.BY_FREQUENCY ? size : 1;
    if (weighted) {
      kernels.bagWeightedSum(
          batch.segment(),
          batch.offsetBytes(),
          batch.strideBytes(),
          groups.positions(),
          groups.start(group),
          size,
          sortedWeights,
          to,
          offset,
          width);
      if (divisor != 1) {
        ROWS.bagSum(to, offset, 0, ONLY_ROW, 0, 1, to, offset, width, divisor);
      }
    } else {
      kernels.bagSum(
          batch.segment(),
          batch.offsetBytes(),
          batch.strideBytes(),
          groups.positions(),
          groups.start(group),
          size,
          to,
          offset,
          width,
          divisor);
    }
    if (kind == Kind.BY_FREQUENCY) {
      // A gradient that is added to +0 is never -0, which a quotient or a tiny product may be.
      ELEMENTS.addScalar(to, offset, to, offset, 0f, width);
    }
  }

  private Contributions batch() {
    if (contributions == null) {
      throw new IllegalStateException("no contributions were grouped");
    }
    return contributions;
  }
}
