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
    MemorySegment segment = tensor.segment();
    if (!segment.scope().isAlive()) {
      throw new IllegalStateException(
          name + ": the arena of this tensor of shape " + tensor.shape() + " is closed");
    }
    if (!segment.isAccessibleBy(Thread.currentThread())) {
      throw new WrongThreadException(
          name
              + ": this tensor of shape "
              + tensor.shape()
              + " belongs to a confined arena of another thread than "
              + Thread.currentThread().getName());
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
