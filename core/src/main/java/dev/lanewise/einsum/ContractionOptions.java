package dev.lanewise.einsum;

import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import java.util.Objects;
import java.util.Optional;

/**
 * How a contraction is planned: the elements' type, the path, how large an intermediate may be, and
 * who helps to run it.
 *
 * <p>The numbers of a contraction of three operands or more depend on its path, and a search
 * depends on the sizes: who wants the same bits at all sizes gives the path.
 *
 * <p>Immutable and thread-safe.
 */
public final class ContractionOptions {
  /** The limit where intermediates may have any size. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  /**
   * float32, a path found by {@link PathSearch#AUTO}, intermediates of any size, run by the caller
   * alone.
   */
  public static final ContractionOptions DEFAULT =
      new ContractionOptions(
          DType.FLOAT32, PathSearch.AUTO, Optional.empty(), UNLIMITED, Parallelism.NONE);

  private final DType dtype;
  private final PathSearch search;
  private final Optional<ContractionPath> path;
  private final long largestIntermediate;
  private final Parallelism parallelism;

  private ContractionOptions(
      DType dtype,
      PathSearch search,
      Optional<ContractionPath> path,
      long largestIntermediate,
      Parallelism parallelism) {
    this.dtype = dtype;
    this.search = search;
    this.path = path;
    this.largestIntermediate = largestIntermediate;
    this.parallelism = parallelism;
  }

  /**
   * The type of the operands, the intermediates and the output, in which everything is computed.
   *
   * @return the type
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * How the path of three operands or more is found, where none is given.
   *
   * @return the search
   */
  public PathSearch search() {
    return search;
  }

  /**
   * The path that is taken.
   *
   * @return empty if one is searched
   */
  public Optional<ContractionPath> path() {
    return path;
  }

  /**
   * How many elements an intermediate may have at most.
   *
   * @return the limit, or {@link #UNLIMITED}
   */
  public long largestIntermediate() {
    return largestIntermediate;
  }

  /**
   * Who helps to run the plan.
   *
   * @return {@link Parallelism#NONE} if its caller runs it alone
   */
  public Parallelism parallelism() {
    return parallelism;
  }

  /**
   * The same with elements of a type.
   *
   * @param newDType float32 or float64; with another type nothing can be planned
   * @return the options
   */
  public ContractionOptions withDType(DType newDType) {
    return new ContractionOptions(
        Objects.requireNonNull(newDType, "newDType"),
        search,
        path,
        largestIntermediate,
        parallelism);
  }

  /**
   * The same with a search, and without a path.
   *
   * @param newSearch how the path is found
   * @return the options
   */
  public ContractionOptions withSearch(PathSearch newSearch) {
    return new ContractionOptions(
        dtype,
        Objects.requireNonNull(newSearch, "newSearch"),
        Optional.empty(),
        largestIntermediate,
        parallelism);
  }

  /**
   * The same with a path, which is taken whatever the search.
   *
   * @param newPath the path
   * @return the options
   */
  public ContractionOptions withPath(ContractionPath newPath) {
    return new ContractionOptions(
        dtype, search, Optional.of(newPath), largestIntermediate, parallelism);
  }

  /**
   * The same with a limit on intermediates.
   *
   * @param elements how many elements an intermediate may have at most
   * @return the options
   * @throws IllegalArgumentException if the limit is negative
   */
  public ContractionOptions withLargestIntermediate(long elements) {
    if (elements < 0) {
      throw new IllegalArgumentException("a limit of " + elements + " elements is negative");
    }
    return new ContractionOptions(dtype, search, path, elements, parallelism);
  }

  /**
   * The same with others who help: each step that is large enough (some million multiply-adds) is
   * divided among them, by what is computed and never within a sum, so that the bits are those of
   * the caller alone.
   *
   * <p>A call that is divided allocates a few small objects, and needs operands and an output that
   * all threads may use: of a shared, automatic or global arena, not a confined one.
   *
   * @param newParallelism who helps; {@link Parallelism#NONE} for the caller alone
   * @return the options
   */
  public ContractionOptions withParallelism(Parallelism newParallelism) {
    return new ContractionOptions(
        dtype,
        search,
        path,
        largestIntermediate,
        Objects.requireNonNull(newParallelism, "newParallelism"));
  }

  /**
   * The settings.
   *
   * @return for example {@code float32, search AUTO, intermediates of at most 1000 elements}
   */
  @Override
  public String toString() {
    return dtype
        + path.map(given -> ", path " + given).orElse(", search " + search)
        + (largestIntermediate == UNLIMITED
            ? ""
            : ", intermediates of at most " + largestIntermediate + " elements")
        + (parallelism.width() == 1 ? "" : ", on " + parallelism.width() + " threads");
  }
}
