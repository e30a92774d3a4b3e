package dev.lanewise.bench.embedding.cases;

import java.util.SplittableRandom;

/** Which rows a batch takes. */
public enum Distribution {
  /** All rows as often. */
  UNIFORM {
    @Override
    int draw(SplittableRandom random, int rows) {
      return random.nextInt(rows);
    }
  },
  /** The k-th most frequent row about 1/k as often as the first, scattered over the table. */
  ZIPF {
    @Override
    int draw(SplittableRandom random, int rows) {
      long rank = (long) Math.exp(random.nextDouble() * Math.log(rows + 1.0)) - 1;
      return (int) (Math.min(rank, rows - 1) * SCATTER % rows);
    }
  };

  /** A prime, so that different ranks are different rows. */
  private static final long SCATTER = 611_953;

  abstract int draw(SplittableRandom random, int rows);
}
