package dev.lanewise.tensor;

import dev.lanewise.internal.memory.Zeros;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * A strided view of off-heap memory: element (i0, i1, ...) lies {@code offset + i0*stride0 +
 * i1*stride1 + ...} elements behind the start of the segment.
 *
 * <p><b>Memory.</b> A tensor owns nothing. Its memory lives as long as the arena it came from; use
 * after that arena was closed is an {@link IllegalStateException}, never a crash. Views ({@link
 * #permute}, {@link #slice}, ...) share the memory of the tensor they come from and copy nothing.
 * Every view is checked against its segment when it is made, so no view can reach outside it.
 * Segments are native (off-heap or mapped); a heap array is copied in with {@code copyOf}.
 *
 * <p><b>Strides</b> are in elements and never negative; a stride of 0 repeats one element (see
 * {@link #expand}), and such a tensor cannot be written.
 *
 * <p><b>Thread-safety.</b> The view itself is immutable. Its elements are plain memory: many
 * threads may read them, and whoever writes them while others read must synchronise. A confined
 * arena's tensor can be used by its thread only.
 *
 * <p>Semantics follow <a href="https://docs.pytorch.org/docs/stable/tensor_view.html">PyTorch's
 * views</a>.
 */
public final class Tensor implements Operand {
  private static final long ALIGNMENT_BYTES = 64;

  private final MemorySegment segment;
  private final DType dtype;
  private final Shape shape;
  private final long[] strides;
  private final TensorLayout layout;
  private final long offset;

  private Tensor(MemorySegment segment, DType dtype, Shape shape, long[] strides, long offset) {
    this.segment = segment;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.layout = new TensorLayout(dtype, shape, strides);
    this.offset = offset;
  }

  // ---------------------------------------------------------------------------------------------------------- factories

  /**
   * A new tensor of zeros, row by row without gaps, aligned to 64 bytes.
   *
   * @param arena whose memory it is
   * @param dtype the elements' type
   * @param shape the sizes
   * @return the tensor
   */
  public static Tensor allocate(Arena arena, DType dtype, Shape shape) {
    long bytes = sizeBytes(dtype, shape);
    MemorySegment segment = arena.allocate(Math.max(bytes, 1), ALIGNMENT_BYTES);
    return new Tensor(segment, dtype, shape, shape.rowMajorStrides(), 0);
  }

  /**
   * A new float32 tensor of zeros.
   *
   * @param arena whose memory it is
   * @param sizes the sizes, none for a scalar
   * @return the tensor
   */
  public static Tensor zeros(Arena arena, long... sizes) {
    return allocate(arena, DType.FLOAT32, Shape.of(sizes));
  }

  /**
   * A new float32 tensor whose elements all are one value.
   *
   * @param arena whose memory it is
   * @param value the value
   * @param sizes the sizes, none for a scalar
   * @return the tensor
   */
  public static Tensor full(Arena arena, float value, long... sizes) {
    return zeros(arena, sizes).fill(value);
  }

  /**
   * A new float32 tensor of independent draws from N(0, 1).
   *
   * <p>The same generator in the same state gives the same bits on every machine: Marsaglia's polar
   * method in double with {@link StrictMath}, rounded to float (G. Marsaglia and T. A. Bray, <i>A
   * convenient method for generating normal variables</i>, SIAM Review 6, 1964).
   *
   * @param arena whose memory it is
   * @param random the source of randomness; seed it for repeatable results
   * @param sizes the sizes, none for a scalar
   * @return the tensor
   */
  public static Tensor randn(Arena arena, RandomGenerator random, long... sizes) {
    Tensor tensor = zeros(arena, sizes);
    for (long i = 0; i < tensor.shape.elementCount(); i++) {
      tensor.segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) gaussian(random));
    }
    return tensor;
  }

  /**
   * A new float32 tensor of independent draws, uniform in [low, high).
   *
   * @param arena whose memory it is
   * @param random the source of randomness; seed it for repeatable results
   * @param low the smallest value
   * @param high above the largest value
   * @param sizes the sizes, none for a scalar
   * @return the tensor
   * @throws IllegalArgumentException if low is not below high or either is not finite
   */
  public static Tensor uniform(
      Arena arena, RandomGenerator random, float low, float high, long... sizes) {
    Tensor tensor = zeros(arena, sizes);
    for (long i = 0; i < tensor.shape.elementCount(); i++) {
      tensor.segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat(low, high));
    }
    return tensor;
  }

  /**
   * A new float32 tensor with a copy of the values.
   *
   * @param arena whose memory it is
   * @param values the elements, row by row
   * @param sizes the sizes; left out, the tensor has one dimension
   * @return the tensor
   * @throws IllegalArgumentException if the sizes call for another number of values
   */
  public static Tensor copyOf(Arena arena, float[] values, long... sizes) {
    return copyOf(arena, DType.FLOAT32, MemorySegment.ofArray(values), values.length, sizes);
  }

  /**
   * A new float64 tensor with a copy of the values.
   *
   * @param arena whose memory it is
   * @param values the elements, row by row
   * @param sizes the sizes; left out, the tensor has one dimension
   * @return the tensor
   * @throws IllegalArgumentException if the sizes call for another number of values
   */
  public static Tensor copyOf(Arena arena, double[] values, long... sizes) {
    return copyOf(arena, DType.FLOAT64, MemorySegment.ofArray(values), values.length, sizes);
  }

  /**
   * A new int32 tensor with a copy of the values.
   *
   * @param arena whose memory it is
   * @param values the elements, row by row
   * @param sizes the sizes; left out, the tensor has one dimension
   * @return the tensor
   * @throws IllegalArgumentException if the sizes call for another number of values
   */
  public static Tensor copyOf(Arena arena, int[] values, long... sizes) {
    return copyOf(arena, DType.INT32, MemorySegment.ofArray(values), values.length, sizes);
  }

  /**
   * A new int64 tensor with a copy of the values.
   *
   * @param arena whose memory it is
   * @param values the elements, row by row
   * @param sizes the sizes; left out, the tensor has one dimension
   * @return the tensor
   * @throws IllegalArgumentException if the sizes call for another number of values
   */
  public static Tensor copyOf(Arena arena, long[] values, long... sizes) {
    return copyOf(arena, DType.INT64, MemorySegment.ofArray(values), values.length, sizes);
  }

  private static Tensor copyOf(
      Arena arena, DType dtype, MemorySegment values, int count, long... sizes) {
    Shape shape = sizes.length == 0 ? Shape.of(count) : Shape.of(sizes);
    if (shape.elementCount() != count) {
      throw new IllegalArgumentException(
          "shape "
              + shape
              + " has "
              + shape.elementCount()
              + " elements, but "
              + count
              + " values were given");
    }
    Tensor tensor = allocate(arena, dtype, shape);
    MemorySegment.copy(values, 0, tensor.segment, 0, values.byteSize());
    return tensor;
  }

  /**
   * A view of memory from elsewhere (mapped from a file, filled by other code), row by row without
   * gaps from its first byte on.
   *
   * @param segment native memory, at least as large as the tensor; a read-only one makes a
   *     read-only tensor
   * @param dtype the elements' type, in the machine's byte order
   * @param shape the sizes
   * @return the view
   * @throws IllegalArgumentException if the segment is on the heap or too small
   */
  public static Tensor wrap(MemorySegment segment, DType dtype, Shape shape) {
    return view(segment, dtype, shape, shape.rowMajorStrides(), 0);
  }

  // -------------------------------------------------------------------------------------------------------- description

  /**
   * This tensor, which is its own value.
   *
   * @return this
   */
  @Override
  public Tensor value() {
    return this;
  }

  /**
   * The memory this tensor is a view of.
   *
   * @return the whole segment
   */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * The type of the elements.
   *
   * @return the type
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * The sizes.
   *
   * @return the shape
   */
  public Shape shape() {
    return shape;
  }

  /**
   * The number of dimensions.
   *
   * @return 0 for a scalar
   */
  public int rank() {
    return shape.rank();
  }

  /**
   * The size of a dimension.
   *
   * @param dim the dimension; a negative one counts from the end
   * @return its size
   */
  public long size(int dim) {
    return shape.size(dim);
  }

  /**
   * The distance between neighbours along a dimension.
   *
   * @param dim the dimension; a negative one counts from the end
   * @return its stride, in elements
   */
  public long stride(int dim) {
    return strides[shape.dimension(dim)];
  }

  /**
   * The strides of all dimensions.
   *
   * @return a new array, in elements
   */
  public long[] strides() {
    return strides.clone();
  }

  /**
   * Type, sizes and strides as one value.
   *
   * @return the layout
   */
  public TensorLayout layout() {
    return layout;
  }

  /**
   * Where the first element lies in the segment.
   *
   * @return the distance from the segment's start, in elements
   */
  public long offset() {
    return offset;
  }

  /**
   * Where the first element lies in the segment.
   *
   * @return the distance from the segment's start, in bytes
   */
  public long offsetBytes() {
    return offset * dtype.sizeBytes();
  }

  /**
   * Whether the elements lie row by row without gaps.
   *
   * @return true for a new tensor, and for views that skip and reorder nothing
   */
  public boolean isContiguous() {
    return layout.isContiguous();
  }

  /**
   * Whether elements may share memory, so that the tensor cannot be written. Exact for what
   * permuting, slicing, expanding and windows give; views whose dimensions interleave without
   * meeting (possible with {@link #asStrided} only) are taken to share.
   *
   * @return true for an expanded dimension or overlapping windows
   */
  public boolean mayRepeatElements() {
    return layout.mayRepeatElements();
  }

  // -------------------------------------------------------------------------------------------------------------- views

  /**
   * The view of this tensor's segment with any sizes, strides and offset (PyTorch's {@code
   * as_strided}).
   *
   * @param newShape the sizes
   * @param newStrides the stride of each dimension, in elements, at least 0
   * @param newOffset the first element's place in the segment, in elements
   * @return the view
   * @throws IllegalArgumentException if an element would lie outside the segment
   */
  public Tensor asStrided(Shape newShape, long[] newStrides, long newOffset) {
    return view(segment, dtype, newShape, newStrides.clone(), newOffset);
  }

  /**
   * The dimensions in another order: dimension d of the view is dimension {@code order[d]} of this
   * tensor.
   *
   * @param order every dimension once; negative ones count from the end
   * @return the view
   * @throws IllegalArgumentException if the order does not name every dimension once
   */
  public Tensor permute(int... order) {
    long[] sizes = new long[rank()];
    long[] permuted = new long[rank()];
    boolean[] seen = new boolean[rank()];
    boolean valid = order.length == rank();
    for (int dim = 0; valid && dim < order.length; dim++) {
      int from = shape.dimension(order[dim]);
      valid = !seen[from];
      seen[from] = true;
      sizes[dim] = shape.size(from);
      permuted[dim] = strides[from];
    }
    if (!valid) {
      throw new IllegalArgumentException(
          "order "
              + Arrays.toString(order)
              + " must name each of the "
              + rank()
              + " dimensions of "
              + shape
              + " once");
    }
    return new Tensor(segment, dtype, Shape.of(sizes), permuted, offset);
  }

  /**
   * Two dimensions exchanged.
   *
   * @param dim0 a dimension
   * @param dim1 another
   * @return the view
   */
  public Tensor transpose(int dim0, int dim1) {
    int[] order = new int[rank()];
    Arrays.setAll(order, dim -> dim);
    int first = shape.dimension(dim0);
    int second = shape.dimension(dim1);
    order[first] = second;
    order[second] = first;
    return permute(order);
  }

  /**
   * Every step-th of the positions from (included) to (excluded) of one dimension.
   *
   * @param dim the dimension
   * @param from the first position
   * @param to the position behind the last, at most the size
   * @param step the distance between positions, at least 1
   * @return the view, with {@code ceil((to - from) / step)} positions
   * @throws IndexOutOfBoundsException if the range is not within the dimension
   * @throws IllegalArgumentException if the step is not positive
   */
  public Tensor slice(int dim, long from, long to, long step) {
    int at = shape.dimension(dim);
    if (from < 0 || from > to || to > shape.size(at)) {
      throw new IndexOutOfBoundsException(
          "slice [" + from + ", " + to + ") is outside dimension " + dim + " of shape " + shape);
    }
    if (step < 1) {
      throw new IllegalArgumentException("step " + step + " of a slice must be at least 1");
    }
    long[] sizes = shape.toArray();
    long[] sliced = strides.clone();
    sizes[at] = to == from ? 0 : (to - from - 1) / step + 1;
    // A size of 0 or 1 never uses its stride: keeping the old one avoids an overflow with huge
    // steps.
    sliced[at] = sizes[at] > 1 ? strides[at] * step : strides[at];
    return new Tensor(
        segment, dtype, Shape.of(sizes), sliced, to == from ? offset : offset + from * strides[at]);
  }

  /**
   * The positions from (included) to (excluded) of one dimension.
   *
   * @param dim the dimension
   * @param from the first position
   * @param to the position behind the last
   * @return the view
   * @throws IndexOutOfBoundsException if the range is not within the dimension
   */
  public Tensor slice(int dim, long from, long to) {
    return slice(dim, from, to, 1);
  }

  /**
   * One position of one dimension, which is gone from the view.
   *
   * @param dim the dimension
   * @param index the position
   * @return the view, of one rank less
   * @throws IndexOutOfBoundsException if there is no such position
   */
  public Tensor select(int dim, long index) {
    int at = shape.dimension(dim);
    if (index < 0 || index >= shape.size(at)) {
      throw new IndexOutOfBoundsException(
          "index " + index + " is outside dimension " + dim + " of shape " + shape);
    }
    return new Tensor(
        segment,
        dtype,
        Shape.of(without(shape.toArray(), at)),
        without(strides, at),
        offset + index * strides[at]);
  }

  /**
   * The same elements, in row-major order, under other sizes, without copying.
   *
   * @param sizes the new sizes; one of them may be -1 and is then computed
   * @return the view
   * @throws IllegalArgumentException if the number of elements differs, or if no strides give this
   *     view (then copy with {@link #contiguous} first)
   */
  public Tensor reshape(long... sizes) {
    Shape target = inferred(sizes);
    if (target.elementCount() != shape.elementCount()) {
      throw new IllegalArgumentException(
          "shape "
              + shape
              + " of "
              + shape.elementCount()
              + " elements cannot be reshaped to "
              + target
              + " of "
              + target.elementCount());
    }
    long[] reshaped =
        target.elementCount() == 0
            ? target.rowMajorStrides()
            : Reshape.strides(shape, strides, target);
    if (reshaped.length != target.rank()) {
      throw new IllegalArgumentException(
          "a tensor of shape "
              + shape
              + " and strides "
              + Arrays.toString(strides)
              + " cannot be viewed as "
              + target
              + " without a copy: use contiguous(arena).reshape(...)");
    }
    return new Tensor(segment, dtype, target, reshaped, offset);
  }

  /**
   * Dimensions of size 1 repeated without copying, and new ones added in front (stride 0).
   *
   * @param sizes the sizes to reach; aligned at the right with this tensor's
   * @return the view, which cannot be written
   * @throws IllegalArgumentException if a dimension that is not of size 1 would change
   */
  public Tensor expand(long... sizes) {
    Shape target = Shape.of(sizes);
    int added = target.rank() - rank();
    long[] expanded = new long[target.rank()];
    boolean valid = added >= 0;
    for (int dim = 0; valid && dim < rank(); dim++) {
      long wanted = target.size(dim + added);
      valid = shape.size(dim) == wanted || shape.size(dim) == 1;
      expanded[dim + added] = shape.size(dim) == wanted ? strides[dim] : 0;
    }
    if (!valid) {
      throw new IllegalArgumentException("shape " + shape + " cannot be expanded to " + target);
    }
    return new Tensor(segment, dtype, target, expanded, offset);
  }

  /**
   * The elements whose positions in two dimensions are equal; the diagonal becomes the last
   * dimension.
   *
   * @param dim0 a dimension
   * @param dim1 another
   * @return the view, of one rank less, as long as the shorter of the two dimensions
   * @throws IllegalArgumentException if both are the same dimension
   */
  public Tensor diagonal(int dim0, int dim1) {
    int first = shape.dimension(dim0);
    int second = shape.dimension(dim1);
    if (first == second) {
      throw new IllegalArgumentException(
          "a diagonal needs two different dimensions, not " + dim0 + " and " + dim1);
    }
    int high = Math.max(first, second);
    int low = Math.min(first, second);
    long[] kept = without(without(shape.toArray(), high), low);
    long[] keptStrides = without(without(strides, high), low);
    long[] sizes = Arrays.copyOf(kept, kept.length + 1);
    long[] diagonal = Arrays.copyOf(keptStrides, kept.length + 1);
    sizes[kept.length] = Math.min(shape.size(first), shape.size(second));
    diagonal[kept.length] = strides[first] + strides[second];
    return new Tensor(segment, dtype, Shape.of(sizes), diagonal, offset);
  }

  /**
   * A new dimension of size 1.
   *
   * @param dim where it will be, from {@code -rank - 1} to {@code rank}
   * @return the view, of one rank more
   */
  public Tensor unsqueeze(int dim) {
    int rank = rank();
    if (dim < -rank - 1 || dim > rank) {
      throw new IndexOutOfBoundsException(
          "dimension " + dim + " cannot be inserted into shape " + shape);
    }
    int at = dim < 0 ? dim + rank + 1 : dim;
    long[] sizes = new long[rank + 1];
    long[] widened = new long[rank + 1];
    for (int d = 0; d <= rank; d++) {
      sizes[d] = d == at ? 1 : shape.size(d < at ? d : d - 1);
      widened[d] = d == at ? 0 : strides[d < at ? d : d - 1];
    }
    return new Tensor(segment, dtype, Shape.of(sizes), widened, offset);
  }

  /**
   * All windows of a length along one dimension (PyTorch's {@code unfold}): dimension dim counts
   * the windows, a new last dimension the positions in one. Windows share memory where they
   * overlap.
   *
   * @param dim the dimension
   * @param length positions in a window, at least 1 and at most the dimension's size
   * @param step the distance between windows, at least 1
   * @return the view, of one rank more, which cannot be written where windows overlap
   * @throws IllegalArgumentException if length or step do not fit
   */
  public Tensor slidingWindow(int dim, long length, long step) {
    int at = shape.dimension(dim);
    if (length < 1 || length > shape.size(at) || step < 1) {
      throw new IllegalArgumentException(
          "windows of "
              + length
              + " at a step of "
              + step
              + " do not fit dimension "
              + dim
              + " of shape "
              + shape);
    }
    long[] sizes = Arrays.copyOf(shape.toArray(), rank() + 1);
    long[] windows = Arrays.copyOf(strides, rank() + 1);
    sizes[at] = (shape.size(at) - length) / step + 1;
    windows[at] = sizes[at] > 1 ? strides[at] * step : strides[at];
    sizes[rank()] = length;
    windows[rank()] = strides[at];
    return new Tensor(segment, dtype, Shape.of(sizes), windows, offset);
  }

  /**
   * The same view, through which nothing can be written.
   *
   * @return the view
   */
  public Tensor asReadOnly() {
    return new Tensor(segment.asReadOnly(), dtype, shape, strides, offset);
  }

  // ------------------------------------------------------------------------------------------------------------ elements

  /**
   * One element, as a double: exact for every type but int64 and uint64, which are rounded to
   * nearest.
   *
   * @param index its position in each dimension
   * @return the element
   * @throws IndexOutOfBoundsException if there is no such element
   */
  public double get(long... index) {
    return dtype.readDouble(segment, elementBytes(index));
  }

  /**
   * One element of an integer or bool tensor.
   *
   * @param index its position in each dimension
   * @return the element
   * @throws IndexOutOfBoundsException if there is no such element
   * @throws IllegalArgumentException if the elements are not integers, or it is one of uint64 that
   *     does not fit in a long
   */
  public long getLong(long... index) {
    return dtype.readLong(segment, elementBytes(index));
  }

  /**
   * Replaces one element.
   *
   * @param value the new value, rounded to the elements' type
   * @param index its position in each dimension
   * @throws IndexOutOfBoundsException if there is no such element
   * @throws IllegalArgumentException if the elements are integers and cannot hold the value, or
   *     share memory
   */
  public void set(double value, long... index) {
    long at = elementBytes(index);
    requireUnrepeated();
    dtype.writeDouble(segment, at, value);
  }

  /**
   * The only element of a tensor that has one, whatever its rank. Allocates nothing.
   *
   * @return the element
   * @throws IllegalStateException if the tensor does not have exactly one element
   */
  public double item() {
    if (shape.elementCount() != 1) {
      throw new IllegalStateException(
          "item() needs a tensor of one element; this one has shape " + shape);
    }
    return dtype.readDouble(segment, offsetBytes());
  }

  /**
   * Writes one value to every element.
   *
   * @param value the value, rounded to the elements' type
   * @return this
   * @throws IllegalArgumentException if elements share memory
   */
  public Tensor fill(double value) {
    if (isContiguous() && value == 0 && 1 / value > 0) {
      Zeros.fill(segment, offsetBytes(), sizeBytes(dtype, shape));
      return this;
    }
    requireUnrepeated();
    for (var each = new Positions(shape, strides, offset); each.hasElement(); each.advance()) {
      dtype.writeDouble(segment, each.position() * dtype.sizeBytes(), value);
    }
    return this;
  }

  /**
   * Copies every element of another tensor of the same type and shape; the strides may differ.
   * Innermost dimensions that lie side by side on both sides are copied at once, everything else
   * element by element: a contraction such as {@code ij->ji} transposes faster. Copying between
   * contiguous tensors allocates nothing.
   *
   * @param source the tensor to copy; must not overlap this one, unless it is the same view
   * @return this
   * @throws IllegalArgumentException if type or shape differ, or elements of this tensor share
   *     memory
   */
  public Tensor copyFrom(Tensor source) {
    if (source.dtype != dtype || !source.shape.equals(shape)) {
      throw new IllegalArgumentException(
          "cannot copy " + source.dtype + " " + source.shape + " into " + dtype + " " + shape);
    }
    requireUnrepeated();
    if (shape.elementCount() == 0) {
      // A view of no elements may begin behind its memory.
      return this;
    }
    if (isContiguous() && source.isContiguous()) {
      // What the runs below come to, without allocating.
      MemorySegment.copy(
          source.segment, source.offsetBytes(), segment, offsetBytes(), sizeBytes(dtype, shape));
      return this;
    }
    int outer = Math.max(layout.outerDims(), source.layout.outerDims());
    Shape runs = Shape.of(Arrays.copyOf(shape.toArray(), outer));
    long run = shape.elementCount() / runs.elementCount();
    int size = dtype.sizeBytes();
    var from = new Positions(runs, Arrays.copyOf(source.strides, outer), source.offset);
    for (var to = new Positions(runs, Arrays.copyOf(strides, outer), offset);
        to.hasElement();
        to.advance(), from.advance()) {
      MemorySegment.copy(
          source.segment, from.position() * size, segment, to.position() * size, run * size);
    }
    return this;
  }

  /**
   * Writes every element of a floating-point tensor, rounded to nearest even where this tensor's
   * type is narrower (a larger number becomes infinite); a widening is exact. Between equal types
   * this is {@link #copyFrom}, bit for bit.
   *
   * @param source a tensor of the same shape; must not overlap this one
   * @return this
   * @throws IllegalArgumentException if the shapes differ, the types differ and are not both
   *     floating-point, or elements of this tensor share memory
   */
  public Tensor convertFrom(Tensor source) {
    if (source.dtype == dtype) {
      return copyFrom(source);
    }
    if (!source.shape.equals(shape)
        || !source.dtype.isFloatingPoint()
        || !dtype.isFloatingPoint()) {
      throw new IllegalArgumentException(
          "cannot convert " + source.dtype + " " + source.shape + " to " + dtype + " " + shape);
    }
    requireUnrepeated();
    var from = new Positions(shape, source.strides, source.offset);
    for (var to = new Positions(shape, strides, offset);
        to.hasElement();
        to.advance(), from.advance()) {
      double value =
          source.dtype.readDouble(source.segment, from.position() * source.dtype.sizeBytes());
      dtype.writeDouble(segment, to.position() * dtype.sizeBytes(), value);
    }
    return this;
  }

  /**
   * A copy, row by row without gaps.
   *
   * @param arena whose memory the copy is
   * @return the new tensor
   */
  public Tensor contiguous(Arena arena) {
    return allocate(arena, dtype, shape).copyFrom(this);
  }

  /**
   * All elements, row by row.
   *
   * @return a new array
   * @throws IllegalArgumentException if the elements are not float32
   */
  public float[] toFloatArray() {
    if (dtype != DType.FLOAT32) {
      throw new IllegalArgumentException("toFloatArray() needs float32 elements, not " + dtype);
    }
    float[] values = new float[Math.toIntExact(shape.elementCount())];
    var each = new Positions(shape, strides, offset);
    for (int i = 0; i < values.length; i++, each.advance()) {
      values[i] = (float) dtype.readDouble(segment, each.position() * Float.BYTES);
    }
    return values;
  }

  /**
   * All elements of an integer or bool tensor, row by row.
   *
   * @return a new array
   * @throws IllegalArgumentException if the elements are not integers, or one is of uint64 and does
   *     not fit in a long
   */
  public long[] toLongArray() {
    long[] values = new long[Math.toIntExact(shape.elementCount())];
    var each = new Positions(shape, strides, offset);
    for (int i = 0; i < values.length; i++, each.advance()) {
      values[i] = dtype.readLong(segment, each.position() * dtype.sizeBytes());
    }
    return values;
  }

  /**
   * Type, shape and elements; of a large tensor only the corners.
   *
   * @return for example {@code float32 [2, 2] [[1.0, 2.0], [3.0, 4.0]]}, one row a line
   */
  @Override
  public String toString() {
    return TensorPrinter.print(this);
  }

  // ------------------------------------------------------------------------------------------------------------- internal

  private static Tensor view(
      MemorySegment segment, DType dtype, Shape shape, long[] strides, long offset) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException(
          "a tensor's memory must be native; copy a heap array with copyOf(arena, ...)");
    }
    if (strides.length != shape.rank()) {
      throw new IllegalArgumentException(
          "shape "
              + shape
              + " needs "
              + shape.rank()
              + " strides, but "
              + strides.length
              + " were given");
    }
    long last = offset;
    try {
      for (int dim = 0; dim < strides.length; dim++) {
        if (strides[dim] < 0) {
          throw new IllegalArgumentException(
              "stride " + strides[dim] + " of dimension " + dim + " is negative");
        }
        last =
            Math.addExact(last, Math.multiplyExact(Math.max(shape.size(dim) - 1, 0), strides[dim]));
      }
      long end =
          shape.elementCount() == 0
              ? 0
              : Math.multiplyExact(Math.addExact(last, 1), dtype.sizeBytes());
      if (offset < 0 || end > segment.byteSize()) {
        throw new IllegalArgumentException(
            "a "
                + dtype
                + " view of shape "
                + shape
                + ", strides "
                + Arrays.toString(strides)
                + " and offset "
                + offset
                + " needs "
                + end
                + " bytes, but the segment has "
                + segment.byteSize());
      }
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "a view of shape "
              + shape
              + " and strides "
              + Arrays.toString(strides)
              + " reaches further than a long can count",
          e);
    }
    return new Tensor(segment, dtype, shape, strides, shape.elementCount() == 0 ? 0 : offset);
  }

  private static long sizeBytes(DType dtype, Shape shape) {
    try {
      return Math.multiplyExact(shape.elementCount(), dtype.sizeBytes());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          dtype + " " + shape + " has more bytes than a long can count", e);
    }
  }

  /** Where an element lies in the segment, in bytes. */
  long elementBytes(long[] index) {
    if (index.length != rank()) {
      throw new IndexOutOfBoundsException(
          "index "
              + Arrays.toString(index)
              + " must have "
              + rank()
              + " positions for shape "
              + shape);
    }
    long position = offset;
    for (int dim = 0; dim < index.length; dim++) {
      if (index[dim] < 0 || index[dim] >= shape.size(dim)) {
        throw new IndexOutOfBoundsException(
            "index " + Arrays.toString(index) + " is outside shape " + shape);
      }
      position += index[dim] * strides[dim];
    }
    return position * dtype.sizeBytes();
  }

  private void requireUnrepeated() {
    if (mayRepeatElements()) {
      throw new IllegalArgumentException(
          "a tensor of shape "
              + shape
              + " and strides "
              + Arrays.toString(strides)
              + ", whose elements share memory, cannot be written");
    }
  }

  private Shape inferred(long[] sizes) {
    int unknown = -1;
    long known = 1;
    for (int dim = 0; dim < sizes.length; dim++) {
      if (sizes[dim] == -1 && unknown < 0) {
        unknown = dim;
      } else {
        known *= sizes[dim];
      }
    }
    if (unknown < 0) {
      return Shape.of(sizes);
    }
    if (known <= 0 || shape.elementCount() % known != 0) {
      throw new IllegalArgumentException(
          "the size -1 in " + Arrays.toString(sizes) + " cannot be computed from shape " + shape);
    }
    long[] complete = sizes.clone();
    complete[unknown] = shape.elementCount() / known;
    return Shape.of(complete);
  }

  private static long[] without(long[] values, int at) {
    long[] rest = new long[values.length - 1];
    System.arraycopy(values, 0, rest, 0, at);
    System.arraycopy(values, at + 1, rest, at, rest.length - at);
    return rest;
  }

  private static double gaussian(RandomGenerator random) {
    while (true) {
      double x = 2 * random.nextDouble() - 1;
      double y = 2 * random.nextDouble() - 1;
      double square = x * x + y * y;
      if (square < 1 && square != 0) {
        return x * StrictMath.sqrt(-2 * StrictMath.log(square) / square);
      }
    }
  }
}
