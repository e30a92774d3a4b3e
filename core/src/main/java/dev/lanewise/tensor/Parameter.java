package dev.lanewise.tensor;

import java.lang.foreign.Arena;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that is trained: its value and, once something needs it, its gradient.
 *
 * <p>The gradient is kept dense, as a tensor, or sparse, as a list of rows; whoever's backward pass
 * is sparse (an {@code Embedding.withSparseGradient()}) adds to the sparse one. Where both hold
 * something, the gradient is their sum.
 *
 * <p>Gradients add up over backward passes until {@link #zeroGradient}, as PyTorch's {@code
 * Tensor.grad} does. A frozen parameter has no gradient and is left alone by tapes and optimizers.
 * Training a parameter is not thread-safe; reading its value is.
 */
public final class Parameter implements Operand {
  private static final Set<DType> TRAINABLE =
      EnumSet.of(DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16);

  private final Tensor value;
  private final @Nullable Arena gradientArena;
  private @Nullable Gradient gradient;
  private @Nullable SparseGradient sparseGradient;

  private Parameter(Tensor value, @Nullable Arena gradientArena) {
    this.value = value;
    this.gradientArena = gradientArena;
  }

  /**
   * A parameter to be trained.
   *
   * @param arena where the gradient's memory will come from when the first backward pass needs it
   * @param value the tensor that training updates in place: writable, and float32, or, for tables,
   *     bfloat16 or float16, which optimizers round {@linkplain dev.lanewise.optim.Optimizer
   *     stochastically}; the gradient is float32
   * @return the parameter
   * @throws IllegalArgumentException if the tensor is of another type, read-only, or not contiguous
   */
  public static Parameter trainable(Arena arena, Tensor value) {
    if (!TRAINABLE.contains(value.dtype())) {
      throw new IllegalArgumentException(
          "a trainable parameter must be float32, bfloat16 or float16, not " + value.dtype());
    }
    if (value.segment().isReadOnly()) {
      throw new IllegalArgumentException(
          "a trainable parameter of shape " + value.shape() + " must not be read-only");
    }
    if (!value.isContiguous()) {
      throw new IllegalArgumentException(
          "a trainable parameter of shape "
              + value.shape()
              + " must be contiguous: use contiguous(arena)");
    }
    return new Parameter(value, Objects.requireNonNull(arena, "arena"));
  }

  /**
   * A parameter that is not trained.
   *
   * @param value the tensor, of any type
   * @return the parameter
   */
  public static Parameter frozen(Tensor value) {
    return new Parameter(Objects.requireNonNull(value, "value"), null);
  }

  @Override
  public Tensor value() {
    return value;
  }

  /**
   * Whether gradients are computed for this parameter.
   *
   * @return false if it is frozen
   */
  public boolean isTrainable() {
    return gradientArena != null;
  }

  /**
   * Whether the dense gradient's memory exists already.
   *
   * @return true after the first backward pass that reached this parameter, unless it was sparse
   */
  public boolean hasGradient() {
    return gradient != null;
  }

  /**
   * The gradient; the first call allocates it, as zeros.
   *
   * @return the gradient
   * @throws IllegalStateException if the parameter is frozen
   */
  public Gradient gradient() {
    Gradient existing = gradient;
    if (existing != null) {
      return existing;
    }
    if (gradientArena == null) {
      throw new IllegalStateException(
          "a frozen parameter of shape " + value.shape() + " has no gradient");
    }
    Gradient created = new Gradient(Tensor.allocate(gradientArena, DType.FLOAT32, value.shape()));
    gradient = created;
    return created;
  }

  /**
   * Whether the sparse gradient exists already.
   *
   * @return true after the first sparse backward pass that reached this parameter
   */
  public boolean hasSparseGradient() {
    return sparseGradient != null;
  }

  /**
   * The sparse gradient; the first call makes it, without entries.
   *
   * @return the gradient as a list of rows
   * @throws IllegalStateException if the parameter is frozen or a scalar
   */
  public SparseGradient sparseGradient() {
    SparseGradient existing = sparseGradient;
    if (existing != null) {
      return existing;
    }
    if (gradientArena == null) {
      throw new IllegalStateException(
          "a frozen parameter of shape " + value.shape() + " has no gradient");
    }
    SparseGradient created = new SparseGradient(value.shape());
    sparseGradient = created;
    return created;
  }

  /**
   * Adds the sparse gradient, each row's sum at once, to the dense one if that holds anything; the
   * sparse one is zero then. The gradient as a whole stays what it was.
   */
  public void mergeGradients() {
    if (gradient != null
        && sparseGradient != null
        && sparseGradient.nnz() > 0
        && (gradient.allRowsTouched() || gradient.touchedRowCount() > 0)) {
      sparseGradient.moveTo(gradient);
    }
  }

  /** Sets the gradient to zero, the dense and the sparse one, where there is one. */
  public void zeroGradient() {
    if (gradient != null) {
      gradient.zero();
    }
    if (sparseGradient != null) {
      sparseGradient.zero();
    }
  }

  /**
   * The value's description.
   *
   * @return {@code Parameter} and the tensor's text
   */
  @Override
  public String toString() {
    return "Parameter " + value;
  }
}
