/** Layers made of the operations below. */
@NullMarked
package dev.lanewise.nn;

import org.jspecify.annotations.NullMarked;
