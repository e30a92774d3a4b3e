/** Row numbers of a batch, checked, and the loops over a table's rows. */
@NullMarked
package dev.lanewise.internal.rows;

import org.jspecify.annotations.NullMarked;
