package dev.lanewise.internal.kernel;

import java.util.function.Function;

/** What the kernels of comparisons sum, by one operation after the other. */
enum Comparison {
  /** Products, which contractions sum too. */
  PRODUCTS(KernelSet::dotProducts),
  /** Squared differences. */
  DISTANCES(KernelSet::distances);

  private final Function<KernelSet, ComparisonKernels> kernels;

  Comparison(Function<KernelSet, ComparisonKernels> kernels) {
    this.kernels = kernels;
  }

  ComparisonKernels of(KernelSet set) {
    return kernels.apply(set);
  }

  /** A sum with one more term. */
  double add(ElementType type, double x, double y, double sum) {
    if (this == PRODUCTS) {
      return Numbers.fma(type, x, y, sum);
    }
    double difference = Numbers.add(type, x, -y);
    return Numbers.fma(type, difference, difference, sum);
  }
}
