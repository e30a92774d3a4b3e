/** The machine that runs the benchmarks: what it is, and the most that it can do. */
@NullMarked
package dev.lanewise.bench.machine;

import org.jspecify.annotations.NullMarked;
