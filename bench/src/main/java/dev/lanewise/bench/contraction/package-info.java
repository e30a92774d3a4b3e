/** The contraction suite: the benchmark, and the program that runs it. */
@NullMarked
package dev.lanewise.bench.contraction;

import org.jspecify.annotations.NullMarked;
