import java.util.Locale;

/**
 * Lanes chosen from two vectors by a vector of indices. The indices are integers of the elements'
 * size: those of the elements' own type are converted by every use, with a branch for NaN and the
 * registers saved around it (seen in C2's code, which does not fold a constant's conversion).
 */
final class Selection {
  private Selection() {}

  /** The lanes that a vector of indices chooses; those of b count on from those of a. */
  static String of(Element e, String indices, String a, String b) {
    String integers = ".reinterpretAs" + e.integer + "s()";
    return "%s.selectFrom(%s%s, %s%s).reinterpretAs%ss()"
        .formatted(indices, a, integers, b, integers, e.capital);
  }

  /** The type of a vector of indices. */
  static String type(Element e) {
    return e.integer + "Vector";
  }

  /** A vector of indices from an array of them. */
  static String fromArray(Element e, String array) {
    return "%s.fromArray(%s, %s, 0)".formatted(type(e), species(e), array);
  }

  /** The species of integers of the elements' size. */
  static String species(Element e) {
    return "Lanes." + e.integer.toUpperCase(Locale.ROOT) + "S";
  }

  /** A vector of numbers taken as such integers. */
  static String load(Element e, String segment, String offset) {
    return "%s.fromMemorySegment(%s, %s, %s, NATIVE)"
        .formatted(type(e), species(e), segment, offset);
  }

  /** The type of an index. */
  static String primitive(Element e) {
    return e.integer.toLowerCase(Locale.ROOT);
  }
}
