/** The checks that the public doors share. */
@NullMarked
package dev.lanewise.internal.check;

import org.jspecify.annotations.NullMarked;
