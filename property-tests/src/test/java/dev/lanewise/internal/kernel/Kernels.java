package dev.lanewise.internal.kernel;

import dev.lanewise.verification.FloatFormat;
import java.lang.reflect.Array;
import java.util.List;

/** The backends, and what tests of contraction kernels need to be one program for both types. */
final class Kernels {
  static final List<KernelSet> BACKENDS = List.of(KernelSet.scalar(), KernelSet.vector());

  private Kernels() {}

  static ElementType type(FloatFormat format) {
    return switch (format) {
      case BINARY32 -> ElementType.FLOAT32;
      case BINARY64 -> ElementType.FLOAT64;
    };
  }

  /** A {@code float[]} or {@code double[]} of numbers. */
  static <A> A array(ContractionKernels<A> kernels, double[] numbers) {
    A array = kernels.arrays().apply(numbers.length);
    for (int i = 0; i < numbers.length; i++) {
      if (array instanceof float[] floats) {
        floats[i] = (float) numbers[i];
      } else {
        Array.setDouble(array, i, numbers[i]);
      }
    }
    return array;
  }

  /** What a {@code float[]} or {@code double[]} holds. */
  static double[] numbers(Object array) {
    double[] numbers = new double[Array.getLength(array)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Array.getDouble(array, i);
    }
    return numbers;
  }
}
