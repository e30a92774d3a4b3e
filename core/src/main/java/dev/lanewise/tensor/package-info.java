/** Strided views of off-heap memory, and what is trained: parameters with their gradients. */
@NullMarked
package dev.lanewise.tensor;

import org.jspecify.annotations.NullMarked;
