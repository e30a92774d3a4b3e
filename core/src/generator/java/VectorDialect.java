import java.util.List;

/**
 * A vector of lanes of a species that the generated class holds, with the class of its vectors.
 *
 * <p>C2 knows the class of a vector that was computed. Of one that was loaded, broadcast or
 * converted, or that goes round a loop, it knows only what a profile tells; and it does without the
 * profile as soon as the methods it has inlined into one, together, were compiled again 201 times
 * before. An operation of such a vector is then a call, for which vectors are boxed. So whatever an
 * operation is a method of is cast to the class. Its other operands are cast by the Vector API.
 */
final class VectorDialect implements Dialect {
  /** The species that every generated class holds. */
  static final String SPECIES = "F";

  /** What the names of fields that hold the class of a species' vectors end with. */
  static final String CLASS = "_CLASS";

  private final Element element;
  private final String species;

  VectorDialect(Element element) {
    this(element, SPECIES);
  }

  VectorDialect(Element element, String species) {
    this.element = element;
    this.species = species;
  }

  /** The field that holds the class of a species' vectors. */
  static String classField(String type, String species) {
    return "  private static final Class<? extends %1$s> %2$s = %3$s.vectorType().asSubclass(%1$s.class);\n"
        .formatted(type, species + CLASS, species);
  }

  @Override
  public Element element() {
    return element;
  }

  @Override
  public String prefix() {
    return "Vector";
  }

  @Override
  public String folder() {
    return "vector";
  }

  @Override
  public String lanes() {
    return "LANES";
  }

  @Override
  public String bytes(int vectors) {
    return vectors + " * BYTES";
  }

  @Override
  public List<Dialect> loops() {
    return List.of(this, new ScalarDialect(element));
  }

  @Override
  public int accumulators() {
    return 4;
  }

  @Override
  public int panelVectors() {
    return 2;
  }

  @Override
  public int[] tileRows() {
    // Larger ones have more nodes than C2 takes at once, and it may then box a vector. Those of two
    // panels are for one or two rows, of which one panel has too few sums to hide their latency.
    return new int[] {12, 7, 0, 2};
  }

  @Override
  public int columnVectors() {
    return 6;
  }

  @Override
  public int[] directRows() {
    return new int[] {8, 5, 4, 3, 0, 0, 0, 1};
  }

  @Override
  public String maxRows(int rows, int vectors) {
    return "Lanes.maxRows(%d, %d)".formatted(rows, vectors);
  }

  @Override
  public String boundByInstructions() {
    return "Lanes.BOUND_BY_INSTRUCTIONS";
  }

  @Override
  public int largestGroup() {
    return element == Element.FLOAT ? 8 : 4;
  }

  @Override
  public String floats() {
    return element.vector();
  }

  @Override
  public String ints() {
    return "IntVector";
  }

  @Override
  public String load(String segment, String offset) {
    return element.vector()
        + ".fromMemorySegment("
        + species
        + ", "
        + segment
        + ", "
        + offset
        + ", NATIVE)";
  }

  @Override
  public String store(String segment, String offset, String value) {
    return known(value) + ".intoMemorySegment(" + segment + ", " + offset + ", NATIVE)";
  }

  @Override
  public String loadArray(String array, String index) {
    return element.vector() + ".fromArray(" + species + ", " + array + ", " + index + ")";
  }

  @Override
  public String storeArray(String array, String index, String value) {
    return known(value) + ".intoArray(" + array + ", " + index + ")";
  }

  @Override
  public String binary(String method, String operator, String a, String b) {
    return known(a) + "." + method + "(" + b + ")";
  }

  @Override
  public String call(String method, String a, String b) {
    return binary(method, "", a, b);
  }

  @Override
  public String fma(String a, String b, String c) {
    return known(a) + ".fma(" + b + ", " + c + ")";
  }

  private String known(String vector) {
    return known(species, vector);
  }

  /** An expression for a vector, of which C2 is told that it is of a species of the class. */
  static String known(String species, String vector) {
    return species + CLASS + ".cast(" + vector + ")";
  }

  @Override
  public String sqrt(String a) {
    return known(a) + ".sqrt()";
  }

  @Override
  public String select(String a, String comparison, String b, String ifTrue, String otherwise) {
    String operator = comparison.equals("<") ? "LT" : "GT";
    return known(otherwise)
        + ".blend("
        + ifTrue
        + ", "
        + known(a)
        + ".compare(VectorOperators."
        + operator
        + ", "
        + b
        + "))";
  }

  @Override
  public String broadcast(String scalar) {
    return element.vector() + ".broadcast(" + species + ", " + scalar + ")";
  }

  @Override
  public String broadcastName(String scalar) {
    return scalar + "Lanes";
  }

  @Override
  public String constant(String literal) {
    return broadcast(literal);
  }

  @Override
  public String zero() {
    return element.vector() + ".zero(" + species + ")";
  }

  @Override
  public String exponent(String shifted) {
    return known("I", known(shifted) + ".reinterpretAsInts()") + ".sub(0x4b400000)";
  }

  @Override
  public String halve(String integer) {
    return integer + ".lanewise(VectorOperators.ASHR, 1)";
  }

  @Override
  public String subtractInts(String a, String b) {
    return a + ".sub(" + b + ")";
  }

  @Override
  public String powerOfTwo(String integer) {
    return integer + ".add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats()";
  }

  @Override
  public String booleans() {
    return "VectorMask<" + element.capital + ">";
  }

  @Override
  public String choose(String condition, String ifTrue, String otherwise) {
    return known(otherwise) + ".blend(" + ifTrue + ", " + condition + ")";
  }

  @Override
  public String not(String condition) {
    return condition + ".not()";
  }

  @Override
  public String sameOrBothNan(String a, String b) {
    return "%1$s.compare(VectorOperators.EQ, %2$s).or(%1$s.compare(VectorOperators.NE, %1$s).and(%2$s.compare(VectorOperators.NE, %2$s)))"
        .formatted(known(a), known(b));
  }
}
