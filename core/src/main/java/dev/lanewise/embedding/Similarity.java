package dev.lanewise.embedding;

/** What {@link NearestRows} compares rows by, and what its scores are. */
public enum Similarity {
  /** {@code sum of x[d] q[d]}: the larger, the nearer. */
  DOT,

  /**
   * {@code sum of x[d] q[d] / (max(|x|, eps) max(|q|, eps))} with the Euclidean norm and {@code eps
   * = 1e-8}: the larger, the nearer. A row or a query of zeros has the score 0 with everything
   * finite.
   *
   * <p>Semantics: <a
   * href="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html">torch.nn.functional.cosine_similarity</a>.
   */
  COSINE,

  /** {@code sqrt(sum of (x[d] - q[d])^2)}: the smaller, the nearer. */
  EUCLIDEAN
}
