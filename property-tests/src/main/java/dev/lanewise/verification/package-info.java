/**
 * What a numeric kernel is verified with. Nothing here shares code with the engine.
 *
 * <ul>
 *   <li><b>Oracles</b>, naive definitions in double or twice its precision: {@link
 *       dev.lanewise.verification.OracleEinsum}, {@link dev.lanewise.verification.OracleEmbedding},
 *       {@link dev.lanewise.verification.OracleLosses}, {@link
 *       dev.lanewise.verification.OracleSgd}, {@link dev.lanewise.verification.OracleAdagrad},
 *       {@link dev.lanewise.verification.OracleAdam}, {@link
 *       dev.lanewise.verification.OracleNearestRows}.
 *   <li><b>Bounds</b> that are derived instead of guessed: {@link
 *       dev.lanewise.verification.ErrorBounds} for sums, {@link dev.lanewise.verification.Rounded}
 *       for any formula. They grow with the magnitudes that are summed, so that what cancels is
 *       neither refused nor let through.
 *   <li><b>Inputs</b>: {@link dev.lanewise.verification.LanewiseArbitraries} for jqwik, {@link
 *       dev.lanewise.verification.FloatClass} for numbers, {@link dev.lanewise.verification.Layout}
 *       and {@link dev.lanewise.verification.GuardedRun} for memory with poison and sentinels.
 *   <li><b>Assertions</b> that name the case and the first difference: {@link
 *       dev.lanewise.verification.TensorAssertions}.
 * </ul>
 *
 * <p>A property of a kernel that sums products, {@code out[0] = x . y}:
 *
 * {@snippet :
 * @Property
 * void aDotProductIsWithinItsBound(
 *     @ForAll @IntRange(max = 100) int n, @ForAll("seeds") long seed) {
 *   float[] x = FloatClass.tame(seed, n);                     // ordinary, zero, subnormal, cancelling
 *   float[] y = FloatClass.tame(seed + 1, n);
 *   try (Arena arena = Arena.ofConfined()) {
 *     GuardedRun a = GuardedRun.of(arena, x, 4);              // 4 bytes off a cache line
 *     GuardedRun b = GuardedRun.of(arena, y, 0);
 *     GuardedRun out = GuardedRun.poisoned(arena, 1, 12);
 *     MyKernel.dot(n, a.segment(), a.offsetBytes(), b.segment(), b.offsetBytes(),
 *         out.segment(), out.offsetBytes());
 *     Estimate dot = OracleEinsum.contract("i,i->", array(x), array(y));
 *     assertWithin("dot of " + n, dot::at, out.values());     // within gamma(n) |x| . |y|
 *     out.assertGuardsUnchanged("out");
 *   }
 * }
 *
 * @Provide
 * Arbitrary<Long> seeds() {
 *   return LanewiseArbitraries.seeds();
 * }
 * }
 *
 * <p>When it fails, jqwik prints the sample, shrunk to few elements, and the seed that gives it
 * again; large data comes from the sample's own seed. Oracles, arbitraries and assertions may be
 * used by several threads at a time; a {@link dev.lanewise.verification.GuardedRun} and the
 * optimizers' oracles, which have a state, by one.
 */
@NullMarked
package dev.lanewise.verification;

import org.jspecify.annotations.NullMarked;
