/** The embedding suite's engines: this project's, its peers, and loops in C as the limit. */
@NullMarked
package dev.lanewise.bench.embedding.engine;

import org.jspecify.annotations.NullMarked;
