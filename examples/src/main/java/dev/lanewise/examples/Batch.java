package dev.lanewise.examples;

import java.util.Arrays;
import java.util.List;

/**
 * A mini-batch of bags of different length.
 *
 * @param words the bags' words, one bag behind the other
 * @param offsets where each bag starts
 * @param modules each bag's class
 */
record Batch(int[] words, int[] offsets, int[] modules) {
  static Batch of(List<ClassNames.Sample> samples) {
    int[] offsets = new int[samples.size()];
    for (int i = 1; i < offsets.length; i++) {
      offsets[i] = offsets[i - 1] + samples.get(i - 1).words().length;
    }
    return new Batch(
        samples.stream().map(ClassNames.Sample::words).flatMapToInt(Arrays::stream).toArray(),
        offsets,
        samples.stream().mapToInt(ClassNames.Sample::module).toArray());
  }
}
