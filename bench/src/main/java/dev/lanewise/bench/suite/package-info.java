/** Runs every case on every engine that has it, each pair in JVMs of its own. */
@NullMarked
package dev.lanewise.bench.suite;

import org.jspecify.annotations.NullMarked;
