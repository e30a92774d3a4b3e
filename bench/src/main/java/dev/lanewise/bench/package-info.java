/** JMH benchmarks of the engine beside its alternatives, in one run. */
@NullMarked
package dev.lanewise.bench;

import org.jspecify.annotations.NullMarked;
