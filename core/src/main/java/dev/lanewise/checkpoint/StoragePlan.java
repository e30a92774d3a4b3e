package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which storages a file gets, and where in them each tensor lies.
 *
 * <p>A tensor whose elements span no more memory than it has elements is dense: it is stored as
 * that memory, so that transposed and expanded views stay views, and dense tensors that overlap
 * share one storage. A tensor with gaps becomes a view of such a storage if it lies in one. If not
 * it is stored row by row without gaps: writing the whole span of a column of a large table would
 * write the table.
 */
final class StoragePlan {
  /** The memory that dense tensors of one type and phase cover, by where it begins. */
  private final Map<Lattice, TreeMap<Long, Region>> regions = new HashMap<>();

  private final Map<Memory, Storage> packed = new HashMap<>();
  private final List<Storage> inOrder = new ArrayList<>();

  /**
   * One storage of the file.
   *
   * @param key its name in the file
   * @param elements what it holds, in row-major order
   */
  record Storage(String key, Tensor elements) {}

  /**
   * A tensor's place in a storage.
   *
   * @param storage the storage
   * @param offset where its first element is, in elements
   * @param sizes the tensor's shape
   * @param strides in elements
   */
  record Placement(Storage storage, long offset, List<Long> sizes, List<Long> strides) {}

  /** Tensors that can share a storage: elements of a type, at the same distance from its grid. */
  private record Lattice(DType dtype, long phaseBytes) {
    static Lattice of(Tensor tensor) {
      return new Lattice(tensor.dtype(), start(tensor) % tensor.dtype().sizeBytes());
    }
  }

  /** The elements of a tensor with gaps, by what makes two of them the same memory. */
  private record Memory(long address, DType dtype, Shape shape, List<Long> strides) {}

  /** Memory without gaps, all of it within one segment. */
  private static final class Region {
    private final MemorySegment segment;
    private final long start;
    private final long end;
    private @Nullable Storage storage;

    Region(MemorySegment segment, long start, long end) {
      this.segment = segment;
      this.start = start;
      this.end = end;
    }

    /** Both as one, if a segment holds it; null if not. */
    @Nullable Region joined(Region next) {
      long last = Math.max(end, next.end);
      for (MemorySegment holder : List.of(segment, next.segment)) {
        if (holder.address() <= start && last <= holder.address() + holder.byteSize()) {
          return new Region(holder, start, last);
        }
      }
      return null;
    }
  }

  /** A plan for all tensors of a file. */
  StoragePlan(Collection<Tensor> tensors) {
    List<Tensor> dense =
        tensors.stream()
            .filter(StoragePlan::isDense)
            .sorted(Comparator.comparingLong(StoragePlan::start))
            .toList();
    for (Tensor tensor : dense) {
      long start = start(tensor);
      var region = new Region(tensor.segment(), start, start + tensor.layout().spanBytes());
      TreeMap<Long, Region> known =
          regions.computeIfAbsent(Lattice.of(tensor), absent -> new TreeMap<>());
      Map.Entry<Long, Region> last = known.lastEntry();
      Region joined =
          last != null && start < last.getValue().end ? last.getValue().joined(region) : null;
      if (joined != null) {
        known.put(joined.start, joined);
      } else {
        known.putIfAbsent(start, region);
      }
    }
  }

  /** The place of one of the tensors of the plan. */
  Placement place(Tensor tensor) {
    List<Long> sizes = list(tensor.shape().toArray());
    if (tensor.shape().elementCount() == 0) {
      return new Placement(add(tensor), 0, sizes, list(tensor.strides()));
    }
    Region region = region(tensor);
    if (region != null) {
      long offset = (start(tensor) - region.start) / tensor.dtype().sizeBytes();
      return new Placement(storage(region, tensor.dtype()), offset, sizes, list(tensor.strides()));
    }
    var memory = new Memory(start(tensor), tensor.dtype(), tensor.shape(), list(tensor.strides()));
    Storage storage = packed.computeIfAbsent(memory, absent -> add(tensor));
    return new Placement(storage, 0, sizes, list(rowMajorStrides(tensor.shape())));
  }

  /** The storages of all tensors placed so far, without repetition. */
  List<Storage> storages() {
    return inOrder;
  }

  /** The region that a tensor lies in; null for one with gaps that lies in none. */
  private @Nullable Region region(Tensor tensor) {
    TreeMap<Long, Region> known = regions.get(Lattice.of(tensor));
    Map.Entry<Long, Region> before = known == null ? null : known.floorEntry(start(tensor));
    if (before == null) {
      return null;
    }
    long end = start(tensor) + tensor.layout().spanBytes();
    return end <= before.getValue().end ? before.getValue() : null;
  }

  private Storage storage(Region region, DType dtype) {
    Storage existing = region.storage;
    if (existing != null) {
      return existing;
    }
    long count = (region.end - region.start) / dtype.sizeBytes();
    MemorySegment bytes =
        region.segment.asSlice(region.start - region.segment.address(), region.end - region.start);
    Storage created = add(Tensor.wrap(bytes, dtype, Shape.of(count)));
    region.storage = created;
    return created;
  }

  private Storage add(Tensor elements) {
    var created = new Storage(Integer.toString(inOrder.size()), elements);
    inOrder.add(created);
    return created;
  }

  private static boolean isDense(Tensor tensor) {
    long spanElements = tensor.layout().spanBytes() / tensor.dtype().sizeBytes();
    return spanElements > 0 && spanElements <= tensor.shape().elementCount();
  }

  private static long start(Tensor tensor) {
    return tensor.segment().address() + tensor.offsetBytes();
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
