package dev.lanewise.autograd;

/** What becomes of the recorded operations after a backward pass over them. */
public enum Retention {
  /** They cannot be walked again, and a second backward pass over them is an error. */
  RELEASE,
  /**
   * They can be walked again: gradients of parameters add up (PyTorch's {@code retain_graph=True}).
   */
  RETAIN
}
