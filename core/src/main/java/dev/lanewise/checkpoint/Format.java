package dev.lanewise.checkpoint;

/** The file formats a {@link StateDict} can be written in; reading recognises them by content. */
public enum Format {
  /**
   * The zip file of {@code torch.save}, usually {@code .pth} or {@code .pt}: everything a state
   * dict can hold, in its order. Tensors that share memory share it in the file. See <a
   * href="https://docs.pytorch.org/docs/stable/notes/serialization.html">PyTorch's serialization
   * notes</a>.
   */
  PYTORCH,
  /**
   * <a href="https://huggingface.co/docs/safetensors">safetensors</a>: tensors, and under the name
   * {@code __metadata__} a dict of strings. Tensors are written row by row, the widest types first
   * and then by name, so a state dict read back has that order. No checksums.
   */
  SAFETENSORS,
  /**
   * NumPy's {@code .npz}, as {@code numpy.savez} writes it and {@code numpy.load} reads it: an
   * array for each tensor. NumPy has no bfloat16. See <a
   * href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">numpy.lib.format</a>.
   */
  NPZ
}
