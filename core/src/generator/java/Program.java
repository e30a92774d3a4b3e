import java.util.List;

/**
 * A value of a program: its operations, in whichever dialect. Each result gets a name, so that the
 * generated code can be read.
 */
final class Program {
  final Dialect dialect;
  final StringBuilder lines = new StringBuilder();
  private final String indent;
  private final String suffix;
  private int names;

  Program(Dialect dialect, String indent, String suffix) {
    this.dialect = dialect;
    this.indent = indent;
    this.suffix = suffix;
  }

  String line(String text) {
    lines.append(indent).append(text).append('\n');
    return text;
  }

  String let(String type, String expression) {
    String name = "t" + names++ + suffix;
    line("final " + type + " " + name + " = " + expression + ";");
    return name;
  }

  private String value(String expression) {
    return let(dialect.floats(), expression);
  }

  String load(String segment, String offset) {
    return value(dialect.load(segment, offset));
  }

  String add(String a, String b) {
    return value(dialect.binary("add", "+", a, b));
  }

  String sub(String a, String b) {
    return value(dialect.binary("sub", "-", a, b));
  }

  String mul(String a, String b) {
    return value(dialect.binary("mul", "*", a, b));
  }

  String div(String a, String b) {
    return value(dialect.binary("div", "/", a, b));
  }

  String fma(String a, String b, String c) {
    return value(dialect.fma(a, b, c));
  }

  String sqrt(String a) {
    return value(dialect.sqrt(a));
  }

  /** The larger, as {@code Math.max} has it: NaN if one is, and +0 above -0. */
  String max(String a, String b) {
    return value(dialect.call("max", a, b));
  }

  /** The smaller, as {@code Math.min} has it. */
  String min(String a, String b) {
    return value(dialect.call("min", a, b));
  }

  /** {@code a comparison b ? ifTrue : otherwise}; the comparison is &lt; or &gt;. */
  String select(String a, String comparison, String b, String ifTrue, String otherwise) {
    return value(dialect.select(a, comparison, b, ifTrue, otherwise));
  }

  String constant(String literal) {
    return dialect.constant(literal);
  }

  /**
   * exp(x), see docs/numerics.md: x is clamped to where the result is 0 or infinite anyway, split
   * into n ln 2 + r, a polynomial in r is evaluated by Horner's rule, and the result scaled by 2^n
   * in two exact steps, of which only the last can round (to a subnormal).
   */
  String exp(String x) {
    String clamped = min(max(x, constant("-104f")), constant("89f"));
    // Adding 1.5 * 2^23 rounds to an integer and leaves that integer in the low bits.
    String shifted = fma(clamped, constant("0x1.715476p+0f"), constant("0x1.8p23f"));
    String n = sub(shifted, constant("0x1.8p23f"));
    String high = fma(n, constant("-0x1.62e4p-1f"), clamped);
    String r = fma(n, constant("-0x1.7f7d1cp-20f"), high);
    String p = constant("0x1.a01a02p-13f");
    for (String coefficient :
        List.of(
            "0x1.6c16c2p-10f",
            "0x1.111112p-7f",
            "0x1.555556p-5f",
            "0x1.555556p-3f",
            "0.5f",
            "1f",
            "1f")) {
      p = fma(p, r, constant(coefficient));
    }
    String integer = let(dialect.ints(), dialect.exponent(shifted));
    String half = let(dialect.ints(), dialect.halve(integer));
    String firstScale = value(dialect.powerOfTwo(half));
    String rest = let(dialect.ints(), dialect.subtractInts(integer, half));
    String secondScale = value(dialect.powerOfTwo(rest));
    return mul(mul(p, firstScale), secondScale);
  }
}
