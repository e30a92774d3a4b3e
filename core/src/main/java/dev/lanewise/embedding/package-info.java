/** Tables of vectors: lookup, and bags reduced to one row. */
@NullMarked
package dev.lanewise.embedding;

import org.jspecify.annotations.NullMarked;
