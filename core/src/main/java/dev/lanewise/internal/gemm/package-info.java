/**
 * Contraction over strides: loops folded into matrices, offset maps, packing, the blocked loops and
 * the straight paths.
 */
@NullMarked
package dev.lanewise.internal.gemm;

import org.jspecify.annotations.NullMarked;
