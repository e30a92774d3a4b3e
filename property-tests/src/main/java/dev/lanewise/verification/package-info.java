/**
 * What a numeric kernel is verified with: naive oracles in double, error bounds that are derived
 * instead of guessed, assertions on bits, memory with sentinels, and jqwik arbitraries for shapes,
 * layouts, equations, indices and floats. Nothing here shares code with the engine.
 */
@NullMarked
package dev.lanewise.verification;

import org.jspecify.annotations.NullMarked;
