/** The embedding suite's page. */
@NullMarked
package dev.lanewise.bench.embedding.report;

import org.jspecify.annotations.NullMarked;
