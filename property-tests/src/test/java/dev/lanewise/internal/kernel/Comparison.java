package dev.lanewise.internal.kernel;

import java.util.function.Function;

/** What the kernels of comparisons sum, by one operation after the other. */
enum Comparison {
  /** Products, which contractions sum too. */
  PRODUCTS(KernelSet::products),
  /** Squared differences, of which the negative is stored. */
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

  /** What is stored of a sum. */
  double stored(ElementType type, double sum) {
    return this == PRODUCTS ? sum : Numbers.add(type, 0, -sum);
  }
}
