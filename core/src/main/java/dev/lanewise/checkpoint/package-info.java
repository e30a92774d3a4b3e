/**
 * Models in files: {@link dev.lanewise.checkpoint.StateDict}, an ordered map of names to tensors,
 * and the zip files that PyTorch's {@code torch.save} writes and {@code torch.load} reads.
 *
 * <p>A file from outside is hostile until parsed: whatever it holds, reading it gives tensors or a
 * {@link dev.lanewise.checkpoint.CheckpointException}, and never loads a class or runs anything.
 */
@NullMarked
package dev.lanewise.checkpoint;

import org.jspecify.annotations.NullMarked;
