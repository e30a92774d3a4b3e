/** The type of a kernel's numbers, as it is spelled in the generated code. */
enum Element {
  FLOAT("float", "Float", "f"),
  DOUBLE("double", "Double", "");

  final String primitive;

  /** What the names of the boxed type, of Vector API types and of generated classes begin with. */
  final String capital;

  final String literalSuffix;

  Element(String primitive, String capital, String literalSuffix) {
    this.primitive = primitive;
    this.capital = capital;
    this.literalSuffix = literalSuffix;
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
