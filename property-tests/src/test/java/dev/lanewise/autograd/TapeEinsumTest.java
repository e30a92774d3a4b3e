package dev.lanewise.autograd;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static dev.lanewise.verification.TensorAssertions.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.Estimate;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.OracleEinsum;
import java.lang.foreign.Arena;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/** Contractions of any number of operands on the tape, against the definition's gradients. */
@Tag("lanes")
class TapeEinsumTest {
  @Provide
  Arbitrary<EquationCase> equations() {
    return LanewiseArbitraries.equations(Arbitraries.integers().between(1, 4), 4, 4);
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  private static Tensor values(Arena arena, Shape shape, long seed) {
    return Tensor.copyOf(arena, FloatClass.tame(seed, (int) shape.elementCount()))
        .reshape(shape.toArray());
  }

  @Property(tries = 500)
  void valuesAndGradientsAreThoseOfTheDefinition(
      @ForAll("equations") EquationCase c, @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Operand[] operands = new Operand[c.operands()];
      DoubleArray[] arrays = new DoubleArray[operands.length];
      for (int i = 0; i < operands.length; i++) {
        Tensor value = values(arena, c.shape(i), seed + i);
        operands[i] = Parameter.trainable(arena, value);
        arrays[i] = DoubleArray.of(value);
      }
      Variable output = tape.einsum(c.equation(), operands);
      Estimate forward = OracleEinsum.contract(c.equation(), arrays);
      assertWithin(c.equation(), forward::at, output.value());
      Tensor g = values(arena, output.value().shape(), seed + 9);
      String labels = "abcdefghijkl".substring(0, g.rank());
      tape.einsum(labels + "," + labels + "->", output, g).backward();
      assertSameBits("gradient of the output", g, output.gradient());
      for (int i = 0; i < operands.length; i++) {
        Estimate oracle = OracleEinsum.gradient(c.equation(), i, DoubleArray.of(g), arrays);
        Tensor gradient = ((Parameter) operands[i]).gradient().tensor();
        assertWithin("gradient " + i + " of " + c.equation(), oracle::at, gradient);
      }
    }
  }

  @Example
  void aVariableAtSeveralPlacesGetsEveryContribution() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter x = Parameter.trainable(arena, Tensor.copyOf(arena, new float[] {2, 3}));
      tape.einsum("i,i,i->", x, x, x).backward();
      assertSameBits("3 x^2", new float[] {12, 27}, x.gradient().tensor().toFloatArray());
    }
  }

  @Example
  void aNodeIsReusedForOtherNumbersOfOperands() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter x = Parameter.trainable(arena, Tensor.copyOf(arena, new float[] {2, 3}));
      for (int count : new int[] {3, 1, 2, 5, 2, 1}) {
        Operand[] operands = new Operand[count];
        Arrays.fill(operands, x);
        String equation = "i,".repeat(count - 1) + "i->";
        x.zeroGradient();
        Variable power = tape.einsum(equation, operands);
        assertEquals(Math.pow(2, count) + Math.pow(3, count), power.item());
        power.backward();
        float[] expected = {
          (float) (count * Math.pow(2, count - 1)), (float) (count * Math.pow(3, count - 1))
        };
        assertSameBits("power " + count, expected, x.gradient().tensor().toFloatArray());
        tape.reset();
      }
    }
  }

  @Example
  void constantsAmongTheOperandsGetNoGradient() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter x = Parameter.trainable(arena, Tensor.copyOf(arena, new float[] {2, 3}));
      Parameter frozen = Parameter.frozen(Tensor.copyOf(arena, new float[] {5, 7}));
      Tensor constant = Tensor.copyOf(arena, new float[] {11, 13});
      tape.einsum("i,i,i->", frozen, x, constant).backward();
      assertSameBits("the others", new float[] {55, 91}, x.gradient().tensor().toFloatArray());
      assertEquals(false, frozen.hasGradient());
    }
  }
}
