/** From what was measured to a page that people read. */
@NullMarked
package dev.lanewise.bench.report;

import org.jspecify.annotations.NullMarked;
