/** What moves parameters along their gradients. */
@NullMarked
package dev.lanewise.optim;

import org.jspecify.annotations.NullMarked;
