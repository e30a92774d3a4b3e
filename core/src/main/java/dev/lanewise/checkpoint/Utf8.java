package dev.lanewise.checkpoint;

/** What of Java's strings has no bytes in UTF-8. */
final class Utf8 {
  private Utf8() {}

  /** Whether a string is text: every surrogate has its other half. */
  static boolean canEncode(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        boolean isPair = i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1));
        if (!isPair) {
          return false;
        }
        i++;
      }
    }
    return true;
  }
}
