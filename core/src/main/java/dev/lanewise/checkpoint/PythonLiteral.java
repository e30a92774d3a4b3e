package dev.lanewise.checkpoint;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads the Python of an npy header from front to back: plain strings, True and False, tuples of
 * sizes, and the punctuation between them, which the caller asks for.
 */
final class PythonLiteral {
  private final byte[] text;
  private final Origin origin;
  private int at;

  PythonLiteral(byte[] text, Origin origin) {
    this.text = text;
    this.origin = origin;
  }

  /** Passes over a character if it is next. */
  boolean accept(char c) {
    skipBlanks();
    boolean isNext = at < text.length && text[at] == c;
    at += isNext ? 1 : 0;
    return isNext;
  }

  /** Passes over a character that must be next. */
  void expect(char c) throws CheckpointException {
    if (!accept(c)) {
      throw unexpected("'" + c + "'");
    }
  }

  /** Nothing but blanks may be left. */
  void expectEnd() throws CheckpointException {
    skipBlanks();
    if (at < text.length) {
      throw unexpected("the end");
    }
  }

  /** A string of printable ASCII without escapes, in either kind of quotes. */
  String string() throws CheckpointException {
    skipBlanks();
    int quote = at < text.length ? text[at] : 0;
    if (quote != '\'' && quote != '"') {
      throw unexpected("a string");
    }
    int end = at + 1;
    while (end < text.length && text[end] >= ' ' && text[end] != quote && text[end] != '\\') {
      end++;
    }
    if (end == text.length || text[end] != quote) {
      throw unexpected("a plain string");
    }
    String string = ascii(at + 1, end);
    at = end + 1;
    return string;
  }

  /** True or False. */
  boolean bool() throws CheckpointException {
    String word = word();
    return switch (word) {
      case "True" -> true;
      case "False" -> false;
      default -> throw unexpected("True or False");
    };
  }

  /** A tuple of integers that are not negative. */
  long[] tuple() throws CheckpointException {
    long[] values = new long[Limits.MAX_RANK];
    int count = 0;
    boolean comma = true;
    expect('(');
    while (!accept(')')) {
      if (!comma) {
        throw unexpected("',' or ')'");
      }
      Limits.requireRank(count + 1, origin);
      values[count++] = integer();
      comma = accept(',');
    }
    if (count == 1 && !comma) {
      throw unexpected("a comma in the tuple before it");
    }
    return Arrays.copyOf(values, count);
  }

  private long integer() throws CheckpointException {
    int start = at;
    String word = word();
    if (!word.matches("0|[1-9][0-9]{0,18}")) {
      at = start;
      throw unexpected("a size");
    }
    try {
      return Long.parseLong(word);
    } catch (NumberFormatException e) {
      throw origin.refuse("has a size that is too large: " + word, e);
    }
  }

  /** Letters and digits; may be empty. */
  private String word() {
    skipBlanks();
    int end = at;
    while (end < text.length && text[end] > 0 && Character.isLetterOrDigit(text[end])) {
      end++;
    }
    String word = ascii(at, end);
    at = end;
    return word;
  }

  private String ascii(int from, int to) {
    return new String(text, from, to - from, StandardCharsets.US_ASCII);
  }

  private void skipBlanks() {
    while (at < text.length && (text[at] == ' ' || text[at] == '\n')) {
      at++;
    }
  }

  private CheckpointException unexpected(String wanted) {
    return origin.refuse("should have " + wanted + " at byte " + at);
  }
}
