package dev.lanewise.tensor;

import java.lang.foreign.ValueLayout;

/**
 * Writes a tensor for people: nested brackets, a row a line, the middle of long dimensions left
 * out.
 */
final class TensorPrinter {
  private static final long ELIDE_ABOVE_ELEMENTS = 1000;
  private static final int EDGE = 3;

  private final Tensor tensor;
  private final boolean elide;
  private final StringBuilder text = new StringBuilder();

  private TensorPrinter(Tensor tensor) {
    this.tensor = tensor;
    this.elide = tensor.shape().elementCount() > ELIDE_ABOVE_ELEMENTS;
  }

  static String print(Tensor tensor) {
    TensorPrinter printer = new TensorPrinter(tensor);
    printer.text.append(tensor.dtype()).append(' ').append(tensor.shape());
    if (!tensor.segment().scope().isAlive()) {
      return printer.text.append(" (closed)").toString();
    }
    printer.text.append(tensor.rank() > 1 ? "\n" : " ");
    printer.append(new long[tensor.rank()], 0);
    return printer.text.toString();
  }

  private void append(long[] index, int dim) {
    if (dim == tensor.rank()) {
      text.append(element(index));
      return;
    }
    long size = tensor.size(dim);
    boolean innermost = dim == tensor.rank() - 1;
    text.append('[');
    for (long i = 0; i < size; i++) {
      if (i > 0) {
        text.append(innermost ? ", " : ",\n" + " ".repeat(dim + 1));
      }
      if (elide && size > 2 * EDGE && i == EDGE) {
        text.append("...");
        i = size - EDGE - 1;
        continue;
      }
      index[dim] = i;
      append(index, dim + 1);
    }
    text.append(']');
  }

  private String element(long[] index) {
    return switch (tensor.dtype()) {
      case BOOL -> Boolean.toString(tensor.getLong(index) != 0);
      case INT8, UINT8, INT16, INT32, INT64, UINT16, UINT32 -> Long.toString(tensor.getLong(index));
      case UINT64 -> Long.toUnsignedString(bits(index));
      case FLOAT64 -> Double.toString(tensor.get(index));
      case FLOAT32, BFLOAT16, FLOAT16 -> Float.toString((float) tensor.get(index));
    };
  }

  private long bits(long[] index) {
    return tensor.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, tensor.elementBytes(index));
  }
}
