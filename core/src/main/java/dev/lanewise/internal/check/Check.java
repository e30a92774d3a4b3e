package dev.lanewise.internal.check;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * The checks of the public doors. Each names the argument, what was expected and what came, and
 * allocates only when it fails.
 */
public final class Check {
  /** Never started, so that no arena is confined to it. */
  private static final Thread SOME_OTHER_THREAD = Thread.ofPlatform().unstarted(() -> {});

  private static final String TENSOR = "this tensor";

  private Check() {}

  /** The tensor is float32 and this thread can read it now. */
  public static void readable(String name, Tensor tensor) {
    readable(name, tensor, DType.FLOAT32);
  }

  /** The tensor is of a type, and this thread can read it now. */
  public static void readable(String name, Tensor tensor, DType dtype) {
    dtype(name, tensor, dtype);
    accessible(name, tensor);
  }

  /**
   * The tensor is float32, this thread can write it now, and no two of its elements share memory.
   */
  public static void writable(String name, Tensor tensor) {
    writable(name, tensor, DType.FLOAT32);
  }

  /**
   * The tensor is of a type, this thread can write it now, and no two of its elements share memory.
   */
  public static void writable(String name, Tensor tensor, DType dtype) {
    readable(name, tensor, dtype);
    if (tensor.segment().isReadOnly()) {
      throw new IllegalArgumentException(
          name + ": a read-only tensor of shape " + tensor.shape() + " cannot be written");
    }
    if (tensor.mayRepeatElements()) {
      throw new IllegalArgumentException(
          name
              + ": a tensor of shape "
              + tensor.shape()
              + " whose elements share memory cannot be written");
    }
  }

  /** The tensor is no read-only view. */
  public static void notReadOnly(String name, Tensor tensor) {
    if (tensor.segment().isReadOnly()) {
      throw new IllegalArgumentException(
          name + ": a read-only tensor of shape " + tensor.shape() + " cannot be written");
    }
  }

  /** The arena is open and this thread may use it. */
  public static void accessible(String name, Tensor tensor) {
    accessible(name, tensor.segment(), TENSOR, tensor.shape());
  }

  /** As {@link #accessible(String, Tensor)}, for the memory of something of a shape. */
  public static void accessible(String name, MemorySegment segment, String what, Shape shape) {
    if (!segment.scope().isAlive()) {
      throw new IllegalStateException(
          name + ": the arena of " + what + " of shape " + shape + " is closed");
    }
    if (!segment.isAccessibleBy(Thread.currentThread())) {
      throw new WrongThreadException(
          name
              + ": "
              + what
              + " of shape "
              + shape
              + " belongs to a confined arena of another thread than "
              + Thread.currentThread().getName());
    }
  }

  /**
   * Any thread may use the tensor: its arena is not a confined one. For work that is divided among
   * threads.
   */
  public static void shareable(String name, Tensor tensor) {
    shareable(name, tensor.segment(), TENSOR, tensor.shape());
  }

  /** As {@link #shareable(String, Tensor)}, for the memory of something of a shape. */
  public static void shareable(String name, MemorySegment segment, String what, Shape shape) {
    if (!segment.isAccessibleBy(SOME_OTHER_THREAD)) {
      throw new WrongThreadException(
          name
              + ": "
              + what
              + " of shape "
              + shape
              + " belongs to a confined arena, which the other threads of a parallel run cannot read or write: use Arena.ofShared() or Arena.ofAuto(), or a plan without parallelism");
    }
  }

  /** The elements are of a type. */
  public static void dtype(String name, Tensor tensor, DType expected) {
    if (tensor.dtype() != expected) {
      throw new IllegalArgumentException(
          name + ": expected " + expected + ", got " + tensor.dtype());
    }
  }

  /** The sizes are as expected. */
  public static void shape(String name, Tensor tensor, Shape expected) {
    if (!tensor.shape().equals(expected)) {
      throw new IllegalArgumentException(
          name + ": expected shape " + expected + ", got " + tensor.shape());
    }
  }

  /** A matrix has so many rows and columns. Allocates only when it fails. */
  public static void matrix(String name, Tensor tensor, long rows, long columns) {
    if (tensor.rank() != 2 || tensor.size(0) != rows || tensor.size(1) != columns) {
      throw new IllegalArgumentException(
          name + ": expected shape [" + rows + ", " + columns + "], got " + tensor.shape());
    }
  }

  /** A tensor has a row of a length for each of some indices, in their shape. */
  public static void rowsOf(String name, Tensor tensor, Shape indices, long width) {
    boolean equal = tensor.rank() == indices.rank() + 1 && tensor.size(-1) == width;
    for (int dim = 0; equal && dim < indices.rank(); dim++) {
      equal = tensor.size(dim) == indices.size(dim);
    }
    if (!equal) {
      throw new IllegalArgumentException(
          name + ": expected shape " + indices.append(width) + ", got " + tensor.shape());
    }
  }

  /** The rows of something that is read lie without gaps inside. */
  public static void denseRows(String name, Tensor tensor) {
    denseRows(name, tensor, "; copy it with contiguous(arena)");
  }

  /** The rows of something that is written lie without gaps inside. */
  public static void denseOutputRows(String name, Tensor tensor) {
    denseRows(name, tensor, "");
  }

  private static void denseRows(String name, Tensor tensor, String advice) {
    if (tensor.stride(-1) != 1 && tensor.size(-1) > 1) {
      throw new IllegalArgumentException(
          name
              + ": the elements of a row must lie side by side, but have stride "
              + tensor.stride(-1)
              + advice);
    }
  }

  /** An output shares no memory with an input, judged by the ranges of addresses that they span. */
  public static void disjoint(String outName, Tensor out, String inName, Tensor in) {
    long outSpan = out.layout().spanBytes();
    long inSpan = in.layout().spanBytes();
    long outStart = out.segment().address() + out.offsetBytes();
    long inStart = in.segment().address() + in.offsetBytes();
    if (outSpan > 0 && inSpan > 0 && outStart < inStart + inSpan && inStart < outStart + outSpan) {
      throw new IllegalArgumentException(outName + " must not overlap " + inName + " in memory");
    }
  }
}
