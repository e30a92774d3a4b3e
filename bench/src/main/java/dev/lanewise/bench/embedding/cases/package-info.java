/**
 * What the embedding suite asks for: tables, batches of indices, and the results that are right.
 */
@NullMarked
package dev.lanewise.bench.embedding.cases;

import org.jspecify.annotations.NullMarked;
