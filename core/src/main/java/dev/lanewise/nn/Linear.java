package dev.lanewise.nn;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.random.RandomGenerator;

/**
 * An affine layer: {@code y[i, j] = sum over k of x[i, k] weight[j, k] + bias[j]}.
 *
 * <p>A row's result does not depend on the batch it is computed in. Thread-safe as long as nobody
 * writes the parameters; each thread has its own tape.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html">torch.nn.Linear</a>.
 */
public final class Linear {
  private final Parameter weight;
  private final Parameter bias;

  private Linear(Parameter weight, Parameter bias) {
    this.weight = weight;
    this.bias = bias;
  }

  /**
   * A layer to be trained, weight and bias uniform within {@code 1 / sqrt(inFeatures)} around 0.
   *
   * @param arena whose memory the parameters and their gradients are
   * @param random the source of randomness
   * @param inFeatures the length of an input row, at least 1
   * @param outFeatures the length of an output row
   * @return the layer
   * @throws IllegalArgumentException if there are no input features
   */
  public static Linear create(
      Arena arena, RandomGenerator random, long inFeatures, long outFeatures) {
    if (inFeatures < 1) {
      throw new IllegalArgumentException("inFeatures must be at least 1, got " + inFeatures);
    }
    float bound = (float) (1 / Math.sqrt((double) inFeatures));
    Tensor weight = Tensor.uniform(arena, random, -bound, bound, outFeatures, inFeatures);
    Tensor bias = Tensor.uniform(arena, random, -bound, bound, outFeatures);
    return new Linear(Parameter.trainable(arena, weight), Parameter.trainable(arena, bias));
  }

  /**
   * A layer of given parameters, for example frozen ones from a checkpoint.
   *
   * @param weight [outFeatures, inFeatures]
   * @param bias [outFeatures]
   * @return the layer
   * @throws IllegalArgumentException if the shapes do not fit
   */
  public static Linear of(Parameter weight, Parameter bias) {
    Tensor w = weight.value();
    if (w.rank() != 2) {
      throw new IllegalArgumentException(
          "weight: expected shape [outFeatures, inFeatures], got " + w.shape());
    }
    if (bias.value().rank() != 1 || bias.value().size(0) != w.size(0)) {
      throw new IllegalArgumentException(
          "bias: expected shape [" + w.size(0) + "], got " + bias.value().shape());
    }
    return new Linear(weight, bias);
  }

  /**
   * The matrix.
   *
   * @return [outFeatures, inFeatures]
   */
  public Parameter weight() {
    return weight;
  }

  /**
   * What is added.
   *
   * @return [outFeatures]
   */
  public Parameter bias() {
    return bias;
  }

  /**
   * Applies the layer.
   *
   * @param tape what records it
   * @param x [rows, inFeatures]
   * @return [rows, outFeatures]
   * @throws IllegalArgumentException if x has another shape
   */
  public Variable forward(Tape tape, Operand x) {
    return tape.add(tape.einsum("ik,jk->ij", x, weight), bias);
  }

  /**
   * The layer's size.
   *
   * @return for example {@code Linear(128, 64)}
   */
  @Override
  public String toString() {
    return "Linear(" + weight.value().size(1) + ", " + weight.value().size(0) + ")";
  }
}
