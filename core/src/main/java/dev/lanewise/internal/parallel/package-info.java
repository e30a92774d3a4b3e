/** Running the parts of a piece of work on several threads. */
@NullMarked
package dev.lanewise.internal.parallel;

import org.jspecify.annotations.NullMarked;
