/** What a kernel is, and which set of kernels this machine gets. */
@NullMarked
package dev.lanewise.internal.kernel;

import org.jspecify.annotations.NullMarked;
