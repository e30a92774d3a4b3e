package dev.lanewise.checkpoint;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Strings and their bytes, without the replacements that Java's own conversions make. */
final class Utf8 {
  private static final char REPLACEMENT = '\uFFFD';

  private Utf8() {}

  /** The text of some of a heap buffer's bytes. */
  static String decode(ByteBuffer bytes, int start, int count) throws CharacterCodingException {
    int at = bytes.arrayOffset() + start;
    String text = new String(bytes.array(), at, count, StandardCharsets.UTF_8);
    // Most text has none. Where there is one, it may be the text's own.
    return text.indexOf(REPLACEMENT) < 0
        ? text
        : StandardCharsets.UTF_8.newDecoder().decode(bytes.slice(start, count)).toString();
  }

  /** Whether a string is text: every surrogate has its other half. */
  static boolean canEncode(String text) {
    return text.equals(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
  }
}
