package dev.lanewise.embedding;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.rows.RowNumbers;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The bags of a batch, checked and copied once, for as many forward and backward passes and updates
 * as are wanted: which rows of a table each bag takes, and each row's weight. Made by {@link
 * EmbeddingBag#bags}.
 *
 * <p>Bags are given as a list of indices with the offset at which each bag starts (the first 0,
 * none smaller than the one before, none behind the end; the last bag ends with the indices), or as
 * a matrix of indices with one bag a row. {@linkplain EmbeddingBag#withIncludeLastOffset Where the
 * last offset is included}, it is the end of the last bag, and indices behind it belong to no bag.
 * Padding is left out.
 *
 * <p>Loading allocates nothing once there was room for as many. If it fails, there are no bags.
 * While nobody loads, any number of threads may use them.
 */
public final class Bags {
  private final EmbeddingBag bag;
  private final RowNumbers indices = new RowNumbers();

  /** As given, with the end of the last bag: where the bags lie among the indices. */
  private final Offsets bounds = new Offsets();

  /** Without padding. */
  private int[] starts = new int[17];

  private int count;
  private boolean weighted;
  private double[] weights = new double[0];

  /** Where in the indices an entry was given; only of weighted bags. */
  private int[] positions = new int[0];

  Bags(EmbeddingBag bag) {
    this.bag = bag;
  }

  /**
   * Takes bags without weights.
   *
   * @param values the bags' row numbers, one bag behind the other
   * @param offsets where in the values each bag starts
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the offsets are not in order
   */
  public Bags load(int[] values, int[] offsets) {
    begin();
    loadLists(values, offsets, null);
    return this;
  }

  /**
   * Takes weighted bags.
   *
   * @param values the bags' row numbers, one bag behind the other
   * @param offsets where in the values each bag starts
   * @param perSampleWeights a factor for each value
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the offsets are not in order, there are more or fewer
   *     weights than values, or the mode is not {@link BagMode#SUM}
   */
  public Bags loadWeighted(int[] values, int[] offsets, float[] perSampleWeights) {
    begin();
    requireSum();
    if (perSampleWeights.length != values.length) {
      throw new IllegalArgumentException(
          "perSampleWeights: expected " + values.length + ", got " + perSampleWeights.length);
    }
    loadLists(values, offsets, perSampleWeights);
    return this;
  }

  /**
   * Takes bags of equal length.
   *
   * @param values row numbers, int32 or int64 [bags, entries] of any strides
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the values are no matrix of integers
   * @throws IllegalStateException if an arena is closed
   */
  public Bags load(Tensor values) {
    return load(values, null, null);
  }

  /**
   * Takes bags.
   *
   * @param values row numbers, int32 or int64 [n], one bag behind the other
   * @param offsets where in the values each bag starts, int32 or int64 [bags]
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if a tensor has another shape or type, or the offsets are not
   *     in order
   * @throws IllegalStateException if an arena is closed
   */
  public Bags load(Tensor values, Tensor offsets) {
    return load(values, Objects.requireNonNull(offsets, "offsets"), null);
  }

  /**
   * Takes weighted bags of equal length.
   *
   * @param values row numbers, int32 or int64 [bags, entries] of any strides
   * @param perSampleWeights a factor for each value: [bags, entries] of the type that rows are read
   *     as, of any strides
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if a tensor has another shape or type, or the mode is not
   *     {@link BagMode#SUM}
   * @throws IllegalStateException if an arena is closed
   */
  public Bags loadWeighted(Tensor values, Tensor perSampleWeights) {
    return load(values, null, Objects.requireNonNull(perSampleWeights, "perSampleWeights"));
  }

  /**
   * Takes weighted bags.
   *
   * @param values row numbers, int32 or int64 [n], one bag behind the other
   * @param offsets where in the values each bag starts, int32 or int64 [bags]
   * @param perSampleWeights a factor for each value: [n] of the type that rows are read as
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if a tensor has another shape or type, the offsets are not in
   *     order, or the mode is not {@link BagMode#SUM}
   * @throws IllegalStateException if an arena is closed
   */
  public Bags loadWeighted(Tensor values, Tensor offsets, Tensor perSampleWeights) {
    return load(
        values,
        Objects.requireNonNull(offsets, "offsets"),
        Objects.requireNonNull(perSampleWeights, "perSampleWeights"));
  }

  private Bags load(Tensor values, @Nullable Tensor offsets, @Nullable Tensor perSampleWeights) {
    begin();
    if (offsets == null) {
      loadMatrixBounds(values);
    } else {
      loadBounds(values, offsets);
    }
    if (perSampleWeights != null) {
      requireSum();
      Check.readable("perSampleWeights", perSampleWeights, bag.resultType());
      Check.shape("perSampleWeights", perSampleWeights, values.shape());
    }
    indices.load(values, bag.embedding().numEmbeddings());
    if (perSampleWeights != null) {
      readWeights(perSampleWeights, 0);
    }
    cut();
    return this;
  }

  /**
   * Takes a part of longer lists.
   *
   * @param values the indices of all bags
   * @param offsets of all bags
   * @param first the first bag
   * @param end behind the last bag; its offset is the last bag's end
   */
  void loadPart(int[] values, Offsets offsets, int first, int end) {
    begin();
    bounds.part(offsets, first, end + 1);
    indices.load(values, offsets.at(first), offsets.at(end), bag.embedding().numEmbeddings());
    cut();
  }

  /** As the other, from a tensor [n], and factors [n] or null. */
  void loadPart(
      Tensor values, Offsets offsets, int first, int end, @Nullable Tensor perSampleWeights) {
    begin();
    if (perSampleWeights != null) {
      requireSum();
    }
    bounds.part(offsets, first, end + 1);
    indices.load(values, offsets.at(first), offsets.at(end), bag.embedding().numEmbeddings());
    if (perSampleWeights != null) {
      readWeights(perSampleWeights, offsets.at(first));
    }
    cut();
  }

  // -------------------------------------------------------------------------------------------------------- loading

  private void begin() {
    clear();
    weighted = false;
  }

  /** Forgets all bags. */
  void clear() {
    count = 0;
    starts[0] = 0;
  }

  private void requireSum() {
    if (bag.mode() != BagMode.SUM) {
      throw new IllegalArgumentException(
          "perSampleWeights: only bags of mode SUM have weights, not of mode " + bag.mode());
    }
  }

  private void loadLists(int[] values, int[] offsets, float @Nullable [] perSampleWeights) {
    bounds.load(offsets, values.length);
    closeBounds(values.length);
    indices.load(values, bag.embedding().numEmbeddings());
    if (perSampleWeights != null) {
      reserveWeights(values.length);
      for (int i = 0; i < values.length; i++) {
        weights[i] = perSampleWeights[i];
      }
    }
    cut();
  }

  private void loadBounds(Tensor values, Tensor offsets) {
    if (values.rank() != 1) {
      throw new IllegalArgumentException(
          "indices: expected shape [n] where offsets are given, got " + values.shape());
    }
    int length = RowNumbers.requireCountable(values);
    bounds.load(offsets, length);
    closeBounds(length);
  }

  /** Adds the end of the last bag, unless it was given. */
  private void closeBounds(int length) {
    if (bag.includesLastOffset()) {
      if (bounds.count() == 0) {
        throw new IllegalArgumentException(
            "offsets: with the last offset included there is at least one");
      }
      return;
    }
    if (bounds.count() == 0 && length > 0) {
      throw new IllegalArgumentException(
          "there are " + length + " indices, but no offsets: they belong to no bag");
    }
    bounds.append(length);
  }

  private void loadMatrixBounds(Tensor values) {
    if (values.rank() != 2) {
      throw new IllegalArgumentException(
          "indices: expected shape [bags, entries] where no offsets are given, got "
              + values.shape());
    }
    RowNumbers.requireCountable(values);
    // Both fit where there are entries, but there may be too many empty bags, or none of many.
    if (values.size(0) >= Integer.MAX_VALUE || values.size(1) > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "indices: " + values.shape() + " are more bags or entries than one call takes");
    }
    bounds.even((int) values.size(0), (int) values.size(1));
  }

  private void reserveWeights(int entries) {
    weighted = true;
    if (weights.length < entries) {
      weights = new double[Math.max(entries, 2 * weights.length)];
      positions = new int[weights.length];
    }
  }

  /** Reads a factor for each index, from an element in row-major order on. */
  private void readWeights(Tensor from, int first) {
    int entries = indices.count();
    reserveWeights(entries);
    MemorySegment segment = from.segment();
    boolean wide = from.dtype() == DType.FLOAT64;
    long columns = from.rank() == 2 ? from.size(1) : 1;
    long rowStride = from.stride(0);
    long columnStride = from.rank() == 2 ? from.stride(1) : 0;
    for (int i = 0; i < entries; i++) {
      long element = first + (long) i;
      long at = element / columns * rowStride + element % columns * columnStride;
      weights[i] =
          wide
              ? segment.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, from.offsetBytes() + at * 8)
              : segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, from.offsetBytes() + at * 4);
    }
  }

  /** Moves the entries together that belong to a bag and are not padding. */
  private void cut() {
    int bags = bounds.count() - 1;
    if (starts.length <= bags) {
      starts = new int[Math.max(bags + 1, 2 * starts.length)];
    }
    long paddingIdx = bag.embedding().paddingIdx();
    if (paddingIdx == Embedding.NO_PADDING && !weighted) {
      // Nothing is left out, and bags follow one another: the entries are where they belong.
      bounds.copyTo(starts);
      count = bags;
      return;
    }
    long[] rows = indices.rows();
    int to = 0;
    for (int i = 0; i < bags; i++) {
      starts[i] = to;
      for (int from = bounds.at(i); from < bounds.at(i + 1); from++) {
        if (rows[from] != paddingIdx) {
          rows[to] = rows[from];
          if (weighted) {
            weights[to] = weights[from];
            positions[to] = from;
          }
          to++;
        }
      }
    }
    starts[bags] = to;
    count = bags;
  }

  // ------------------------------------------------------------------------------------------------------------ use

  /**
   * Checks that another bag can use these.
   *
   * @param user over the same embedding as the bag that made these, and of its mode
   * @throws IllegalArgumentException if it is not
   */
  @SuppressWarnings("ReferenceEquality") // It is the same or it is not.
  public void requireFor(EmbeddingBag user) {
    if (bag != user && (bag.embedding() != user.embedding() || bag.mode() != user.mode())) {
      throw new IllegalArgumentException("bags: " + this + " of " + bag + " are not for " + user);
    }
  }

  /** How many indices were given, padding included. */
  int given() {
    return indices.count();
  }

  /** Where in the indices each entry of weighted bags was given. */
  int[] positions() {
    return positions;
  }

  /**
   * How many bags there are.
   *
   * @return at least 0
   */
  public int count() {
    return count;
  }

  /**
   * How many entries all bags have together, padding left out.
   *
   * @return at least 0
   */
  public int entries() {
    return starts[count];
  }

  /**
   * The entries' rows of the table, for loops that allocate nothing.
   *
   * @return the array itself, of which the first {@link #entries} are meant; not to be written
   */
  public long[] rows() {
    return indices.rows();
  }

  /**
   * Where each bag starts among the entries, and behind that the end of the last.
   *
   * @return the array itself, of which the first {@link #count} + 1 are meant; not to be written
   */
  public int[] starts() {
    return starts;
  }

  /**
   * Whether the entries have weights.
   *
   * @return false if each counts once
   */
  public boolean isWeighted() {
    return weighted;
  }

  /**
   * The entries' weights.
   *
   * @return the array itself, of which the first {@link #entries} are meant; not to be written;
   *     meaningless unless {@link #isWeighted}
   */
  public double[] weights() {
    return weights;
  }

  /**
   * The number of bags and entries.
   *
   * @return for example {@code Bags(3 of 12 entries)}
   */
  @Override
  public String toString() {
    return "Bags(" + count + " of " + entries() + " entries" + (weighted ? ", weighted)" : ")");
  }
}
