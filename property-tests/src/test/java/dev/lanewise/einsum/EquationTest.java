package dev.lanewise.einsum;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.TensorAssertions;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an equation's text means. */
class EquationTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ik,kj     | ik,kj->ij",
        "ik , kj   | ik,kj->ij",
        "ba        | ba->ab",
        "bA,Ac     | bA,Ac->bc",
        "aB        | aB->Ba",
        "ii        | ii->",
        "ii->i     | ii->i",
        "->        | ->",
        ",         | ,->",
        "ij,ij->   | ij,ij->",
      })
  void isCompleted(String text, String complete) {
    assertEquals(complete, Equation.parse(text).toString());
  }

  @Test
  void theOneCallDoorKeepsPlansApart() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor x = Tensor.copyOf(arena, new float[] {1, 2, 3, 4}, 2, 2);
      TensorAssertions.assertSameBits(
          "transpose", x.transpose(0, 1), Einsum.einsum(arena, "ij->ji", x));
      TensorAssertions.assertSameBits(
          "trace", new float[] {5}, Einsum.einsum(arena, "ii", x).toFloatArray());
      TensorAssertions.assertSameBits(
          "product",
          new float[] {7, 10, 15, 22},
          Einsum.einsum(arena, "ij,jk", x, x).toFloatArray());
      Tensor y = Tensor.copyOf(arena, new float[] {1, 2}, 2, 1);
      TensorAssertions.assertSameBits(
          "other shapes", new float[] {5, 11}, Einsum.einsum(arena, "ij,jk", x, y).toFloatArray());
      Tensor scalar = Tensor.full(arena, 3f);
      TensorAssertions.assertSameBits(
          "scalars", new float[] {9}, Einsum.einsum(arena, ",", scalar, scalar).toFloatArray());
    }
  }
}
