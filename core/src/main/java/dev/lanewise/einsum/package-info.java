/** Tensor contraction: equations, plans, and a door for single calls. */
@NullMarked
package dev.lanewise.einsum;

import org.jspecify.annotations.NullMarked;
