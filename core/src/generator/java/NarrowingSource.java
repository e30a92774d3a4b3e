import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The programs that round to 16 bits by chance; see NarrowingKernels. Integers only and without
 * comparisons: a sign spread over a word selects, which needs no masks.
 */
final class NarrowingSource {
  private static final String PARAMETERS =
      "MemorySegment x, long xOffset, MemorySegment y, long yOffset, long key, int first";

  private static final Pattern NUMBER = Pattern.compile("-?(0x[0-9a-f]+|[0-9]+)");

  private NarrowingSource() {}

  static String methods(Dialect d, Stored stored) {
    StringBuilder fields = new StringBuilder();
    StringBuilder code = new StringBuilder(SourceText.header("round", PARAMETERS + ", int n"));
    Tails tails = new Tails("round", PARAMETERS, "int from, int n");
    for (Dialect loop : d.loops()) {
      Words words = new Words(loop);
      code.append(tails.next(loop, words.before(), List.of(), "0"));
      body(words, stored);
      words.constants.forEach((name, value) ->
          fields.append(
              "  private static final IntVector %s = IntVector.broadcast(I, %s);\n"
                  .formatted(name, value)));
      code.append(Tails.run(loop, words.p));
    }
    return fields.append(code).append("  }\n").toString();
  }

  private static void body(Words w, Stored stored) {
    String bits = w.load();
    String random = random(w);
    String magnitude = w.and(bits, "0x7fffffff");
    String notANumber = w.shift(w.from("0x7f800000", magnitude), ">>", "31");
    w.store(
        stored == Stored.BFLOAT16
            ? bfloat16(w, bits, random, magnitude, notANumber)
            : float16(w, bits, random, magnitude, notANumber));
  }

  /** The upper half; nothing is added to what is not finite, and a NaN's remains one. */
  private static String bfloat16(
      Words w, String bits, String random, String magnitude, String notANumber) {
    String notFinite = w.shift(w.from("0x7f7fffff", magnitude), ">>", "31");
    String up = w.op("AND_NOT", w.shift(random, ">>>", "16"), notFinite);
    String sum = w.shift(w.op("ADD", bits, up), ">>>", "16");
    return w.or(sum, w.and(notANumber, "0x40"));
  }

  /**
   * The significand, with the exponent above it, is shifted by 13 bits, and by more for what is
   * subnormal in 16 bits; as many random bits are added first. Of those that would be shifted by
   * more than 31, the significand loses some beforehand.
   */
  private static String float16(
      Words w, String bits, String random, String magnitude, String notANumber) {
    String exponent = w.shift(magnitude, ">>>", "23");
    String above = w.shift(w.op("MAX", w.op("ADD", exponent, "-113"), "0"), "<<", "23");
    String significand = w.op("ADD", w.or(w.and(magnitude, "0x7fffff"), "0x800000"), above);
    String shift = w.op("MAX", w.from("126", exponent), "13");
    String last = w.op("MIN", shift, "31");
    String before = w.op("MIN", w.op("SUB", shift, last), "31");
    String up = w.shift(random, ">>>", w.from("32", last));
    String sum = w.shift(w.op("ADD", w.shift(significand, ">>>", before), up), ">>>", last);
    String clamped = w.op("MIN", sum, "0x7c00");
    String quiet = w.or(w.and(w.shift(magnitude, ">>>", "13"), "0x3ff"), "0x200");
    String number = w.or(clamped, w.op("AND", quiet, notANumber));
    return w.or(number, w.and(w.shift(bits, ">>>", "16"), "0x8000"));
  }

  /** 32 bits from the key and an element's number. */
  private static String random(Words w) {
    String h = w.op("MUL", w.index(), "0x9e3779b9");
    h = w.op("XOR", h, w.shift(h, ">>>", "16"));
    h = w.op("MUL", w.op("XOR", h, w.name("low")), "0x7feb352d");
    h = w.op("XOR", h, w.shift(h, ">>>", "15"));
    h = w.op("MUL", w.op("XOR", h, w.name("high")), "0x846ca68b");
    return w.op("XOR", h, w.shift(h, ">>>", "16"));
  }

  /** Operations on words of 32 bits, in either dialect. */
  private static final class Words {
    private final Program p;
    private final boolean vector;

    /**
     * Vectors of one number in fields: broadcast where they are used, C2 would take in too much.
     */
    private final Map<String, String> constants = new LinkedHashMap<>();

    Words(Dialect d) {
      p = new Program(d, "      ", "");
      vector = d instanceof VectorDialect;
    }

    String name(String word) {
      return vector ? word + "Lanes" : word;
    }

    /** The key's halves, and in a vector the numbers of its lanes. */
    String before() {
      String words = "    final int low = (int) key;\n    final int high = (int) (key >>> 32);\n";
      return vector
          ? words
              + lanes("lowLanes", "IntVector.broadcast(I, low)")
              + lanes("highLanes", "IntVector.broadcast(I, high)")
              + lanes("lanes", known("IntVector.zero(I)") + ".addIndex(1)")
          : words;
    }

    private static String lanes(String name, String vector) {
      return "    final IntVector %s = %s;\n".formatted(name, known(vector));
    }

    private static String known(String vector) {
      return VectorDialect.known("I", vector);
    }

    String index() {
      return let(vector ? "lanes.add(first + i)" : "first + i");
    }

    String load() {
      String x = p.load("x", "xOffset + at");
      return let(
          vector
              ? known(VectorDialect.known("F", x) + ".reinterpretAsInts()")
              : "Float.floatToRawIntBits(" + x + ")");
    }

    void store(String word) {
      String to = "yOffset + (long) i * Short.BYTES";
      p.line(
          vector
              ? Stored.converted("S", "I2S", word)
                  + ".intoMemorySegment(y, %s, NATIVE);".formatted(to)
              : "y.set(SHORT, %s, (short) %s);".formatted(to, word));
    }

    String and(String a, String b) {
      return op("AND", a, b);
    }

    String or(String a, String b) {
      return op("OR", a, b);
    }

    /** {@code constant - word}. */
    String from(String constant, String word) {
      return vector
          ? let("%s.sub(%s)".formatted(constant(constant), word))
          : let(constant + " - " + word);
    }

    String op(String name, String a, String b) {
      if (vector) {
        String operand = NUMBER.matcher(b).matches() ? constant(b) : b;
        return let("%s.lanewise(VectorOperators.%s, %s)".formatted(a, name, operand));
      }
      return let(
          switch (name) {
            case "ADD" -> a + " + " + b;
            case "SUB" -> a + " - " + b;
            case "MUL" -> a + " * " + b;
            case "AND" -> a + " & " + b;
            case "AND_NOT" -> a + " & ~" + b;
            case "OR" -> a + " | " + b;
            case "XOR" -> a + " ^ " + b;
            case "MIN" -> "Math.min(%s, %s)".formatted(a, b);
            case "MAX" -> "Math.max(%s, %s)".formatted(a, b);
            default -> throw new IllegalArgumentException(name);
          });
    }

    /** By a number of bits, or by a word of them for each lane. */
    String shift(String a, String operator, String count) {
      String name =
          switch (operator) {
            case "<<" -> "LSHL";
            case ">>" -> "ASHR";
            default -> "LSHR";
          };
      return let(
          vector
              ? "%s.lanewise(VectorOperators.%s, %s)".formatted(a, name, count)
              : a + " " + operator + " " + count);
    }

    private String constant(String value) {
      String name = "OF_" + value.replace("-", "MINUS_").toUpperCase(Locale.ROOT);
      constants.put(name, value);
      return name;
    }

    private String let(String expression) {
      return p.let(vector ? "IntVector" : "int", expression);
    }
  }
}
