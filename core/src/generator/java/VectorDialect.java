import java.util.List;

/**
 * A vector of lanes of the species F that the generated class holds.
 *
 * <p>Operations are methods of their first operand: what a loop accumulates should be the other
 * one. C2 knows the species of what was loaded or broadcast; that of an accumulator, which goes
 * round the loop, it knows only from a profile, and has none where it compiles a method into its
 * caller before the method itself became hot. It then calls, and boxes all that goes round.
 */
final class VectorDialect implements Dialect {
  private final Element element;

  VectorDialect(Element element) {
    this.element = element;
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
  public int[] tileRows() {
    // Larger ones have more nodes than C2 takes at once, and it may then box a vector.
    return new int[] {12, 8};
  }

  @Override
  public int columnVectors() {
    return 6;
  }

  @Override
  public int[] directRows() {
    return new int[] {8, 6, 3, 1};
  }

  @Override
  public String maxRows(int rows, int vectors) {
    return "Lanes.maxRows(%d, %d)".formatted(rows, vectors);
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
    return element.vector() + ".fromMemorySegment(F, " + segment + ", " + offset + ", NATIVE)";
  }

  @Override
  public String store(String segment, String offset, String value) {
    return value + ".intoMemorySegment(" + segment + ", " + offset + ", NATIVE)";
  }

  @Override
  public String loadArray(String array, String index) {
    return element.vector() + ".fromArray(F, " + array + ", " + index + ")";
  }

  @Override
  public String storeArray(String array, String index, String value) {
    return value + ".intoArray(" + array + ", " + index + ")";
  }

  @Override
  public String binary(String method, String operator, String a, String b) {
    return a + "." + method + "(" + b + ")";
  }

  @Override
  public String call(String method, String a, String b) {
    return binary(method, "", a, b);
  }

  @Override
  public String fma(String a, String b, String c) {
    return a + ".fma(" + b + ", " + c + ")";
  }

  @Override
  public String sqrt(String a) {
    return a + ".sqrt()";
  }

  @Override
  public String select(String a, String comparison, String b, String ifTrue, String otherwise) {
    String operator = comparison.equals("<") ? "LT" : "GT";
    return otherwise
        + ".blend("
        + ifTrue
        + ", "
        + a
        + ".compare(VectorOperators."
        + operator
        + ", "
        + b
        + "))";
  }

  @Override
  public String broadcast(String scalar) {
    return element.vector() + ".broadcast(F, " + scalar + ")";
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
    return element.vector() + ".zero(F)";
  }

  @Override
  public String exponent(String shifted) {
    return shifted + ".reinterpretAsInts().sub(0x4b400000)";
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
    return otherwise + ".blend(" + ifTrue + ", " + condition + ")";
  }

  @Override
  public String not(String condition) {
    return condition + ".not()";
  }

  @Override
  public String sameOrBothNan(String a, String b) {
    return "%1$s.compare(VectorOperators.EQ, %2$s).or(%1$s.compare(VectorOperators.NE, %1$s).and(%2$s.compare(VectorOperators.NE, %2$s)))"
        .formatted(a, b);
  }
}
