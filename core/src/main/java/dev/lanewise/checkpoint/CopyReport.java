package dev.lanewise.checkpoint;

import java.util.List;

/**
 * The names that {@link StateDict#copyTo} found on one side only.
 *
 * @param missing names of the model that the state dict does not have; their tensors were left as
 *     they were
 * @param unexpected names of the state dict that the model does not have
 */
public record CopyReport(List<String> missing, List<String> unexpected) {
  /** Copies the lists. */
  public CopyReport {
    missing = List.copyOf(missing);
    unexpected = List.copyOf(unexpected);
  }
}
