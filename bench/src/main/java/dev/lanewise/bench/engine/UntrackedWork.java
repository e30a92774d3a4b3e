package dev.lanewise.bench.engine;

import org.bytedeco.pytorch.InferenceMode;

/**
 * Work of libtorch while gradients are off, which they are for as long as the guard exists.
 *
 * @param work what is done
 * @param guard made before the work's tensors
 */
public record UntrackedWork(Work work, InferenceMode guard) implements Work {
  @Override
  public void run() {
    work.run();
  }

  @Override
  public void publish() {
    work.publish();
  }
}
