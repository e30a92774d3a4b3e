/** The generated kernels of one lane: the reference, and the fallback. */
@NullMarked
package dev.lanewise.internal.kernel.scalar;

import org.jspecify.annotations.NullMarked;
