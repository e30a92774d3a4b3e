package dev.lanewise.einsum;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.tensor.Shape;
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
        "''         | ->",
        "i j , j -> i | ij,j->i",
        "...ij,...jk | ...ij,...jk->...ik",
        "a...       | a...->...a",
        "i ... j -> j ... i | i...j->j...i",
        "...,...    | ...,...->...",
        "...i->i    | ...i->i",
        "ij->...ij  | ij->...ij",
        "a,b,ab,ca->c | a,b,ab,ca->c",
        "zZ,aA      | zZ,aA->AZaz",
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

  @Test
  void sublistsAreTheSameEquations() {
    int dots = Equation.ELLIPSIS;
    assertEquals(
        Equation.parse("AB,BC->AC"), Equation.sublists().operand(0, 1).operand(1, 2).output(0, 2));
    assertEquals(
        Equation.parse("Az,zB"),
        Equation.sublists().operand(0, 51).operand(51, 1).implicitOutput());
    assertEquals(
        Equation.parse("...aB,B...->...a"),
        Equation.sublists().operand(dots, 26, 1).operand(1, dots).output(dots, 26));
    assertEquals(
        Equation.parse("...ba"), Equation.sublists().operand(dots, 27, 26).implicitOutput());
    assertEquals(Equation.parse("->"), Equation.sublists().operand().output());
    int[] labels = {3, 4};
    Sublists copied = Equation.sublists().operand(labels);
    labels[0] = 5;
    assertEquals("DE->ED", copied.output(4, 3).toString());
    try (Arena arena = Arena.ofConfined()) {
      Tensor x = Tensor.copyOf(arena, new float[] {1, 2, 3, 4}, 2, 2);
      TensorAssertions.assertSameBits(
          "one call",
          Einsum.einsum(arena, "AB,BC,CD->AD", x, x, x),
          Einsum.einsum(
              arena,
              Equation.sublists().operand(0, 1).operand(1, 2).operand(2, 3).output(0, 3),
              x,
              x,
              x));
    }
  }

  @Test
  void ellipsesAlignAtTheRightAndAreSummedWhereTheOutputHasNone() {
    assertEquals(
        Shape.of(5, 2, 3, 7),
        Contraction.compile("...i,...k->...k", Shape.of(2, 1, 4), Shape.of(5, 2, 3, 7))
            .outputShape());
    assertEquals(
        Shape.of(4, 5, 1, 3),
        Contraction.compile("a...b,b...->a...", Shape.of(4, 3, 2), Shape.of(2, 5, 1, 3))
            .outputShape());
    assertEquals(Shape.of(4), Contraction.compile("...i->i", Shape.of(2, 3, 4)).outputShape());
    assertEquals(Shape.of(2, 3), Contraction.compile("ij->...ij", Shape.of(2, 3)).outputShape());
    try (Arena arena = Arena.ofConfined()) {
      Tensor x = Tensor.copyOf(arena, new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
      TensorAssertions.assertSameBits(
          "summed", new float[] {9, 12}, Einsum.einsum(arena, "...i->i", x).toFloatArray());
      Tensor y = Tensor.copyOf(arena, new float[] {10, 20, 30}, 3, 1);
      TensorAssertions.assertSameBits(
          "repeated",
          new float[] {10, 20, 60, 80, 150, 180},
          Einsum.einsum(arena, "...,...", x, y).toFloatArray());
    }
  }
}
