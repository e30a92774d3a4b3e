/** Who helps with large work. */
@NullMarked
package dev.lanewise.parallel;

import org.jspecify.annotations.NullMarked;
