package dev.lanewise.einsum;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Plans by equation, type and shapes, the most recently used ones: bounded in their number and in
 * the scratch memory that a run of each needs. Thread-safe; plans are made outside the lock, so
 * that two threads may make the same plan at the same time, and one of them is kept.
 */
final class PlanCache {
  private record Key(String equation, DType dtype, List<Shape> shapes) {}

  private final int mostPlans;
  private final long mostScratchBytes;

  /** Guarded by itself. In order of use, the least recent first. */
  private final Map<Key, Contraction> plans = new LinkedHashMap<>(16, 0.75f, true);

  /** Of all plans kept; guarded by {@link #plans}. */
  private long scratchBytes;

  PlanCache(int mostPlans, long mostScratchBytes) {
    this.mostPlans = mostPlans;
    this.mostScratchBytes = mostScratchBytes;
  }

  /**
   * The plan for an equation, a type and shapes.
   *
   * @throws IllegalArgumentException if there is none
   */
  Contraction plan(String equation, DType dtype, Shape... shapes) {
    Key key = new Key(equation, dtype, List.of(shapes));
    Contraction known = find(key);
    if (known != null) {
      return known;
    }
    Contraction made =
        Contraction.compile(equation, ContractionOptions.DEFAULT.withDType(dtype), shapes);
    keep(key, made);
    return made;
  }

  private @Nullable Contraction find(Key key) {
    synchronized (plans) {
      return plans.get(key);
    }
  }

  private void keep(Key key, Contraction made) {
    if (made.scratchBytes() > mostScratchBytes) {
      return;
    }
    synchronized (plans) {
      Contraction replaced = plans.put(key, made);
      scratchBytes += made.scratchBytes() - (replaced == null ? 0 : replaced.scratchBytes());
      Iterator<Contraction> leastRecent = plans.values().iterator();
      while (plans.size() > mostPlans || scratchBytes > mostScratchBytes) {
        scratchBytes -= leastRecent.next().scratchBytes();
        leastRecent.remove();
      }
    }
  }

  /** How many plans are kept. */
  int size() {
    synchronized (plans) {
      return plans.size();
    }
  }
}
