/** The engines that are compared, each behind the same small interface. */
@NullMarked
package dev.lanewise.bench.contraction.engine;

import org.jspecify.annotations.NullMarked;
