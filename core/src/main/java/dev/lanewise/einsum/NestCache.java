package dev.lanewise.einsum;

import dev.lanewise.tensor.Tensor;
import dev.lanewise.tensor.TensorLayout;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The loops that a plan has made so far, by the layouts of the tensors they are for; the most
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

  /** The loops for tensors of layouts that were seen before; null for others. */
  @Nullable N known(Tensor first, Tensor second, Tensor out) {
    for (Bound<?> bound : bounds) {
      if (bound.fits(first, second, out)) {
        return nest(bound);
      }
    }
    return null;
  }

  /** The loops for these tensors' layouts. */
  N nest(Tensor first, Tensor second, Tensor out) {
    N seen = known(first, second, out);
    if (seen != null) {
      return seen;
    }
    N made = maker.make(first.strides(), second.strides(), out.strides());
    Bound<?>[] known = bounds;
    int kept = Math.min(known.length, REMEMBERED - 1);
    Bound<?>[] next = new Bound<?>[kept + 1];
    next[0] = new Bound<>(first.layout(), second.layout(), out.layout(), made);
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

  /** The loops for one combination of layouts. */
  private record Bound<N>(TensorLayout first, TensorLayout second, TensorLayout out, N nest) {
    boolean fits(Tensor a, Tensor b, Tensor c) {
      return first.equals(a.layout()) && second.equals(b.layout()) && out.equals(c.layout());
    }
  }
}
