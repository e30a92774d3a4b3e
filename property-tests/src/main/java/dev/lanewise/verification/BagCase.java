package dev.lanewise.verification;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Bags of row numbers: a list of indices cut at offsets, as embedding bags take them. */
public final class BagCase {
  private final List<List<Integer>> bags;
  private final int numEmbeddings;
  private final int paddingIdx;

  /**
   * Bags.
   *
   * @param bags the row numbers of each bag, padding included
   * @param numEmbeddings the table's rows
   * @param paddingIdx the padding row, or -1
   */
  public BagCase(List<List<Integer>> bags, int numEmbeddings, int paddingIdx) {
    this.bags = bags.stream().map(List::copyOf).toList();
    this.numEmbeddings = numEmbeddings;
    this.paddingIdx = paddingIdx;
  }

  /**
   * How many bags there are.
   *
   * @return the count
   */
  public int count() {
    return bags.size();
  }

  /**
   * The table's rows.
   *
   * @return the count
   */
  public int numEmbeddings() {
    return numEmbeddings;
  }

  /**
   * The padding row.
   *
   * @return its number, or -1
   */
  public int paddingIdx() {
    return paddingIdx;
  }

  /**
   * The rows of a bag, in order, without padding.
   *
   * @param bag its number
   * @return the rows
   */
  public List<Integer> rowsOf(int bag) {
    return bags.get(bag).stream().filter(row -> row != paddingIdx).toList();
  }

  /**
   * Where a bag's rows stand among {@link #indices}, in order, without padding.
   *
   * @param bag its number
   * @return the positions, one for each of {@link #rowsOf}
   */
  public List<Integer> positionsOf(int bag) {
    List<Integer> members = bags.get(bag);
    int start = offsets()[bag];
    return IntStream.range(0, members.size())
        .filter(i -> members.get(i) != paddingIdx)
        .mapToObj(i -> start + i)
        .toList();
  }

  /**
   * All row numbers, one bag behind the other.
   *
   * @return a new array
   */
  public int[] indices() {
    List<Integer> all = new ArrayList<>();
    bags.forEach(all::addAll);
    return all.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Where each bag starts.
   *
   * @return a new array
   */
  public int[] offsets() {
    int[] offsets = new int[bags.size()];
    int at = 0;
    for (int bag = 0; bag < offsets.length; bag++) {
      offsets[bag] = at;
      at += bags.get(bag).size();
    }
    return offsets;
  }

  /**
   * The bags in words.
   *
   * @return for example {@code bags [[0, 1], []] of 5 rows, padding -1}
   */
  @Override
  public String toString() {
    return "bags "
        + Arrays.toString(bags.toArray())
        + " of "
        + numEmbeddings
        + " rows, padding "
        + paddingIdx;
  }
}
