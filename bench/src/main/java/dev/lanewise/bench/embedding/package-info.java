/** The embedding suite: the benchmark, and the program that runs it. */
@NullMarked
package dev.lanewise.bench.embedding;

import org.jspecify.annotations.NullMarked;
