/** Scratch and reused memory. */
@NullMarked
package dev.lanewise.internal.memory;

import org.jspecify.annotations.NullMarked;
