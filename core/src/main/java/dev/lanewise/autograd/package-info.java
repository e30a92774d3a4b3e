/** Reverse-mode gradients: a tape that records operations, its variables, and losses. */
@NullMarked
package dev.lanewise.autograd;

import org.jspecify.annotations.NullMarked;
