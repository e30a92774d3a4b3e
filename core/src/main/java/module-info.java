import org.jspecify.annotations.NullMarked;

/**
 * Embedding lookup and tensor contraction with the Vector API over off-heap memory: tensors,
 * einsum, embeddings, reverse-mode gradients, layers, losses, optimizers and checkpoints.
 */
@NullMarked
module dev.lanewise.core {
  requires jdk.incubator.vector;
  requires static org.jspecify;

  exports dev.lanewise.autograd;
  exports dev.lanewise.checkpoint;
  exports dev.lanewise.einsum;
  exports dev.lanewise.embedding;
  exports dev.lanewise.memory;
  exports dev.lanewise.nn;
  exports dev.lanewise.optim;
  exports dev.lanewise.parallel;
  exports dev.lanewise.tensor;
}
