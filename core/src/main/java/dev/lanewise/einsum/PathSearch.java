package dev.lanewise.einsum;

/**
 * How the path of a contraction of three operands or more is found. Labels that only one operand
 * has and the output has not are summed in a step of their own where that takes fewer operations
 * than to sum them in the operand's first product.
 *
 * <p>One or two operands are contracted at once, whatever the search.
 */
public enum PathSearch {
  /** {@link #OPTIMAL} up to 8 operands, {@link #GREEDY} for more. */
  AUTO,
  /**
   * The path with the fewest floating-point operations, by dynamic programming over the sets of
   * operands: 3^n pairs of sets are compared, so that n is limited to 14. Products of tensors that
   * share no label are considered too. It finds what a branching search (opt_einsum's {@code
   * branch}) could find at best, and looks at less.
   */
  OPTIMAL,
  /**
   * The pair next whose contraction enlarges the tensors least (the result's size less the
   * operands'), pairs that share a label first: n^2 log n pairs are compared (opt_einsum's {@code
   * greedy}; D. G. A. Smith and J. Gray, <i>opt_einsum</i>, JOSS 3(26), 2018).
   */
  GREEDY
}
