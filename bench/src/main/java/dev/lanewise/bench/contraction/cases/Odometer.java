package dev.lanewise.bench.contraction.cases;

import java.util.function.IntConsumer;

/** Visits the elements of a layout in row-major order of their indices. */
record Odometer(Layout layout) {
  /** Calls back with each element's offset. */
  void forEach(IntConsumer visitor) {
    int[] sizes = layout.sizes();
    int[] strides = layout.strides();
    int[] index = new int[sizes.length];
    int offset = 0;
    for (int remaining = layout.elementCount(); remaining > 0; remaining--) {
      visitor.accept(offset);
      for (int axis = sizes.length - 1; axis >= 0; axis--) {
        offset += strides[axis];
        if (++index[axis] < sizes[axis]) {
          break;
        }
        offset -= index[axis] * strides[axis];
        index[axis] = 0;
      }
    }
  }
}
