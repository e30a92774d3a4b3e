package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Operands and an output at any places of one memory: refused, and nothing written, if the output's
 * range of addresses meets an operand's, else the result of operands that lie elsewhere.
 */
class SharedMemoryTest {
  private static final int MOST_ELEMENTS = 3 * 3 * 3 * 3 * 3;

  @Provide
  Arbitrary<EquationCase> equations() {
    return LanewiseArbitraries.equations(Arbitraries.of(1, 2, 3), 3, 3);
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  /** A contiguous view of somewhere near the middle. */
  private static Tensor place(Tensor memory, Shape shape, SplittableRandom random) {
    long count = shape.elementCount();
    long middle = memory.shape().size(0) / 2;
    long at = middle + random.nextLong(-2 * count - 1, 2 * count + 2);
    return memory.slice(0, at, at + count).reshape(shape.toArray());
  }

  private static boolean meet(Tensor a, Tensor b) {
    return a.offset() < b.offset() + b.shape().elementCount()
        && b.offset() < a.offset() + a.shape().elementCount()
        && a.shape().elementCount() > 0
        && b.shape().elementCount() > 0;
  }

  @Property(tries = 1000)
  void aRefusalOrTheResultOfSeparateOperands(
      @ForAll("equations") EquationCase c, @ForAll("seeds") long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    try (Arena arena = Arena.ofConfined()) {
      Contraction plan = Contraction.compile(c.equation(), c.shapes());
      float[] values = FloatClass.tame(seed, 8 * MOST_ELEMENTS);
      Tensor memory = Tensor.copyOf(arena, values, values.length);
      Tensor[] operands = new Tensor[c.operands()];
      Tensor[] copies = new Tensor[c.operands()];
      Tensor out = place(memory, plan.outputShape(), random);
      boolean refused = false;
      for (int i = 0; i < operands.length; i++) {
        operands[i] = place(memory, c.shape(i), random);
        copies[i] = Tensor.allocate(arena, memory.dtype(), c.shape(i)).copyFrom(operands[i]);
        refused |= meet(out, operands[i]);
      }
      Tensor expected = Tensor.allocate(arena, memory.dtype(), plan.outputShape());
      plan.execute(copies, expected);
      String message = "";
      try {
        plan.execute(operands, out);
      } catch (IllegalArgumentException e) {
        message = e.getMessage();
      }
      assertEquals(refused, message.startsWith("out must not overlap operand"), message);
      if (refused) {
        assertSameBits("memory", values, memory.toFloatArray());
      } else {
        assertSameBits(c.equation(), expected, out);
      }
    }
  }
}
