package dev.lanewise.einsum;

import dev.lanewise.tensor.Tensor;

/** A contraction of two tensors that were checked, in however many steps. */
@FunctionalInterface
interface WholeContraction {
  void run(Tensor a, Tensor b, Tensor out, Accumulation accumulation);
}
