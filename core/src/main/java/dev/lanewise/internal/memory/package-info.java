/** Memory: scratch that is reused, and mappings of the system. */
@NullMarked
package dev.lanewise.internal.memory;

import org.jspecify.annotations.NullMarked;
