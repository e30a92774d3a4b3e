/** From JMH's results to a page that people read. */
@NullMarked
package dev.lanewise.bench.contraction.report;

import org.jspecify.annotations.NullMarked;
