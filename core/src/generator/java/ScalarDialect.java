import java.util.List;

/** One lane: the scalar backend, and the tails of vector loops. */
final class ScalarDialect implements Dialect {
  private final Element element;

  ScalarDialect(Element element) {
    this.element = element;
  }

  @Override
  public Element element() {
    return element;
  }

  @Override
  public String prefix() {
    return "Scalar";
  }

  @Override
  public String folder() {
    return "scalar";
  }

  @Override
  public String lanes() {
    return "1";
  }

  @Override
  public String bytes(int vectors) {
    return vectors + " * " + element.bytes();
  }

  @Override
  public List<Dialect> loops() {
    return List.of(this);
  }

  @Override
  public int accumulators() {
    return 16;
  }

  @Override
  public int panelVectors() {
    return 4;
  }

  @Override
  public int[] tileRows() {
    return new int[] {4, 4, 0, 4};
  }

  @Override
  public int[] directRows() {
    return new int[] {4, 4};
  }

  @Override
  public String maxRows(int rows, int vectors) {
    return Integer.toString(rows);
  }

  @Override
  public String boundByInstructions() {
    return "false";
  }

  @Override
  public int largestGroup() {
    return 1;
  }

  @Override
  public int columnVectors() {
    return 8;
  }

  @Override
  public String floats() {
    return element.primitive;
  }

  @Override
  public String ints() {
    return "int";
  }

  @Override
  public String load(String segment, String offset) {
    return segment + ".get(" + element.layout() + ", " + offset + ")";
  }

  @Override
  public String store(String segment, String offset, String value) {
    return segment + ".set(" + element.layout() + ", " + offset + ", " + value + ")";
  }

  @Override
  public String loadArray(String array, String index) {
    return array + "[" + index + "]";
  }

  @Override
  public String storeArray(String array, String index, String value) {
    return array + "[" + index + "] = " + value;
  }

  @Override
  public String binary(String method, String operator, String a, String b) {
    return a + " " + operator + " " + b;
  }

  @Override
  public String call(String method, String a, String b) {
    return "Math." + method + "(" + a + ", " + b + ")";
  }

  @Override
  public String fma(String a, String b, String c) {
    return "Math.fma(" + a + ", " + b + ", " + c + ")";
  }

  @Override
  public String sqrt(String a) {
    // Of a float, the root in double rounds to the float nearest to the exact root.
    return element == Element.FLOAT ? "(float) Math.sqrt(" + a + ")" : "Math.sqrt(" + a + ")";
  }

  @Override
  public String select(String a, String comparison, String b, String ifTrue, String otherwise) {
    return a + " " + comparison + " " + b + " ? " + ifTrue + " : " + otherwise;
  }

  @Override
  public String broadcast(String scalar) {
    return scalar;
  }

  @Override
  public String broadcastName(String scalar) {
    return scalar;
  }

  @Override
  public String constant(String literal) {
    return literal;
  }

  @Override
  public String zero() {
    return "0" + element.literalSuffix;
  }

  @Override
  public String exponent(String shifted) {
    return "Float.floatToRawIntBits(" + shifted + ") - 0x4b400000";
  }

  @Override
  public String halve(String integer) {
    return integer + " >> 1";
  }

  @Override
  public String subtractInts(String a, String b) {
    return a + " - " + b;
  }

  @Override
  public String powerOfTwo(String integer) {
    return "Float.intBitsToFloat((" + integer + " + 127) << 23)";
  }

  @Override
  public String booleans() {
    return "boolean";
  }

  @Override
  public String choose(String condition, String ifTrue, String otherwise) {
    return condition + " ? " + ifTrue + " : " + otherwise;
  }

  @Override
  public String not(String condition) {
    return "!" + condition;
  }

  @Override
  public String sameOrBothNan(String a, String b) {
    return a + " == " + b + " || " + a + " != " + a + " && " + b + " != " + b;
  }
}
