/** The generated kernels of a vector of lanes; the only package that knows the Vector API. */
@NullMarked
package dev.lanewise.internal.kernel.vector;

import org.jspecify.annotations.NullMarked;
