/** How fast checkpoints are opened and written, beside a plain write of the same bytes. */
@NullMarked
package dev.lanewise.bench.checkpoint;

import org.jspecify.annotations.NullMarked;
