package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static dev.lanewise.verification.TensorAssertions.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.Estimate;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.FloatFormat;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.Layout;
import dev.lanewise.verification.OracleEinsum;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/**
 * Paths of three operands and more: that they are as cheap as they should be, and all are right.
 */
class PathTest {
  private static final ContractionOptions DEFAULT = ContractionOptions.DEFAULT;

  @Provide
  Arbitrary<EquationCase> networks() {
    return LanewiseArbitraries.equations(Arbitraries.integers().between(3, 5), 6, 4);
  }

  @Provide
  Arbitrary<EquationCase> smallNetworks() {
    return LanewiseArbitraries.equations(Arbitraries.integers().between(3, 4), 6, 5);
  }

  @Provide
  Arbitrary<DType> types() {
    return Arbitraries.of(DType.FLOAT32, DType.FLOAT64);
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  private static Tensor[] operands(Arena arena, EquationCase c, long seed) {
    return operands(arena, DType.FLOAT32, c, seed);
  }

  private static Tensor[] operands(Arena arena, DType type, EquationCase c, long seed) {
    Tensor[] operands = new Tensor[c.operands()];
    for (int i = 0; i < operands.length; i++) {
      Shape shape = c.shape(i);
      double[] values = FloatClass.tame(FloatFormat.of(type), seed + i, (int) shape.elementCount());
      operands[i] = Layout.CONTIGUOUS.place(arena, type, shape, values, 0);
    }
    return operands;
  }

  private static Tensor result(Arena arena, Contraction plan, Tensor... operands) {
    Tensor out = Tensor.allocate(arena, plan.dtype(), plan.outputShape()).fill(Double.NaN);
    plan.execute(operands, out);
    return out;
  }

  private static Contraction plan(EquationCase c, ContractionOptions options) {
    return Contraction.compile(c.equation(), options, c.shapes());
  }

  private static ContractionPath randomPath(int operands, SplittableRandom random) {
    List<int[]> steps = new ArrayList<>();
    int left = operands;
    while (left > 1) {
      int first = random.nextInt(left);
      if (random.nextInt(4) == 0) {
        steps.add(new int[] {first});
        continue;
      }
      int second = random.nextInt(left - 1);
      steps.add(new int[] {first, second >= first ? second + 1 : second});
      left--;
    }
    return ContractionPath.of(steps.toArray(int[][]::new));
  }

  @Tag("lanes")
  @Property(tries = 500)
  void everyPathIsWithinTheBoundAndHasItsOwnBitsOnBothBackends(
      @ForAll("networks") EquationCase c, @ForAll("types") DType type, @ForAll("seeds") long seed) {
    ContractionOptions typed = DEFAULT.withDType(type);
    SplittableRandom random = new SplittableRandom(seed);
    try (Arena arena = Arena.ofConfined()) {
      Tensor[] operands = operands(arena, type, c, seed);
      Estimate oracle =
          OracleEinsum.contract(
                  c.equation(),
                  Arrays.stream(operands).map(DoubleArray::of).toArray(DoubleArray[]::new))
              .in(FloatFormat.of(type));
      List<ContractionOptions> options =
          List.of(
              typed,
              typed.withSearch(PathSearch.OPTIMAL),
              typed.withSearch(PathSearch.GREEDY),
              typed.withPath(singleSteps(randomPath(c.operands(), random))));
      for (ContractionOptions option : options) {
        Contraction plan = plan(c, option);
        Tensor out = result(arena, plan, operands);
        String what = c.equation() + ", " + plan.pathInfo().path();
        assertWithin(what, oracle::at, out);
        ContractionOptions same = typed.withPath(plan.pathInfo().path());
        assertSameBits(what + " given", out, result(arena, plan(c, same), operands));
        Equation equation = Equation.parse(c.equation());
        assertSameBits(
            what + " scalar",
            out,
            result(
                arena,
                Contraction.compile(KernelSet.scalar(), equation, same, c.shapes()),
                operands));
      }
    }
  }

  /** A path that at most once takes the same single tensor: more would change nothing. */
  private static ContractionPath singleSteps(ContractionPath path) {
    List<int[]> steps = new ArrayList<>();
    for (int[] step : path.steps()) {
      if (step.length == 2 || steps.isEmpty() || steps.getLast().length == 2) {
        steps.add(step);
      }
    }
    return ContractionPath.of(steps.toArray(int[][]::new));
  }

  @Property(tries = 300)
  void aPathIsWhatItsStepsAreOneByOne(
      @ForAll("networks") EquationCase c, @ForAll("types") DType type, @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor[] operands = operands(arena, type, c, seed);
      Contraction plan = plan(c, DEFAULT.withDType(type));
      List<Tensor> left = new ArrayList<>(List.of(operands));
      for (int step = 0; step < plan.pathInfo().steps().size(); step++) {
        int[] positions = plan.pathInfo().path().steps().get(step);
        Tensor[] taken = Arrays.stream(positions).mapToObj(left::get).toArray(Tensor[]::new);
        Arrays.stream(positions).map(position -> -position).sorted().forEach(p -> left.remove(-p));
        String equation = plan.pathInfo().steps().get(step).equation();
        left.add(Einsum.einsum(arena, equation, taken));
        // Several summed labels are nested as the whole equation has them, not as the step has.
        if (summedLabels(equation) > 1) {
          return;
        }
      }
      assertSameBits(plan.toString(), left.getFirst(), result(arena, plan, operands));
    }
  }

  private static long summedLabels(String equation) {
    String output = equation.substring(equation.indexOf("->") + 2);
    return equation
        .chars()
        .filter(Character::isLetter)
        .distinct()
        .filter(label -> output.indexOf(label) < 0)
        .count();
  }

  @Property(tries = 300)
  void noPathIsCheaperThanTheOptimalOne(@ForAll("smallNetworks") EquationCase c) {
    double optimal = plan(c, DEFAULT.withSearch(PathSearch.OPTIMAL)).flops();
    double greedy = plan(c, DEFAULT.withSearch(PathSearch.GREEDY)).flops();
    double least = Double.POSITIVE_INFINITY;
    for (ContractionPath path : allPaths(c.operands())) {
      least = Math.min(least, plan(c, DEFAULT.withPath(path)).flops());
    }
    assertTrue(optimal <= greedy, () -> c + ": greedy is cheaper than optimal");
    assertTrue(optimal <= least, c + ": optimal " + optimal + ", but there is " + least);
    assertEquals(optimal, plan(c, DEFAULT).flops(), () -> "up to 8 operands AUTO is optimal");
  }

  /** Every order of pairs, with and without reducing each operand first. */
  private static List<ContractionPath> allPaths(int operands) {
    List<ContractionPath> paths = new ArrayList<>();
    for (int reduced = 0; reduced < 1 << operands; reduced++) {
      List<int[]> steps = new ArrayList<>();
      for (int operand = operands - 1; operand >= 0; operand--) {
        if ((reduced >> operand & 1) != 0) {
          steps.add(new int[] {operand});
        }
      }
      extend(steps, operands, paths);
    }
    return paths;
  }

  private static void extend(List<int[]> steps, int left, List<ContractionPath> paths) {
    if (left == 1) {
      paths.add(ContractionPath.of(steps.toArray(int[][]::new)));
      return;
    }
    for (int second = 1; second < left; second++) {
      for (int first = 0; first < second; first++) {
        List<int[]> longer = new ArrayList<>(steps);
        longer.add(new int[] {first, second});
        extend(longer, left - 1, paths);
      }
    }
  }

  @Property(tries = 300)
  void theLimitHoldsOrNoPathMeetsIt(
      @ForAll("smallNetworks") EquationCase c, @ForAll("seeds") long seed) {
    long least = Long.MAX_VALUE;
    ContractionPath leanest = ContractionPath.of();
    for (ContractionPath path : allPaths(c.operands())) {
      long largest = plan(c, DEFAULT.withPath(path)).pathInfo().largestIntermediate();
      leanest = largest < least ? path : leanest;
      least = Math.min(least, largest);
    }
    ContractionOptions tight =
        DEFAULT.withLargestIntermediate(least).withSearch(PathSearch.OPTIMAL);
    Contraction plan = plan(c, tight);
    assertEquals(least, Math.max(least, plan.pathInfo().largestIntermediate()), c::toString);
    assertEquals(leanest, plan(c, tight.withPath(leanest)).pathInfo().path(), c::toString);
    if (least > 0) {
      ContractionOptions tighter = tight.withLargestIntermediate(least - 1);
      IllegalArgumentException error =
          assertThrows(IllegalArgumentException.class, () -> plan(c, tighter), c::toString);
      assertTrue(error.getMessage().contains("limit of " + (least - 1)), error.getMessage());
    }
  }

  @Property(tries = 300)
  void theGreedySearchStaysWithinTheLimitOrSaysThatItCannot(
      @ForAll("networks") EquationCase c, @ForAll("seeds") long seed) {
    ContractionOptions tight =
        DEFAULT.withSearch(PathSearch.GREEDY).withLargestIntermediate(seed % 20);
    try {
      PathInfo info = plan(c, tight).pathInfo();
      assertTrue(info.largestIntermediate() <= seed % 20, info::toString);
    } catch (IllegalArgumentException e) {
      assertTrue(e.getMessage().contains("the greedy search finds no path"), e.getMessage());
    }
  }

  /**
   * An equation of three to eight operands and letters that each at least two of them have, or one
   * and the output: nothing is summed ahead of a product.
   */
  private static EquationCase sharedLetters(SplittableRandom random) {
    int operands = random.nextInt(3, 9);
    List<String> labels = new ArrayList<>(Collections.nCopies(operands, ""));
    StringBuilder output = new StringBuilder();
    Map<Character, Long> sizes = new HashMap<>();
    for (char letter = 'a'; letter < 'a' + operands; letter++) {
      int holders = Math.min(random.nextInt(1, 4), operands);
      List<Integer> numbers = random.ints(0, operands).distinct().limit(holders).boxed().toList();
      for (int operand : numbers) {
        labels.set(operand, labels.get(operand) + letter);
      }
      if (holders == 1 || random.nextInt(4) == 0) {
        output.append(letter);
      }
      sizes.put(letter, random.nextLong(2, 5));
    }
    Shape[] shapes =
        labels.stream()
            .map(text -> Shape.of(text.chars().mapToLong(c -> sizes.get((char) c)).toArray()))
            .toArray(Shape[]::new);
    return EquationCase.of(String.join(",", labels) + "->" + output, shapes);
  }

  @Property(tries = 300)
  void theGreedySearchTakesThePairWhoseResultIsLeastLarger(@ForAll("seeds") long seed) {
    EquationCase c = sharedLetters(new SplittableRandom(seed));
    Contraction plan = plan(c, DEFAULT.withSearch(PathSearch.GREEDY));
    assertEquals(greedyPath(c), plan.pathInfo().path(), c::toString);
  }

  /** By looking at all pairs, again and again. */
  private static ContractionPath greedyPath(EquationCase c) {
    Equation equation = Equation.parse(c.equation());
    Map<Integer, Long> sizes = new HashMap<>();
    List<Set<Integer>> left = new ArrayList<>();
    for (int operand = 0; operand < c.operands(); operand++) {
      String labels = equation.operands().get(operand);
      for (int axis = 0; axis < labels.length(); axis++) {
        sizes.put((int) labels.charAt(axis), c.shape(operand).size(axis));
      }
      left.add(labels.chars().boxed().collect(Collectors.toSet()));
    }
    Set<Integer> output = equation.output().chars().boxed().collect(Collectors.toSet());
    List<int[]> steps = new ArrayList<>();
    while (left.size() > 1) {
      int[] pair = greedyPair(left, output, sizes);
      steps.add(pair);
      Set<Integer> result = product(left, pair, output);
      left.remove(pair[1]);
      left.remove(pair[0]);
      left.add(result);
    }
    return ContractionPath.of(steps.toArray(int[][]::new));
  }

  private static int[] greedyPair(
      List<Set<Integer>> left, Set<Integer> output, Map<Integer, Long> sizes) {
    List<int[]> pairs =
        IntStream.range(0, left.size())
            .boxed()
            .flatMap(
                second -> IntStream.range(0, second).mapToObj(first -> new int[] {first, second}))
            .toList();
    ToLongFunction<int[]> size = pair -> elements(product(left, pair, output), sizes);
    ToLongFunction<int[]> growth =
        pair ->
            size.applyAsLong(pair)
                - elements(left.get(pair[0]), sizes)
                - elements(left.get(pair[1]), sizes);
    // Of equal ones the first in the order of the tensors; of those that share nothing the first
    // whose second tensor is there first.
    return pairs.stream()
        .filter(pair -> !Collections.disjoint(left.get(pair[0]), left.get(pair[1])))
        .min(
            Comparator.comparingLong(growth)
                .thenComparingInt(pair -> pair[0])
                .thenComparingInt(pair -> pair[1]))
        .orElseGet(() -> Collections.min(pairs, Comparator.comparingLong(size)));
  }

  /** The labels of a pair's result. */
  private static Set<Integer> product(List<Set<Integer>> left, int[] pair, Set<Integer> output) {
    Set<Integer> needed = new HashSet<>(output);
    for (int tensor = 0; tensor < left.size(); tensor++) {
      if (tensor != pair[0] && tensor != pair[1]) {
        needed.addAll(left.get(tensor));
      }
    }
    Set<Integer> result = new HashSet<>(left.get(pair[0]));
    result.addAll(left.get(pair[1]));
    result.retainAll(needed);
    return result;
  }

  private static long elements(Set<Integer> labels, Map<Integer, Long> sizes) {
    return labels.stream().mapToLong(sizes::get).reduce(1, Math::multiplyExact);
  }

  @Property(tries = 300)
  void intermediatesLieAtTheLowestPlaceThatIsFree(@ForAll("seeds") long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    EquationCase c = sharedLetters(random);
    Contraction plan = plan(c, DEFAULT.withPath(randomPath(c.operands(), random)));
    assertEquals(lowestBytes(plan.pathInfo(), c.operands()), plan.scratchBytes(), plan::toString);
  }

  /** By trying one place after the other. */
  private static long lowestBytes(PathInfo info, int operands) {
    List<Integer> left = new ArrayList<>(IntStream.range(0, operands).boxed().toList());
    int steps = info.steps().size();
    // By tensor: the step that reads it.
    int[] read = new int[operands + steps];
    for (int step = 0; step < steps; step++) {
      int[] positions = info.path().steps().get(step);
      List<Integer> taken = Arrays.stream(positions).mapToObj(left::get).toList();
      for (int tensor : taken) {
        read[tensor] = step;
      }
      left.removeAll(taken);
      left.add(operands + step);
    }
    long[] from = new long[steps];
    long[] to = new long[steps];
    long bytes = 0;
    for (int step = 0; step < steps - 1; step++) {
      long size = info.steps().get(step).result().elementCount() * Float.BYTES;
      int current = step;
      do {
        to[step] = from[step] + (size + 63) / 64 * 64;
        if (IntStream.range(0, step)
            .anyMatch(other ->
                read[operands + other] >= current
                    && from[other] < to[current]
                    && from[current] < to[other])) {
          from[step] += 64;
          to[step] = 0;
        }
      } while (to[step] == 0);
      bytes = Math.max(bytes, to[step]);
    }
    return bytes;
  }

  @Example
  void theLimitHoldsForGradientsToo() {
    Contraction plan =
        Contraction.compile(
            "ij,jk,kl->il",
            DEFAULT.withLargestIntermediate(30),
            Shape.of(6, 5),
            Shape.of(5, 4),
            Shape.of(4, 6));
    for (int operand = 0; operand < 3; operand++) {
      assertTrue(plan.gradient(operand).pathInfo().largestIntermediate() <= 30);
    }
    ContractionPath path = ContractionPath.of(new int[] {0, 2}, new int[] {0, 1});
    Contraction given = plan.gradient(1, DEFAULT.withPath(path));
    assertEquals(path, given.pathInfo().path());
    assertEquals("il,ij,kl->jk", given.pathInfo().equation());
  }

  @Property(tries = 300)
  void numberedLabelsMakeTheSameEquation(@ForAll("networks") EquationCase c) {
    Equation read = Equation.parse(c.equation());
    Sublists numbered = Equation.sublists();
    for (String operand : read.operands()) {
      numbered = numbered.operand(numbers(operand));
    }
    assertEquals(read, numbered.output(numbers(read.output())));
    String withoutOutput = c.equation().substring(0, c.equation().indexOf("->"));
    assertEquals(Equation.parse(withoutOutput), numbered.implicitOutput());
    assertEquals(read, Equation.parse(read.toString()));
  }

  private static int[] numbers(String labels) {
    return labels
        .replace("...", ".")
        .chars()
        .map(c -> c == '.' ? Equation.ELLIPSIS : c >= 'a' ? c - 'a' + 26 : c - 'A')
        .toArray();
  }

  @Example
  void chainsOfMatricesAreContractedInTheTextbookOrder() {
    // Cormen et al., Introduction to Algorithms, section 15.2: 15125 multiplications.
    Contraction plan =
        Contraction.compile(
            "ab,bc,cd,de,ef,fg->ag",
            Shape.of(30, 35),
            Shape.of(35, 15),
            Shape.of(15, 5),
            Shape.of(5, 10),
            Shape.of(10, 20),
            Shape.of(20, 25));
    assertEquals(2.0 * 15125, plan.flops());
    PathInfo info = plan.pathInfo();
    assertEquals(30.0 * 35 * 15 * 5 * 10 * 20 * 25 * 6, info.naiveFlops());
    assertEquals(5, info.steps().size());
    assertEquals(35 * 5, info.largestIntermediate());
  }

  @Example
  void labelsOfOneOperandAreSummedBeforeTheyInflateAProduct() {
    Contraction apart =
        Contraction.compile("ai,aj,ak->a", Shape.of(7, 9), Shape.of(7, 8), Shape.of(7, 6));
    // One is reduced; the others are summed while they are multiplied with what has no other label.
    assertEquals(3, apart.pathInfo().steps().size());
    assertEquals(2.0 * 7 * (9 + 8 + 6), apart.flops());
    Contraction all =
        Contraction.compile("ai,bj,ck->abc", Shape.of(7, 9), Shape.of(8, 9), Shape.of(6, 9));
    assertEquals(5, all.pathInfo().steps().size());
    assertEquals(2.0 * 9 * (7 + 8 + 6) + 6 * 7 + 6 * 7 * 8, all.flops());
    // A product with one that has no other label sums in passing.
    Contraction passing =
        Contraction.compile("ai,a,a->a", Shape.of(7, 9), Shape.of(7), Shape.of(7));
    assertEquals(
        Set.of("a,a->a", "ai,a->a"),
        passing.pathInfo().steps().stream()
            .map(PathInfo.Step::equation)
            .collect(Collectors.toSet()));
  }

  @Example
  void aBatchKeepsItsPlaceAndIntermediatesLieAsTheNextStepReadsThem() {
    PathInfo info =
        Contraction.compile(
                "bij,bjk,bkl->bil",
                DEFAULT.withPath(ContractionPath.of(new int[] {0, 1}, new int[] {0, 1})),
                Shape.of(2, 3, 4),
                Shape.of(2, 4, 5),
                Shape.of(2, 5, 6))
            .pathInfo();
    assertEquals("bij,bjk->bki", info.steps().get(0).equation());
    // Tensors that are left keep their order: the operand comes before the result.
    assertEquals("bkl,bki->bil", info.steps().get(1).equation());
    assertEquals(Shape.of(2, 5, 3), info.steps().get(0).result());
  }

  /** What the steps of a path compute, where all sizes are 2. */
  private static List<String> equations(String equation, int[]... path) {
    Shape[] shapes =
        Equation.parse(equation).operands().stream()
            .map(labels -> Shape.of(labels.chars().mapToLong(c -> 2).toArray()))
            .toArray(Shape[]::new);
    return equations(
        Contraction.compile(equation, DEFAULT.withPath(ContractionPath.of(path)), shapes));
  }

  private static List<String> equations(Contraction plan) {
    return plan.pathInfo().steps().stream().map(PathInfo.Step::equation).toList();
  }

  @Example
  void axesOfIntermediatesAreInTheOrderOfTheStepThatReadsThem() {
    int[] pair = {0, 1};
    // A product of matrices: what is shared, what is summed, what is free.
    assertEquals(List.of("kj,jbi->bki", "bkl,bki->lib"), equations("kj,jbi,bkl->lib", pair, pair));
    // Anything else: sums run over neighbours.
    assertEquals(List.of("ij,jk->ik", "k,ik->i"), equations("ij,jk,k->i", pair, pair));
    // Summed labels are in the order of nesting, not in that of the other operand.
    assertEquals(List.of("apq,ab->pqb", "qpc,pqb->bc"), equations("apq,ab,qpc->bc", pair, pair));
    // Free ones are in the order of the step's result, which is not that of the output.
    assertEquals(
        List.of("xay,ab->byx", "bc,byx->ycx", "cyz,ycx->xyz"),
        equations("xay,ab,bc,cyz->xyz", pair, new int[] {0, 2}, pair));
  }

  @Example
  void sumsAreComputedOnceBeforeTheyAreRepeated() {
    Contraction sum = Contraction.compile("ij,kl->", Shape.of(2, 3), Shape.of(4, 5));
    Contraction gradient = sum.gradient(0);
    assertEquals(List.of(",kl->", "->ij"), equations(gradient));
    assertEquals(2 * 4 * 5 + 2 * 3, gradient.flops());
    assertEquals(Shape.of(2, 3), gradient.pathInfo().steps().getLast().result());
    // A limit of one element has room for the sum, one of none has not.
    assertEquals(gradient.flops(), sum.gradient(0, DEFAULT.withLargestIntermediate(1)).flops());
    Contraction atOnce = sum.gradient(0, DEFAULT.withLargestIntermediate(0));
    assertEquals(List.of(",kl->ij"), equations(atOnce));
    assertEquals(2.0 * 4 * 5 * 2 * 3, atOnce.flops());
    // There is nothing to sum in a product.
    Contraction product = Contraction.compile("ij,->", Shape.of(2, 3), Shape.scalar());
    assertEquals(List.of(",->ij"), equations(product.gradient(0)));
    // Nor does it matter to a product that an operand is repeated: the gradient of its gradient.
    Contraction repeated = Contraction.compile("ij,ij->ij", Shape.of(1, 3), Shape.of(2, 3));
    assertEquals(2 * 2 * 3, repeated.gradient(0).flops());
    assertEquals(2 * 3, repeated.gradient(0).gradient(0).flops());
  }

  @Example
  void intermediatesShareMemoryOnceTheyAreRead() {
    Shape[] shapes = new Shape[20];
    Arrays.fill(shapes, Shape.of(16, 16));
    StringBuilder equation = new StringBuilder();
    List<int[]> steps = new ArrayList<>();
    for (int i = 0; i < shapes.length; i++) {
      equation.append(i == 0 ? "" : ",").append((char) ('a' + i)).append((char) ('b' + i));
      if (i > 0) {
        steps.add(i == 1 ? new int[] {0, 1} : new int[] {0, shapes.length - i});
      }
    }
    equation.append("->au");
    ContractionPath path = ContractionPath.of(steps.toArray(int[][]::new));
    Contraction plan = Contraction.compile(equation.toString(), DEFAULT.withPath(path), shapes);
    assertEquals(2 * 16 * 16 * 4, plan.scratchBytes());
    assertEquals(plan.flops(), Contraction.compile(equation.toString(), shapes).flops());
  }

  @Example
  void aPlanSaysWhatItDoes() {
    Contraction plan =
        Contraction.compile(
            "ij,jk,kl->il",
            DEFAULT.withPath(ContractionPath.of(new int[] {0, 1}, new int[] {0, 1})),
            Shape.of(2, 3),
            Shape.of(3, 4),
            Shape.of(4, 5));
    assertEquals(3, plan.operandCount());
    assertEquals(Shape.of(3, 4), plan.operandShape(1));
    assertTrue(plan.accepts(Shape.of(2, 3), Shape.of(3, 4), Shape.of(4, 5)));
    assertFalse(plan.accepts(Shape.of(2, 3), Shape.of(3, 4), Shape.of(4, 6)));
    assertFalse(plan.accepts(Shape.of(2, 3), Shape.of(3, 4)));
    List<String> lines = plan.toString().lines().toList();
    assertEquals("Contraction ij,jk,kl->il: [2, 3], [3, 4], [4, 5] -> [2, 5]", lines.get(0));
    assertEquals(
        "  path [(0, 1), (0, 1)]: 128 FLOP (at once 360, ratio 2.81), largest intermediate 8 elements, scratch 64 bytes",
        lines.get(1));
    assertTrue(lines.get(2).startsWith("  ij,jk->ki: [4, 2], 48.0 FLOP, CHAIN, "), lines.get(2));
    assertTrue(lines.get(3).startsWith("  kl,ki->il: [2, 5], 80.0 FLOP, CHAIN, "), lines.get(3));
    assertEquals(4, lines.size());
  }

  /** More layouts than a plan keeps the loops of, and each of them again. */
  @Example
  void aPlanRunsWithAnyNumberOfLayouts() {
    try (Arena arena = Arena.ofConfined()) {
      Shape shape = Shape.of(4, 6);
      Contraction plan = Contraction.compile("ik,kj->ij", shape, Shape.of(6, 5));
      double[] values = FloatClass.tame(FloatFormat.BINARY32, 1, 24);
      Tensor a = Layout.CONTIGUOUS.place(arena, DType.FLOAT32, shape, values, 0);
      Tensor b = Tensor.full(arena, 3f, 6, 5);
      Tensor expected = result(arena, plan, a, b);
      for (int run = 0; run < 40; run++) {
        Tensor gapped = Tensor.zeros(arena, 4, 7 + run % 20).slice(1, 0, 6).copyFrom(a);
        assertSameBits("run " + run, expected, result(arena, plan, gapped, b));
      }
    }
  }

  @Example
  void manyOperandsArePlannedGreedily() {
    try (Arena arena = Arena.ofConfined()) {
      int count = 60;
      Tensor[] operands = new Tensor[count];
      Shape[] shapes = new Shape[count];
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < count; i++) {
        // A ring of 26 labels, most pairs of neighbours twice.
        text.append(i == 0 ? "" : ",");
        text.append((char) ('A' + i % 26)).append((char) ('A' + (i + 1) % 26));
        shapes[i] = Shape.of(2, 2);
        operands[i] = Tensor.full(arena, 0.5f, 2, 2);
      }
      text.append("->");
      Contraction plan = Contraction.compile(text.toString(), shapes);
      // 2^26 terms of 2^-60 each; all sums are of equal powers of two, and exact.
      assertEquals(0x1p-34, result(arena, plan, operands).item());
      assertTrue(plan.flops() < 10_000, plan::toString);
    }
  }

  /** A chain of matrices of which the greedy search makes more work than need be. */
  private static double chainFlops(int operands, PathSearch search) {
    long[] sizes = {38, 17, 34, 34, 14, 5, 15, 19, 5, 16};
    Shape[] shapes = new Shape[operands];
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < operands; i++) {
      text.append(i == 0 ? "" : ",").append((char) ('a' + i)).append((char) ('b' + i));
      shapes[i] = Shape.of(sizes[i], sizes[i + 1]);
    }
    text.append("->a").append((char) ('a' + operands));
    return Contraction.compile(text.toString(), DEFAULT.withSearch(search), shapes).flops();
  }

  @Example
  void autoIsOptimalUpToEightOperandsAndGreedyFromNineOn() {
    for (int operands = 8; operands <= 9; operands++) {
      double optimal = chainFlops(operands, PathSearch.OPTIMAL);
      double greedy = chainFlops(operands, PathSearch.GREEDY);
      assertTrue(optimal < greedy);
      assertEquals(operands == 8 ? optimal : greedy, chainFlops(operands, PathSearch.AUTO));
    }
  }

  @Example
  void fourteenOperandsAreNotTooManyForTheOptimalSearch() {
    Shape[] shapes = new Shape[14];
    Arrays.fill(shapes, Shape.of(2));
    String equation = "i,".repeat(13) + "i->i";
    Contraction plan =
        Contraction.compile(equation, DEFAULT.withSearch(PathSearch.OPTIMAL), shapes);
    assertEquals(13 * 2, plan.flops());
  }

  /** Where the letters end, dimensions go by their place; before, by letters that are left. */
  @Example
  void dimensionsOfAnEllipsisHaveNames() {
    String letters = Equation.text(IntStream.range(0, 52).toArray());
    long[] sizes = new long[55];
    Arrays.fill(sizes, 1);
    sizes[54] = 4;
    assertEquals(
        letters + "(0)(1)(2)->(0)(1)(2)",
        Contraction.compile(letters + "...->...", Shape.of(sizes))
            .pathInfo()
            .steps()
            .getFirst()
            .equation());
    assertEquals(
        "zyaxw->xw",
        Contraction.compile("zya...->...", Shape.of(1, 2, 3, 4, 5))
            .pathInfo()
            .steps()
            .getFirst()
            .equation());
  }

  @Example
  void optionsSayWhatTheyAre() {
    ContractionPath path = ContractionPath.of(new int[] {0, 1});
    assertEquals("float32, search AUTO", DEFAULT.toString());
    assertEquals(
        "float64, path [(0, 1)], intermediates of at most 0 elements",
        DEFAULT.withDType(DType.FLOAT64).withPath(path).withLargestIntermediate(0).toString());
    // A search takes the place of a path, and a path that of a search.
    assertEquals(
        "float32, search GREEDY", DEFAULT.withPath(path).withSearch(PathSearch.GREEDY).toString());
    assertEquals(
        "float32, path [(0, 1)]", DEFAULT.withSearch(PathSearch.GREEDY).withPath(path).toString());
  }

  @Example
  void onePlanRunsOnManyThreads() throws Exception {
    EquationCase c =
        EquationCase.of(
            "ij,jk,kl,lm->im", Shape.of(9, 20), Shape.of(20, 7), Shape.of(7, 11), Shape.of(11, 5));
    Contraction plan = plan(c, DEFAULT);
    try (Arena arena = Arena.ofShared();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> runs = new ArrayList<>();
      for (int run = 0; run < 2000; run++) {
        int seed = run % 10;
        Tensor[] operands = operands(arena, c, seed);
        Tensor expected = result(arena, plan, operands);
        Tensor out = Tensor.zeros(arena, 9, 5);
        runs.add(
            threads.submit(() -> {
              plan.execute(operands, out);
              assertSameBits("run", expected, out);
            }));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }
  }
}
