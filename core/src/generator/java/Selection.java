import java.util.Locale;

/**
 * Lanes chosen from two vectors by a vector of indices, or exchanged within one. The indices are
 * integers of the elements' size: those of the elements' own type are converted by every use, with
 * a branch for NaN and the registers saved around it (seen in C2's code, which does not fold a
 * constant's conversion).
 */
final class Selection {
  /**
   * A vector of so many floats has 256 bits: without AVX-512 no instruction selects from two of
   * them, and C2 needs five. Lanes are exchanged within each, and then blended. (Of doubles an
   * exchange takes more than one instruction, and selecting is faster.)
   */
  static final int EXCHANGED = 8;

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

  /** The species of integers of the elements' size, as a class holds it. */
  static String species(Element e) {
    return e.integer.substring(0, 1);
  }

  /** A vector of numbers taken as such integers. */
  static String load(Element e, String segment, String offset) {
    return "%s.fromMemorySegment(%s, %s, %s, NATIVE)"
        .formatted(type(e), species(e), segment, offset);
  }

  /** The type of an index as a type argument. */
  static String boxed(Element e) {
    return e == Element.FLOAT ? "Integer" : "Long";
  }

  /** The type of an index. */
  static String primitive(Element e) {
    return e.integer.toLowerCase(Locale.ROOT);
  }

  /** A vector whose neighbouring groups of h lanes have changed places, by {@link #exchanges}. */
  static String exchanged(String vector, int h) {
    return VectorDialect.known(VectorDialect.SPECIES, vector) + ".rearrange(SWAP" + h + ")";
  }

  /**
   * Of every two groups of h lanes, the first ones of both vectors or the second ones, by {@link
   * #exchanges}.
   */
  static String half(String a, String b, int h, boolean first) {
    String exchanged = exchanged(first ? b : a, h);
    return "%s.blend(%s, SECOND%d)"
        .formatted(
            first ? VectorDialect.known(VectorDialect.SPECIES, a) : exchanged,
            first ? exchanged : b,
            h);
  }

  /**
   * Constants to exchange neighbouring groups of lanes, of 1, 2, 4, ...: the shuffle, and the mask
   * of the second group of every two.
   *
   * @param lanes of the widest vector
   */
  static String exchanges(Element e, int lanes) {
    StringBuilder code = new StringBuilder();
    for (int h = lanes / 2; h >= 1; h /= 2) {
      code.append(
"""
  private static final VectorShuffle<%1$s> SWAP%2$d = F.shuffleFromOp(i -> (i ^ %2$d) %% LANES);
  private static final VectorMask<%1$s> SECOND%2$d = second(%2$d);
"""
              .formatted(e.capital, h));
    }
    return code.append(
"""

  /** Of every two groups of lanes the second one. */
  private static VectorMask<%1$s> second(int group) {
    long bits = 0;
    for (int i = 0; i < LANES; i++) {
      bits |= (i & group) == 0 ? 0 : 1L << i;
    }
    return VectorMask.fromLong(F, bits);
  }
"""
                .formatted(e.capital))
        .toString();
  }
}
