package dev.lanewise.einsum;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.autograd.Tape;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every rule of the grammar, of paths and of a plan's operands broken: the error names what is
 * wrong and where, and nothing was written.
 */
class BadContractionTest {
  private static final int WIDTH = 3;

  private final Arena arena = Arena.ofConfined();
  private final Tensor out = Tensor.full(arena, 42f, 2, WIDTH);
  private final Tensor a = Tensor.full(arena, 1f, 2, 4);
  private final Tensor b = Tensor.full(arena, 1f, 4, WIDTH);
  private final Contraction product =
      Contraction.compile("ik,kj->ij", Shape.of(2, 4), Shape.of(4, WIDTH));

  @AfterEach
  void nothingHasChanged() {
    assertSameBits("out", new float[] {42, 42, 42, 42, 42, 42}, out.toFloatArray());
    assertSameBits("operand", new float[] {1, 1, 1, 1, 1, 1, 1, 1}, a.toFloatArray());
    arena.close();
  }

  @Test
  void equationsThatAreNone() {
    Shape matrix = Shape.of(2, 2);
    refused(
        IllegalArgumentException.class,
        "equation \"ik,kj->iz\": label 'z' of the output occurs in no operand",
        () -> Contraction.compile("ik,kj->iz", matrix, matrix));
    refused(
        IllegalArgumentException.class,
        "equation \"ik,kj->ii\": label 'i' occurs twice in the output",
        () -> Contraction.compile("ik,kj->ii", matrix, matrix));
    Map.ofEntries(
            Map.entry("i1,kj->ij", "'1' at position 1 is not a label (a-z, A-Z)"),
            Map.entry("ij->i->j", "a second \"->\" at position 5"),
            Map.entry("ij->i,j", "',' at position 5 in the output: there is only one"),
            Map.entry("ij-i", "'-' at position 2 does not begin an arrow \"->\""),
            Map.entry("ij- >i", "'-' at position 2 does not begin an arrow \"->\""),
            Map.entry("ij>i", "'>' at position 2 is not a label (a-z, A-Z)"),
            Map.entry("..i->i", "'.' at position 0 does not begin an ellipsis \"...\""),
            Map.entry(". ..i", "'.' at position 0 does not begin an ellipsis \"...\""),
            Map.entry("....", "'.' at position 3 does not begin an ellipsis \"...\""),
            Map.entry("a,...i...", "a second ellipsis at position 6 in operand 1"),
            Map.entry("...i->...i...", "a second ellipsis at position 10 in the output"),
            Map.entry("i\tj", "'\t' at position 1 is not a label (a-z, A-Z)"),
            Map.entry("ä", "'ä' at position 0 is not a label (a-z, A-Z)"))
        .forEach((text, why) ->
            refused(
                IllegalArgumentException.class,
                "equation \"" + text + "\": " + why,
                () -> Contraction.compile(text, matrix)));
    refused(
        IllegalArgumentException.class,
        "equation \"a,b,c->abc\" has 3 operands, but 2 were given",
        () -> Contraction.compile("a,b,c->abc", matrix, matrix));
    refused(
        IllegalArgumentException.class,
        "equation \"ij->i\" has 1 operands, but 3 were given",
        () -> Contraction.compile("ij->i", matrix, matrix, matrix));
  }

  @Test
  void sublistsThatAreNone() {
    Sublists some = Equation.sublists().operand(0, 1);
    refused(
        IllegalArgumentException.class,
        "sublists: an equation needs at least one operand",
        () -> Equation.sublists().output());
    refused(
        IllegalArgumentException.class,
        "sublists: an equation needs at least one operand",
        () -> Equation.sublists().implicitOutput());
    refused(
        IllegalArgumentException.class,
        "sublists: label 52 at axis 1 of operand 1 is outside 0 to 51",
        () -> some.operand(0, 52));
    refused(
        IllegalArgumentException.class,
        "sublists: label -1 at axis 0 of the output is outside 0 to 51",
        () -> some.output(-1));
    refused(
        IllegalArgumentException.class,
        "sublists: a second ellipsis at axis 2 of operand 1",
        () -> some.operand(Equation.ELLIPSIS, 0, Equation.ELLIPSIS));
    refused(
        IllegalArgumentException.class,
        "sublists: label 'C' of the output occurs in no operand",
        () -> some.output(2));
    refused(
        IllegalArgumentException.class,
        "sublists: label 'A' occurs twice in the output",
        () -> some.output(0, 0));
  }

  @Test
  void pathsThatAreNone() {
    refused(
        IllegalArgumentException.class,
        "step 1 (0, 1, 2) of a path: expected one or two positions",
        () -> ContractionPath.of(new int[] {0}, new int[] {0, 1, 2}));
    refused(
        IllegalArgumentException.class,
        "step 0 () of a path: expected one or two positions",
        () -> ContractionPath.of(new int[0]));
    refused(
        IllegalArgumentException.class,
        "step 0 (0, -1) of a path: position -1 is negative",
        () -> ContractionPath.of(new int[] {0, -1}));
    refused(
        IllegalArgumentException.class,
        "step 0 (1, 1) of a path: position 1 occurs twice",
        () -> ContractionPath.of(new int[] {1, 1}));
    Shape four = Shape.of(4, 4);
    refused(
        IllegalArgumentException.class,
        "equation \"ij,jk,kl->il\": path [(0, 1), (0, 2)]: step 1 names position 2, but only 2 tensors are left",
        () -> chain(ContractionPath.of(new int[] {0, 1}, new int[] {0, 2}), four));
    refused(
        IllegalArgumentException.class,
        "equation \"ij,jk,kl->il\": path [(0, 1)] leaves 2 of 3 tensors, not one",
        () -> chain(ContractionPath.of(new int[] {0, 1}), four));
    refused(
        IllegalArgumentException.class,
        "equation \"ij,jk,kl->il\": path [] leaves 3 of 3 tensors and has no step",
        () -> chain(ContractionPath.of(), four));
    ContractionOptions tight = ContractionOptions.DEFAULT.withLargestIntermediate(15);
    refused(
        IllegalArgumentException.class,
        "equation \"ij,jk,kl->il\": there is no path whose intermediates stay within the limit of 15 elements",
        () -> Contraction.compile("ij,jk,kl->il", tight, four, four, four));
    refused(
        IllegalArgumentException.class,
        "equation \"ij,jk,kl->il\": the greedy search finds no path whose intermediates stay within the limit of 15 elements",
        () ->
            Contraction.compile(
                "ij,jk,kl->il", tight.withSearch(PathSearch.GREEDY), four, four, four));
    // Any two of them make 2^80 elements.
    Shape[] far = {Shape.of(1L << 40, 1, 1), Shape.of(1, 1L << 40, 1), Shape.of(1, 1, 1L << 40)};
    refused(
        IllegalArgumentException.class,
        "equation \"abc,abc,abc->\": there is no path whose intermediates have no more elements than a long can count",
        () -> Contraction.compile("abc,abc,abc->", far));
    refused(
        IllegalArgumentException.class,
        "equation \"abc,abc,abc->\": the greedy search finds no path whose intermediates have no more elements than a long can count",
        () ->
            Contraction.compile(
                "abc,abc,abc->", ContractionOptions.DEFAULT.withSearch(PathSearch.GREEDY), far));
    ContractionPath path = ContractionPath.of(new int[] {0, 1}, new int[] {0, 1});
    refused(
        IllegalArgumentException.class,
        "equation \"ij,jk,kl->il\": path [(0, 1), (0, 1)] has an intermediate of 16 elements, more than the limit of 15",
        () -> Contraction.compile("ij,jk,kl->il", tight.withPath(path), four, four, four));
    refused(
        IllegalArgumentException.class,
        "a limit of -1 elements is negative",
        () -> ContractionOptions.DEFAULT.withLargestIntermediate(-1));
    refused(
        IllegalArgumentException.class,
        "a contraction of bfloat16 is not supported: expected float32 or float64",
        () ->
            Contraction.compile(
                "ij->i", ContractionOptions.DEFAULT.withDType(DType.BFLOAT16), four));
    Shape[] many = new Shape[15];
    Arrays.fill(many, Shape.of(2));
    refused(
        IllegalArgumentException.class,
        "equation \""
            + "i,".repeat(14)
            + "i->i\": the search OPTIMAL takes at most 14 operands, but there are 15",
        () ->
            Contraction.compile(
                "i,".repeat(14) + "i->i",
                ContractionOptions.DEFAULT.withSearch(PathSearch.OPTIMAL),
                many));
  }

  private static Contraction chain(ContractionPath path, Shape shape) {
    ContractionOptions options = ContractionOptions.DEFAULT.withPath(path);
    return Contraction.compile("ij,jk,kl->il", options, shape, shape, shape);
  }

  @Test
  void sizesWhoseProductExceedsALong() {
    Shape huge = Shape.of(1L << 40);
    refused(
        IllegalArgumentException.class,
        "equation \"i,j->ij\": the output's shape [1099511627776, 1099511627776] has more elements than a long can count",
        () -> Contraction.compile("i,j->ij", huge, huge));
    refused(
        IllegalArgumentException.class,
        "equation \"i,j->\": the labels' sizes [1099511627776, 1099511627776] make more products than a long can count",
        () -> Contraction.compile("i,j->", huge, huge));
    refused(
        IllegalArgumentException.class,
        "equation \"i,j,ij->\": the result of step 0 of the path: shape [1099511627776, 1099511627776] has more elements than a long can count",
        () ->
            Contraction.compile(
                "i,j,ij->",
                ContractionOptions.DEFAULT.withPath(
                    ContractionPath.of(new int[] {0, 1}, new int[] {0, 1})),
                huge,
                huge,
                Shape.of(1, 1)));
    // An intermediate of 2^62 elements, which can be counted; its bytes cannot.
    Shape half = Shape.of(1L << 31);
    ContractionPath outer = ContractionPath.of(new int[] {0, 1}, new int[] {0, 1});
    refused(
        IllegalArgumentException.class,
        "equation \"i,j,ij->\": the intermediates of path [(0, 1), (0, 1)], of which step 0 makes one of shape [2147483648, 2147483648], take more bytes than a long can count",
        () ->
            Contraction.compile(
                "i,j,ij->",
                ContractionOptions.DEFAULT.withPath(outer),
                half,
                half,
                Shape.of(1L << 31, 1L << 31)));
    // The most elements of an intermediate whose bytes, rounded up, can be counted.
    long most = (Long.MAX_VALUE - 64) / Float.BYTES;
    assertEquals((most + 15) / 16 * 64, rows(most).scratchBytes());
    refused(
        IllegalArgumentException.class,
        "equation \"i,i,i->\": the intermediates of path [(0, 1), (0, 1)], of which step 0 makes one of shape ["
            + (most + 1)
            + "], take more bytes than a long can count",
        () -> rows(most + 1));
  }

  /** The product of three rows, of which the first two make one in between. */
  private static Contraction rows(long size) {
    Shape row = Shape.of(size);
    ContractionPath path = ContractionPath.of(new int[] {0, 1}, new int[] {0, 1});
    return Contraction.compile("i,i,i->", ContractionOptions.DEFAULT.withPath(path), row, row, row);
  }

  @Test
  void scratchThatCannotBeHad() {
    long size = 1L << 29;
    Tensor row = Tensor.zeros(arena, 1).expand(size);
    Contraction plan =
        Contraction.compile(
            "i,j,->ij",
            ContractionOptions.DEFAULT.withPath(
                ContractionPath.of(new int[] {0, 1}, new int[] {0, 1})),
            Shape.of(size),
            Shape.of(size),
            Shape.scalar());
    Tensor scalar = Tensor.full(arena, 1f);
    Tensor[] operands = {row, row, scalar};
    Tensor wide = Tensor.full(arena, 42f, 1).expand(size, size);
    refused(
        IllegalArgumentException.class,
        "out: a tensor of shape [536870912, 536870912] whose elements share memory cannot be written",
        () -> plan.execute(operands, wide));
    Contraction sum =
        Contraction.compile(
            "i,j,->",
            ContractionOptions.DEFAULT.withPath(
                ContractionPath.of(new int[] {0, 1}, new int[] {0, 1})),
            Shape.of(size),
            Shape.of(size),
            Shape.scalar());
    assertEquals(64, sum.scratchBytes());
    Contraction large =
        Contraction.compile(
            "i,j,ij->",
            ContractionOptions.DEFAULT.withPath(
                ContractionPath.of(new int[] {0, 1}, new int[] {0, 1})),
            Shape.of(size),
            Shape.of(size),
            Shape.of(1, 1));
    Tensor result = Tensor.full(arena, 42f);
    OutOfMemoryError error =
        assertThrows(
            OutOfMemoryError.class,
            () -> large.execute(new Tensor[] {row, row, Tensor.full(arena, 1f, 1, 1)}, result));
    assertTrue(
        error
            .getMessage()
            .startsWith(
                "equation \"i,j,ij->\": no memory for intermediates of 1152921504606846976 bytes"),
        error.getMessage());
    assertEquals(42, result.item());
  }

  @Test
  void sizesThatDisagree() {
    refused(
        IllegalArgumentException.class,
        "equation \"ik,kj->ij\": label 'k' has size 4 in operand 0 of shape [2, 4] but 5 in operand 1 of shape [5, 3]",
        () -> Contraction.compile("ik,kj->ij", Shape.of(2, 4), Shape.of(5, 3)));
    refused(
        IllegalArgumentException.class,
        "equation \"ii->i\": label 'i' has sizes 2 and 3 in operand 0 of shape [2, 3]",
        () -> Contraction.compile("ii->i", Shape.of(2, 3)));
    refused(
        IllegalArgumentException.class,
        "equation \"ik,kj->ij\": operand 1 has 2 labels (kj), but its shape [4] has 1 dimensions",
        () -> Contraction.compile("ik,kj->ij", Shape.of(2, 4), Shape.of(4)));
    refused(
        IllegalArgumentException.class,
        "equation \"ik->i\" has 1 operands, but 2 were given",
        () -> Contraction.compile("ik->i", Shape.of(2, 4), Shape.of(2)));
    refused(
        IllegalArgumentException.class,
        "equation \"i,ij,jk->k\": label 'j' has size 3 in operand 1 of shape [2, 3] but 4 in operand 2 of shape [4, 5]",
        () -> Contraction.compile("i,ij,jk->k", Shape.of(1), Shape.of(2, 3), Shape.of(4, 5)));
    refused(
        IllegalArgumentException.class,
        "equation \"...i,...->...i\": dimension -2 of the ellipsis has size 2 in operand 0 of shape [2, 3, 4] but 5 in operand 1 of shape [5, 1]",
        () -> Contraction.compile("...i,...", Shape.of(2, 3, 4), Shape.of(5, 1)));
    refused(
        IllegalArgumentException.class,
        "equation \"ij...->...ij\": operand 0 has 2 labels (ij...), but its shape [4] has 1 dimensions",
        () -> Contraction.compile("ij...", Shape.of(4)));
    refused(
        IllegalArgumentException.class,
        "contraction ik,kj->ij has 2 operands, but 1 were given",
        () -> product.execute(a, out));
    refused(
        IllegalArgumentException.class,
        "contraction ik,kj->ij has 2 operands, but 3 were given",
        () -> product.execute(new Tensor[] {a, b, b}, out));
    refused(
        IndexOutOfBoundsException.class,
        "contraction ik,kj->ij has no operand 2",
        () -> product.gradient(2));
    refused(
        IndexOutOfBoundsException.class,
        "contraction ik,kj->ij has no operand -1",
        () -> product.operandShape(-1));
    refused(
        IllegalArgumentException.class,
        "the output's gradient: expected shape [2, 3], got [2, 4]",
        () -> product.gradient(1).execute(a, a, b));
    refused(
        IllegalArgumentException.class,
        "the gradient of operand 1: expected shape [4, 3], got [2, 4]",
        () -> product.gradient(1).execute(out, a, Tensor.zeros(arena, 2, 4)));
  }

  /** How a product of two tensors can be called, and which of them are tensors then. */
  private enum Form {
    TENSORS(true, true),
    ARRAY(true, true),
    PACKED_FIRST(false, true),
    PACKED_SECOND(true, false),
    ROWS_FIRST(false, true),
    ROWS_SECOND(true, false);

    final boolean takesFirst;
    final boolean takesSecond;

    Form(boolean takesFirst, boolean takesSecond) {
      this.takesFirst = takesFirst;
      this.takesSecond = takesSecond;
    }
  }

  /** Runs the product in a form; what is no tensor in it is made of this test's operands. */
  private void run(Form form, Tensor first, Tensor second, Tensor result) {
    switch (form) {
      case TENSORS -> product.execute(first, second, result);
      case ARRAY -> product.execute(new Tensor[] {first, second}, result);
      case PACKED_FIRST -> product.execute(product.pack(arena, 0, a), second, result);
      case PACKED_SECOND -> product.execute(first, product.pack(arena, 1, b), result);
      case ROWS_FIRST -> product.execute(GatheredRows.of(a).load(0, 1), second, result);
      case ROWS_SECOND -> product.execute(first, GatheredRows.of(b).load(0, 1, 2, 3), result);
    }
  }

  /** An output with gaps. */
  private static Tensor wide(Tensor memory) {
    return memory.reshape(2, 4).slice(1, 0, WIDTH);
  }

  /** Also where the plan has seen tensors of these layouts before. */
  @ParameterizedTest
  @EnumSource(Form.class)
  void tensorsOfEveryFormOfACall(Form form) {
    Tensor memory = Tensor.full(arena, 1f, 16);
    Tensor firstOfMemory = memory.slice(0, 0, 8).reshape(2, 4);
    Tensor secondOfMemory = memory.slice(0, 0, 12).reshape(4, WIDTH);
    Tensor result = wide(memory.slice(0, 4, 12));
    Arena closing = Arena.ofConfined();
    Tensor closedFirst = Tensor.zeros(closing, 2, 4);
    Tensor closedSecond = Tensor.zeros(closing, 4, WIDTH);
    Tensor closedResult = wide(Tensor.zeros(closing, 8));
    closing.close();
    for (int round = 0; round < 2; round++) {
      if (form.takesFirst) {
        refusesClosed("operand 0", closedFirst, () -> run(form, closedFirst, b, result));
        refused(
            IllegalArgumentException.class,
            "operand 0: expected shape [2, 4], got [4, 3]",
            () -> run(form, b, b, result));
        refused(
            IllegalArgumentException.class,
            "out must not overlap operand 0 in memory",
            () -> run(form, firstOfMemory, b, result));
      }
      if (form.takesSecond) {
        refusesClosed("operand 1", closedSecond, () -> run(form, a, closedSecond, result));
        refused(
            IllegalArgumentException.class,
            "operand 1: expected shape [4, 3], got [2, 4]",
            () -> run(form, a, a, result));
        refused(
            IllegalArgumentException.class,
            "out must not overlap operand 1 in memory",
            () -> run(form, a, secondOfMemory, result));
      }
      refusesClosed("out", closedResult, () -> run(form, a, b, closedResult));
      refused(
          IllegalArgumentException.class,
          "out: a read-only tensor of shape [2, 3] cannot be written",
          () -> run(form, a, b, result.asReadOnly()));
      refused(
          IllegalArgumentException.class,
          "out: expected shape [2, 3], got [2, 4]",
          () -> run(form, a, b, firstOfMemory));
      run(form, a, b, wide(Tensor.zeros(arena, 8)));
    }
    assertSameBits("memory", Tensor.full(arena, 1f, 16), memory);
  }

  private static void refusesClosed(String name, Tensor closed, Executable call) {
    refused(
        IllegalStateException.class,
        name + ": the arena of this tensor of shape " + closed.shape() + " is closed",
        call);
  }

  @Test
  void tensorsOfOneOperand() {
    Contraction transposition = Contraction.compile("ij->ji", a.shape());
    Tensor turned = Tensor.full(arena, 7f, 4, 2);
    refused(
        IllegalArgumentException.class,
        "operand 0: expected shape [2, 4], got [4, 3]",
        () -> transposition.execute(b, turned));
    refused(
        IllegalArgumentException.class,
        "out: expected shape [4, 2], got [2, 4]",
        () -> transposition.execute(a, turned.transpose(0, 1)));
    refused(
        IllegalArgumentException.class,
        "out must not overlap operand 0 in memory",
        () -> transposition.execute(a, a.reshape(4, 2)));
    refused(
        IllegalArgumentException.class,
        "contraction ik,kj->ij has 2 operands, but 1 were given",
        () -> product.execute(a, a));
    assertSameBits("turned", Tensor.full(arena, 7f, 4, 2), turned);
    transposition.execute(a, turned);
    assertSameBits("turned", Tensor.full(arena, 1f, 4, 2), turned);
  }

  @Test
  void typesAreNotMixed() {
    Contraction doubles =
        Contraction.compile(
            "ik,kj->ij", ContractionOptions.DEFAULT.withDType(DType.FLOAT64), a.shape(), b.shape());
    Tensor wideA = Tensor.allocate(arena, DType.FLOAT64, a.shape());
    Tensor wideB = Tensor.allocate(arena, DType.FLOAT64, b.shape());
    Tensor wideOut = Tensor.allocate(arena, DType.FLOAT64, out.shape());
    for (int round = 0; round < 2; round++) {
      refused(
          IllegalArgumentException.class,
          "operand 0: expected float64, got float32",
          () -> doubles.execute(a, wideB, wideOut));
      refused(
          IllegalArgumentException.class,
          "operand 1: expected float64, got float32",
          () -> doubles.execute(wideA, b, wideOut));
      refused(
          IllegalArgumentException.class,
          "out: expected float64, got float32",
          () -> doubles.execute(wideA, wideB, out));
      refused(
          IllegalArgumentException.class,
          "the output's gradient: expected float64, got float32",
          () -> doubles.gradient(0, ContractionOptions.DEFAULT).execute(out, wideB, wideA));
      // In the second round the plan knows loops for these layouts.
      doubles.execute(wideA, wideB, wideOut);
      doubles.gradient(0, ContractionOptions.DEFAULT).execute(wideOut, wideB, wideA);
    }
    refused(
        IllegalArgumentException.class,
        "operand 1: expected float64, got float32",
        () -> Einsum.einsum(arena, "ik,kj->ij", wideA, b));
    refused(
        IllegalArgumentException.class,
        "operand 1: expected float32, got float64",
        () -> Einsum.einsum(arena, "ik,kj->ij", a, wideB));
    refused(
        IllegalArgumentException.class,
        "a contraction of int64 is not supported: expected float32 or float64",
        () -> Einsum.einsum(arena, "i->", Tensor.copyOf(arena, new long[] {1, 2})));
    try (Tape tape = new Tape()) {
      refused(
          IllegalArgumentException.class,
          "operand: expected float32, got float64",
          () -> tape.einsum("ik,kj->ij", wideA, wideB));
    }
  }

  @Test
  void operandsOfThreeThatDoNotFit() {
    Contraction plan =
        Contraction.compile("ik,kj,j->ij", Shape.of(2, 4), Shape.of(4, WIDTH), Shape.of(WIDTH));
    Tensor c = Tensor.full(arena, 1f, WIDTH);
    refused(
        IllegalArgumentException.class,
        "operand 2: expected shape [3], got [4, 3]",
        () -> plan.execute(new Tensor[] {a, b, b}, out));
    refused(
        IllegalArgumentException.class,
        "operand 1: expected float32, got float64",
        () ->
            plan.execute(
                new Tensor[] {a, Tensor.allocate(arena, DType.FLOAT64, b.shape()), c}, out));
    refused(
        IllegalArgumentException.class,
        "out: a read-only tensor of shape [2, 3] cannot be written",
        () -> plan.execute(new Tensor[] {a, b, c}, out.asReadOnly()));
    refused(
        IllegalArgumentException.class,
        "out: a tensor of shape [2, 3] whose elements share memory cannot be written",
        () -> plan.execute(new Tensor[] {a, b, c}, out.slice(0, 0, 1).expand(2, WIDTH)));
    refused(
        IllegalArgumentException.class,
        "out must not overlap operand 2 in memory",
        () -> plan.execute(new Tensor[] {a, b, out.select(0, 1)}, out));
    refused(
        IllegalArgumentException.class,
        "contraction ik,kj,j->ij has 3 operands, but 2 were given",
        () -> plan.execute(a, b, out));
    Arena closing = Arena.ofConfined();
    Tensor gone = Tensor.zeros(closing, WIDTH);
    closing.close();
    refused(
        IllegalStateException.class,
        "operand 2: the arena of this tensor of shape [3] is closed",
        () -> plan.execute(new Tensor[] {a, b, gone}, out));
    try (Tape tape = new Tape()) {
      assertTrue(
          assertThrows(
                  IllegalArgumentException.class,
                  () -> tape.einsum("ik,kj,j->ij", a, b, Tensor.zeros(arena, 4)))
              .getMessage()
              .contains("label 'j' has size 3 in operand 1 of shape [4, 3] but 4"));
    }
  }
}
