/**
 * Models in files: {@link dev.lanewise.checkpoint.StateDict}, an ordered map of names to tensors
 * and plain values, read from and written to the zip files of PyTorch's {@code torch.save}, {@code
 * safetensors} and NumPy's {@code npz}; and {@link dev.lanewise.checkpoint.Npy}, files of one
 * array, of which {@link dev.lanewise.checkpoint.MappedTable} makes tables larger than RAM.
 *
 * <p>A file from outside is hostile until parsed: whatever it holds, reading it gives tensors or a
 * {@link dev.lanewise.checkpoint.CheckpointException}, and never loads a class or runs anything.
 */
@NullMarked
package dev.lanewise.checkpoint;

import org.jspecify.annotations.NullMarked;
