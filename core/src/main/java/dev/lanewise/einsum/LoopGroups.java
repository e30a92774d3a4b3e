package dev.lanewise.einsum;

import dev.lanewise.internal.gemm.Loop;
import java.util.List;

/**
 * The loops of a contraction of two tensors, one for each label.
 *
 * @param batch loops of both operands and the output, or of the output alone
 * @param m loops of the first operand and the output
 * @param n loops of the second operand and the output
 * @param k loops that are summed, in the order of the sum
 */
record LoopGroups(List<Loop> batch, List<Loop> m, List<Loop> n, List<Loop> k) {}
