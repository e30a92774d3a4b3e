package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Programs that compute each element on its own, over runs of n float32 values that lie without
 * gaps. Offsets are in bytes and need no alignment; an output may be the very same run as an input,
 * and must not overlap one otherwise. Each program is defined once, in the generator under
 * core/src/generator, for all backends.
 */
public interface ElementwiseKernels {
  /** {@code c = a + b}. */
  void add(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      int n);

  /** {@code c = a + s}. */
  void addScalar(MemorySegment a, long aOffset, MemorySegment c, long cOffset, float s, int n);

  /** {@code y = fma(alpha, x, y)}; with alpha 1 exactly {@code y + x}. */
  void axpy(MemorySegment x, long xOffset, MemorySegment y, long yOffset, float alpha, int n);

  /** {@code y = x < 0 ? 0 : x}; NaN stays NaN. */
  void relu(MemorySegment x, long xOffset, MemorySegment y, long yOffset, int n);

  /**
   * {@code d = d + (y > 0 ? g : 0)}: the gradient of relu, from its output y and that output's
   * gradient g.
   */
  void reluGradient(
      MemorySegment y,
      long yOffset,
      MemorySegment g,
      long gOffset,
      MemorySegment d,
      long dOffset,
      int n);

  /** {@code d = fma(alpha, x - t, d)}. */
  void differenceGradient(
      MemorySegment x,
      long xOffset,
      MemorySegment t,
      long tOffset,
      MemorySegment d,
      long dOffset,
      float alpha,
      int n);

  /** {@code y = (x - t)(x - t)}. */
  void squaredDifference(
      MemorySegment x,
      long xOffset,
      MemorySegment t,
      long tOffset,
      MemorySegment y,
      long yOffset,
      int n);

  /**
   * {@code d = fma(2 sign (x - t), g, d)}: the gradient of {@link #squaredDifference} for x (sign
   * 1) or for t (sign -1).
   */
  void squaredDifferenceGradient(
      MemorySegment x,
      long xOffset,
      MemorySegment t,
      long tOffset,
      MemorySegment g,
      long gOffset,
      MemorySegment d,
      long dOffset,
      float sign,
      int n);

  /** {@code d = fma(alpha, exp(x - shift), d)}. */
  void expGradient(
      MemorySegment x,
      long xOffset,
      MemorySegment d,
      long dOffset,
      float shift,
      float alpha,
      int n);

  /** {@code w = fma(negativeRate, fma(weightDecay, w, sign g), w)}. */
  void sgdDecay(
      MemorySegment g,
      long gOffset,
      MemorySegment w,
      long wOffset,
      float sign,
      float weightDecay,
      float negativeRate,
      int n);

  /**
   * {@code d = fma(weightDecay, w, sign g); b = fma(momentum, b, scale d); w = fma(negativeRate, b,
   * w)}.
   */
  void sgdMomentum(
      MemorySegment g,
      long gOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment w,
      long wOffset,
      float sign,
      float weightDecay,
      float momentum,
      float scale,
      float negativeRate,
      int n);

  /** As {@link #sgdMomentum}, but {@code w = fma(negativeRate, fma(momentum, b, d), w)}. */
  void sgdNesterov(
      MemorySegment g,
      long gOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment w,
      long wOffset,
      float sign,
      float weightDecay,
      float momentum,
      float scale,
      float negativeRate,
      int n);

  /**
   * {@code s = fma(g, g, s); w = fma(negativeRate, g / (sqrt(s) + eps), w)}. Here and below, sqrt
   * and division round correctly.
   */
  void adagrad(
      MemorySegment g,
      long gOffset,
      MemorySegment s,
      long sOffset,
      MemorySegment w,
      long wOffset,
      float negativeRate,
      float eps,
      int n);

  /** As {@link #adagrad}, with {@code fma(weightDecay, w, sign g)} in place of g. */
  void adagradDecay(
      MemorySegment g,
      long gOffset,
      MemorySegment s,
      long sOffset,
      MemorySegment w,
      long wOffset,
      float sign,
      float weightDecay,
      float negativeRate,
      float eps,
      int n);

  /**
   * {@code d = fma(weightDecay, w, sign g); m = fma(beta1, m, rest1 d); v = fma(beta2, v, (rest2 d)
   * d); w = fma(negativeRate, m / fma(sqrt(v), scale, eps), keep w)}.
   */
  void adam(
      MemorySegment g,
      long gOffset,
      MemorySegment m,
      long mOffset,
      MemorySegment v,
      long vOffset,
      MemorySegment w,
      long wOffset,
      float sign,
      float weightDecay,
      float keep,
      float beta1,
      float rest1,
      float beta2,
      float rest2,
      float scale,
      float eps,
      float negativeRate,
      int n);

  /**
   * As {@link #adam}, with {@code h = h > v ? h : v} and the root of h in place of v's. A NaN in v
   * enters h.
   */
  void adamMax(
      MemorySegment g,
      long gOffset,
      MemorySegment m,
      long mOffset,
      MemorySegment v,
      long vOffset,
      MemorySegment h,
      long hOffset,
      MemorySegment w,
      long wOffset,
      float sign,
      float weightDecay,
      float keep,
      float beta1,
      float rest1,
      float beta2,
      float rest2,
      float scale,
      float eps,
      float negativeRate,
      int n);
}
