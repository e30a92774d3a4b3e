package dev.lanewise.einsum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import org.junit.jupiter.api.Test;

/** The plans that the one-call door keeps. */
class PlanCacheTest {
  @Test
  void theCacheIsBoundedAndKeepsWhatIsUsed() {
    PlanCache cache = new PlanCache(3, 1000);
    Contraction first = cache.plan("ij->ji", DType.FLOAT32, Shape.of(1, 1));
    assertEquals(DType.FLOAT64, cache.plan("ij->ji", DType.FLOAT64, Shape.of(1, 1)).dtype());
    for (int size = 2; size < 20; size++) {
      cache.plan("ij->ji", DType.FLOAT32, Shape.of(size, 1));
      assertSame(
          first,
          cache.plan("ij->ji", DType.FLOAT32, Shape.of(1, 1)),
          "the plan in use was dropped");
      assertTrue(cache.size() <= 3);
    }
    assertEquals(3, cache.size());
    // Intermediates of 10 x 10 floats are 400 bytes, and count as 448: three do not fit.
    for (int size = 10; size < 15; size++) {
      cache.plan(
          "ij,jk,kl->il", DType.FLOAT32, Shape.of(10, size), Shape.of(size, 10), Shape.of(10, 20));
      assertTrue(cache.size() <= 3);
    }
    assertEquals(2, cache.size());
    Shape[] shapes = {Shape.of(20, 40), Shape.of(40, 20), Shape.of(20, 40)};
    Contraction large = cache.plan("ij,jk,kl->il", DType.FLOAT32, shapes);
    assertTrue(large.scratchBytes() > 1000, large::toString);
    assertNotSame(large, cache.plan("ij,jk,kl->il", DType.FLOAT32, shapes));
    assertEquals(2, cache.size());
  }

  @Test
  void aPlanMayTakeAllTheScratchThereIs() {
    Shape[] shapes = {Shape.of(10, 10), Shape.of(10, 10), Shape.of(10, 20)};
    PlanCache cache = new PlanCache(3, 448);
    Contraction first = cache.plan("ij,jk,kl->il", DType.FLOAT32, shapes);
    assertEquals(448, first.scratchBytes());
    assertSame(first, cache.plan("ij,jk,kl->il", DType.FLOAT32, shapes));
    // A byte less is too little.
    PlanCache small = new PlanCache(3, 447);
    assertNotSame(
        small.plan("ij,jk,kl->il", DType.FLOAT32, shapes),
        small.plan("ij,jk,kl->il", DType.FLOAT32, shapes));
  }
}
