package dev.lanewise.optim;

/**
 * The optimizers as scalar programs, written down once more from docs/numerics.md: what the engine
 * must give to the bit.
 */
abstract class ScalarRules {
  final int width;
  int steps;

  ScalarRules(int width) {
    this.width = width;
  }

  /** Moves the rows for which it is asked by the gradient of all rows. */
  final void step(float[] w, float[] g, boolean... moved) {
    steps++;
    for (int row = 0; row < moved.length; row++) {
      if (moved[row]) {
        row(w, g, row * width);
      }
    }
  }

  abstract void row(float[] w, float[] g, int from);

  static ScalarRules sgd(Record given, int rows, int width) {
    Sgd.Settings s = (Sgd.Settings) given;
    float[] b = new float[rows * width];
    float sign = s.direction() == Direction.MAXIMIZE ? -1 : 1;
    return new ScalarRules(width) {
      @Override
      void row(float[] w, float[] g, int from) {
        for (int i = from; i < from + width; i++) {
          if (s.momentum() == 0 && s.weightDecay() == 0) {
            w[i] = Math.fma(-s.learningRate() * sign, g[i], w[i]);
            continue;
          }
          float d = Math.fma(s.weightDecay(), w[i], sign * g[i]);
          if (s.momentum() != 0) {
            float scale = steps == 1 ? 1 : 1 - s.dampening();
            b[i] = Math.fma(s.momentum(), b[i], scale * d);
            d = s.momentumKind() == Sgd.MomentumKind.PLAIN ? b[i] : Math.fma(s.momentum(), b[i], d);
          }
          w[i] = Math.fma(-s.learningRate(), d, w[i]);
        }
      }
    };
  }

  static ScalarRules adagrad(Record given, int rows, int width) {
    Adagrad.Settings s = (Adagrad.Settings) given;
    float[] sums = new float[rows * width];
    java.util.Arrays.fill(sums, s.initialAccumulator());
    float sign = s.direction() == Direction.MAXIMIZE ? -1 : 1;
    return new ScalarRules(width) {
      @Override
      void row(float[] w, float[] g, int from) {
        float rate = (float) (s.learningRate() / (1 + (steps - 1.0) * s.lrDecay()));
        for (int i = from; i < from + width; i++) {
          float d =
              s.weightDecay() == 0 ? sign * g[i] : Math.fma(s.weightDecay(), w[i], sign * g[i]);
          sums[i] = Math.fma(d, d, sums[i]);
          w[i] = Math.fma(-rate, d / (root(sums[i]) + s.eps()), w[i]);
        }
      }
    };
  }

  static ScalarRules rowwiseAdagrad(Record given, int rows, int width) {
    RowwiseAdagrad.Settings s = (RowwiseAdagrad.Settings) given;
    float[] h = new float[rows];
    float sign = s.direction() == Direction.MAXIMIZE ? -1 : 1;
    return new ScalarRules(width) {
      @Override
      void row(float[] w, float[] g, int from) {
        float[] p = new float[64];
        for (int i = 0; i < width; i++) {
          p[i % 64] = Math.fma(g[from + i], g[from + i], p[i % 64]);
        }
        for (int half = 32; half > 0; half /= 2) {
          for (int i = 0; i < half; i++) {
            p[i] += p[i + half];
          }
        }
        int row = from / width;
        h[row] += p[0] / width;
        float rate = s.learningRate() / (root(h[row]) + s.eps());
        for (int i = from; i < from + width; i++) {
          w[i] = Math.fma(-rate * sign, g[i], w[i]);
        }
      }
    };
  }

  static ScalarRules adam(Record given, int rows, int width) {
    Adam.Settings s = (Adam.Settings) given;
    boolean decoupled = s.decayKind() == Adam.DecayKind.DECOUPLED;
    Moments moments = new Moments(s.beta1(), s.beta2(), s.direction(), rows * width);
    float[] largest = new float[rows * width];
    return new ScalarRules(width) {
      @Override
      void row(float[] w, float[] g, int from) {
        double first = 1 - AdamRates.power(s.beta1(), steps);
        double second = 1 - AdamRates.power(s.beta2(), steps);
        float scale = (float) (1 / Math.sqrt(second));
        float rate = (float) (s.learningRate() / first);
        float keep = decoupled ? (float) (1 - (double) s.learningRate() * s.weightDecay()) : 1;
        for (int i = from; i < from + width; i++) {
          float v = moments.update(i, decoupled ? 0 : s.weightDecay(), w[i], g[i]);
          if (s.variant() == Adam.Variant.AMSGRAD) {
            largest[i] = largest[i] > v ? largest[i] : v;
            v = largest[i];
          }
          float move = moments.m[i] / Math.fma(root(v), scale, s.eps());
          w[i] = Math.fma(-rate, move, keep * w[i]);
        }
      }
    };
  }

  static ScalarRules sparseAdam(Record given, int rows, int width) {
    SparseAdam.Settings s = (SparseAdam.Settings) given;
    Moments moments = new Moments(s.beta1(), s.beta2(), s.direction(), rows * width);
    return new ScalarRules(width) {
      @Override
      void row(float[] w, float[] g, int from) {
        double first = 1 - AdamRates.power(s.beta1(), steps);
        double second = 1 - AdamRates.power(s.beta2(), steps);
        float rate = (float) (s.learningRate() * Math.sqrt(second) / first);
        for (int i = from; i < from + width; i++) {
          float v = moments.update(i, 0, w[i], g[i]);
          w[i] = Math.fma(-rate, moments.m[i] / (root(v) + s.eps()), w[i]);
        }
      }
    };
  }

  private static float root(float x) {
    return (float) Math.sqrt(x);
  }

  /** The means of Adam. */
  private record Moments(double beta1, double beta2, float sign, float[] m, float[] v) {
    Moments(double beta1, double beta2, Direction direction, int count) {
      this(
          beta1,
          beta2,
          direction == Direction.MAXIMIZE ? -1 : 1,
          new float[count],
          new float[count]);
    }

    float update(int i, float decay, float w, float g) {
      float d = Math.fma(decay, w, sign * g);
      m[i] = Math.fma((float) beta1, m[i], (float) (1 - beta1) * d);
      v[i] = Math.fma((float) beta2, v[i], (float) (1 - beta2) * d * d);
      return v[i];
    }
  }
}
