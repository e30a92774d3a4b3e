package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which storages a file gets, and where in them each tensor lies.
 *
 * <p>A tensor whose elements span no more memory than it has elements is stored as that memory, so
 * that transposed and expanded views stay views. One with gaps is stored row by row without them:
 * writing the whole span of a column of a large table would write the table.
 */
final class StoragePlan {
  private final Map<Memory, Storage> storages = new HashMap<>();
  private final List<Storage> inOrder = new ArrayList<>();

  /**
   * One storage of the file.
   *
   * @param key its name in the file
   * @param elements what it holds, in row-major order
   */
  record Storage(String key, Tensor elements) {}

  /**
   * A tensor's place in a storage; it always begins at the storage's first element.
   *
   * @param storage the storage
   * @param sizes the tensor's shape
   * @param strides in elements
   */
  record Placement(Storage storage, List<Long> sizes, List<Long> strides) {}

  /** The elements of a storage, by what makes two of them the same memory. */
  private record Memory(long address, DType dtype, Shape shape, List<Long> strides) {}

  Placement place(Tensor tensor) {
    List<Long> sizes = list(tensor.shape().toArray());
    long span = span(tensor);
    if (span <= tensor.shape().elementCount()) {
      Tensor flat = tensor.asStrided(Shape.of(span), new long[] {1}, tensor.offset());
      return new Placement(storage(flat), sizes, list(tensor.strides()));
    }
    return new Placement(storage(tensor), sizes, list(rowMajorStrides(tensor.shape())));
  }

  /** The storages of all tensors placed so far, without repetition. */
  List<Storage> storages() {
    return inOrder;
  }

  private Storage storage(Tensor elements) {
    long address = elements.segment().address() + elements.offsetBytes();
    var memory = new Memory(address, elements.dtype(), elements.shape(), list(elements.strides()));
    return storages.computeIfAbsent(
        memory,
        absent -> {
          var created = new Storage(Integer.toString(inOrder.size()), elements);
          inOrder.add(created);
          return created;
        });
  }

  /** How many elements there are from a tensor's first in memory to its last. */
  private static long span(Tensor tensor) {
    if (tensor.shape().elementCount() == 0) {
      return 0;
    }
    long last = 0;
    for (int dim = 0; dim < tensor.rank(); dim++) {
      last += (tensor.size(dim) - 1) * tensor.stride(dim);
    }
    return last + 1;
  }

  private static long[] rowMajorStrides(Shape shape) {
    long[] strides = new long[shape.rank()];
    long stride = 1;
    for (int dim = strides.length - 1; dim >= 0; dim--) {
      strides[dim] = stride;
      stride *= shape.size(dim);
    }
    return strides;
  }

  private static List<Long> list(long[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
