/** The type of a kernel's numbers, as it is spelled in the generated code. */
enum Element {
  FLOAT("float", "Float", "f", "Int"),
  DOUBLE("double", "Double", "", "Long");

  final String primitive;

  /** What the names of the boxed type, of Vector API types and of generated classes begin with. */
  final String capital;

  final String literalSuffix;

  /** The integer type of the same size, as Vector API types begin. */
  final String integer;

  Element(String primitive, String capital, String literalSuffix, String integer) {
    this.primitive = primitive;
    this.capital = capital;
    this.literalSuffix = literalSuffix;
    this.integer = integer;
  }

  /** The type of a vector of such numbers. */
  String vector() {
    return capital + "Vector";
  }

  /** The constant of the Java type's size. */
  String bytes() {
    return capital + ".BYTES";
  }

  /** The field that holds the memory layout. */
  String layout() {
    return name();
  }
}
