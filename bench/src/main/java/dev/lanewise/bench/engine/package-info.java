/** What is compared, and by whom it is done: cases, engines and their work. */
@NullMarked
package dev.lanewise.bench.engine;

import org.jspecify.annotations.NullMarked;
