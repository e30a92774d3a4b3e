package dev.lanewise.optim;

import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.memory.GrowableMemory;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.rows.Contributions;
import dev.lanewise.internal.rows.RowSums;

/** What one thread needs while it updates rows. */
final class UpdateScratch {
  static final ScratchPool<UpdateScratch> POOL = new ScratchPool<>(UpdateScratch::new);

  final float[] partials = new float[Partials.COUNT];

  /** The summed gradients of some rows. */
  final GrowableMemory block = new GrowableMemory();

  /** Rows that are moved by a row of the gradient as it is. */
  final RowMoves single = new RowMoves();

  /** Rows that are moved by a sum in the block. */
  final RowMoves summed = new RowMoves();

  /** Weights of 16 bits while they are float32. */
  final GrowableMemory weights = new GrowableMemory();

  /** Of a sparse gradient. */
  final RowSums sums = new RowSums();

  final Contributions batch = new Contributions();
}
