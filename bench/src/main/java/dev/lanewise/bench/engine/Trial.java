package dev.lanewise.bench.engine;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Finds out which of several ways to do the same is the quickest, as a careful user would. */
public final class Trial {
  private static final int ROUNDS = 5;
  private static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(60);

  private Trial() {}

  /** The way with the quickest round, of rounds in turn. */
  public static Work quickest(List<Work> ways) {
    if (ways.size() == 1) {
      return ways.getFirst();
    }
    double[] best = new double[ways.size()];
    Arrays.fill(best, Double.POSITIVE_INFINITY);
    for (int round = 0; round < ROUNDS; round++) {
      for (int way = 0; way < best.length; way++) {
        best[way] = Math.min(best[way], nanosOfACall(ways.get(way)));
      }
    }
    int chosen = 0;
    for (int way = 1; way < best.length; way++) {
      chosen = best[way] < best[chosen] ? way : chosen;
    }
    return ways.get(chosen);
  }

  private static double nanosOfACall(Work way) {
    long start = System.nanoTime();
    long calls = 0;
    long elapsed = 0;
    while (elapsed < ROUND_NANOS) {
      way.run();
      calls++;
      elapsed = System.nanoTime() - start;
    }
    return (double) elapsed / calls;
  }
}
