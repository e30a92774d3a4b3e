package dev.lanewise.internal.kernel;

import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * The kernels of contractions of one element type.
 *
 * @param type the type of operands, sums and output
 * @param arrays makes an array of so many elements
 * @param tiles the innermost product of a blocked GEMM
 * @param direct products of operands where they lie, from the widest vectors to the narrowest; may
 *     be none
 * @param gemv the product of a matrix and a vector; may be none
 * @param stream the product of one row and a large matrix
 * @param strided loops over any strides
 * @param blocks copies of blocks of a matrix
 * @param rows copies of rows of tables, whose elements of eight bytes count as two
 * @param products products that are not summed
 * @param dots sums by partial sums, lanes across a sum's terms
 * @param columnDots the same, lanes across outputs
 * @param <A> {@code float[]} or {@code double[]}
 */
public record ContractionKernels<A>(
    ElementType type,
    IntFunction<A> arrays,
    TileKernels<A> tiles,
    List<DirectKernels> direct,
    Optional<GemvKernels<A>> gemv,
    StreamKernels stream,
    StridedKernels strided,
    BlockKernels<A> blocks,
    RowKernels rows,
    ProductKernels products,
    DotKernels<A> dots,
    ColumnDotKernels columnDots) {}
