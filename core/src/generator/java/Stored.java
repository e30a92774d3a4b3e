/** How a row's numbers lie in memory, and how one (or a vector of them) is read. */
enum Stored {
  FLOAT32(Element.FLOAT, "Float.BYTES"),
  FLOAT64(Element.DOUBLE, "Double.BYTES"),
  BFLOAT16(Element.FLOAT, "Short.BYTES"),
  FLOAT16(Element.FLOAT, "Short.BYTES"),
  INT8(Element.FLOAT, "Byte.BYTES");

  /** The type that the numbers are read as. */
  final Element element;

  final String bytes;

  Stored(Element element, String bytes) {
    this.element = element;
    this.bytes = bytes;
  }

  /** What generated classes are called: for example {@code Bfloat16Rows}. */
  String className(RowAccess access) {
    return label() + access.label + "Rows";
  }

  /** As a part of a class' name. */
  String label() {
    return name().charAt(0) + name().substring(1).toLowerCase(java.util.Locale.ROOT);
  }

  /** Whether reading a number takes more than a load. */
  boolean isNarrow() {
    return this != FLOAT32 && this != FLOAT64;
  }

  /** The most vectors of columns that a method takes at once. */
  int largestGroup(Dialect d) {
    return switch (this) {
      case FLOAT32, FLOAT64 -> d.largestGroup();
      case BFLOAT16, INT8 -> Math.min(4, d.largestGroup());
      case FLOAT16 -> Math.min(2, d.largestGroup());
    };
  }

  /**
   * How many bytes are read for some vectors. The shortest vector of bytes is longer than as many
   * floats are lanes in 128 bits; behind a row's last number it reads into the scale and the bias.
   */
  String span(Dialect d, int vectors) {
    return this == INT8
        ? "(long) %d * %s + B.vectorByteSize()".formatted(vectors - 1, d.lanes())
        : "(long) %d * %s * %s".formatted(vectors, d.lanes(), bytes);
  }

  /** What comes before a row's numbers are read: the scale and the bias of a row of int8. */
  void begin(Program p, String row) {
    if (this == INT8) {
      for (String name : new String[] {"scale", "bias"}) {
        String at = row + " + width" + (name.equals("scale") ? "" : " + Float.BYTES");
        p.line(
            "final %s %s = %s;"
                .formatted(
                    p.dialect.floats(), name, p.dialect.broadcast("table.get(FLOAT, " + at + ")")));
      }
    }
  }

  /** Reads one number or a vector of them. */
  String load(Program p, String segment, String offset) {
    Dialect d = p.dialect;
    boolean vector = d instanceof VectorDialect;
    return switch (this) {
      case FLOAT32, FLOAT64 -> p.load(segment, offset);
      case BFLOAT16 ->
          p.let(
              d.floats(),
              vector
                  ? shorts("ZERO_EXTEND_S2I", segment, offset)
                      + ".lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats()"
                  : "Float.intBitsToFloat(%s.get(SHORT, %s) << 16)".formatted(segment, offset));
      case FLOAT16 -> vector ? halfVector(p, segment, offset) : half(p, segment, offset);
      case INT8 -> {
        String q =
            p.let(
                d.floats(),
                vector
                    ? converted(
                        "F",
                        "I2F",
                        converted(
                            "I", "ZERO_EXTEND_B2I", narrow("B", "ByteVector", segment, offset)))
                    : "(float) (%s.get(BYTE, %s) & 0xff)".formatted(segment, offset));
        yield p.fma("scale", q, "bias");
      }
    };
  }

  /**
   * A binary16 as a binary32, exactly: its exponent and fraction moved into place are the number
   * times 2^-112, subnormal ones included. What is 2^16 and more then is infinite or NaN and gets
   * that exponent: the sign of a difference, spread over the word, selects.
   */
  private static String halfVector(Program p, String segment, String offset) {
    String moved =
        p.let(
            "IntVector",
            shorts("S2I", segment, offset) + ".lanewise(VectorOperators.LSHL, 13).and(0x8fffe000)");
    String scaled =
        p.let(
            "IntVector",
            VectorDialect.known(
                "I",
                VectorDialect.known("F", moved + ".reinterpretAsFloats()")
                    + ".mul(0x1p112f).reinterpretAsInts()"));
    String beyond =
        p.let(
            "IntVector",
            VectorDialect.known("I", "IntVector.broadcast(I, 0x477fffff)")
                + ".sub(%s.and(0x7fffffff)).lanewise(VectorOperators.ASHR, 31)".formatted(scaled));
    return p.let(
        "FloatVector", "%s.or(%s.and(0x7f800000)).reinterpretAsFloats()".formatted(scaled, beyond));
  }

  private static String half(Program p, String segment, String offset) {
    String moved = p.let("int", "%s.get(SHORT, %s) << 13 & 0x8fffe000".formatted(segment, offset));
    String scaled =
        p.let(
            "int", "Float.floatToRawIntBits(Float.intBitsToFloat(%s) * 0x1p112f)".formatted(moved));
    String beyond = p.let("int", "0x477fffff - (%s & 0x7fffffff) >> 31".formatted(scaled));
    return p.let("float", "Float.intBitsToFloat(%s | %s & 0x7f800000)".formatted(scaled, beyond));
  }

  /** Integers from 16 bits each. */
  private static String shorts(String conversion, String segment, String offset) {
    return converted("I", conversion, narrow("S", "ShortVector", segment, offset));
  }

  private static String narrow(String species, String type, String segment, String offset) {
    return VectorDialect.known(
        species,
        "%s.fromMemorySegment(%s, %s, %s, NATIVE)".formatted(type, species, segment, offset));
  }

  /** A vector's numbers, converted to those of a species. */
  static String converted(String species, String conversion, String vector) {
    return VectorDialect.known(
        species,
        "%s.convertShape(VectorOperators.%s, %s, 0)".formatted(vector, conversion, species));
  }
}
