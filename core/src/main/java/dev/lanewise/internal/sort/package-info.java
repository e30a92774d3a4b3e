/** Sorting the rows of a batch. */
@NullMarked
package dev.lanewise.internal.sort;

import org.jspecify.annotations.NullMarked;
