package dev.lanewise.einsum;

import dev.lanewise.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * The loops that a plan has made so far, by the strides of the tensors they are for; the most
 * recent few are kept.
 *
 * <p>Thread-safe without a lock; allocates nothing for strides it remembers.
 *
 * @param <N> the kind of loops
 */
final class NestCache<N> {
  /** How many combinations of strides a plan remembers the loops of. */
  private static final int REMEMBERED = 8;

  private final Maker<N> maker;

  /**
   * Grows by copying, so that readers need no lock; two threads that add at once may lose one
   * entry, which is then made again.
   */
  private volatile Bound<?>[] bounds = new Bound<?>[0];

  NestCache(Maker<N> maker) {
    this.maker = maker;
  }

  /** Makes loops for strides in elements; a tensor that has no say in them has none. */
  interface Maker<N> {
    N make(long[] first, long[] second, long[] out);
  }

  /** The loops for these tensors' strides. */
  N nest(Tensor first, Tensor second, Tensor out) {
    Bound<?>[] known = bounds;
    for (Bound<?> bound : known) {
      if (bound.fits(first, second, out)) {
        return nest(bound);
      }
    }
    long[] firstStrides = first.strides();
    long[] secondStrides = second.strides();
    long[] outStrides = out.strides();
    N made = maker.make(firstStrides, secondStrides, outStrides);
    int kept = Math.min(known.length, REMEMBERED - 1);
    Bound<?>[] next = new Bound<?>[kept + 1];
    next[0] = new Bound<>(firstStrides, secondStrides, outStrides, made);
    System.arraycopy(known, 0, next, 1, kept);
    bounds = next;
    return made;
  }

  @SuppressWarnings("unchecked") // Only what the maker made is ever bound.
  private N nest(Bound<?> bound) {
    return (N) bound.nest;
  }

  /** Those made so far, the most recent first. */
  Stream<N> all() {
    return Arrays.stream(bounds).map(this::nest);
  }

  /** The loops for one combination of strides. */
  private record Bound<N>(long[] first, long[] second, long[] out, N nest) {
    boolean fits(Tensor a, Tensor b, Tensor c) {
      return matches(first, a) && matches(second, b) && matches(out, c);
    }

    private static boolean matches(long[] strides, Tensor tensor) {
      for (int dim = 0; dim < strides.length; dim++) {
        if (strides[dim] != tensor.stride(dim)) {
          return false;
        }
      }
      return true;
    }
  }
}
