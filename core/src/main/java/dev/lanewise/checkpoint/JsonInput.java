package dev.lanewise.checkpoint;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;

/**
 * Reads JSON from front to back, as far as the header of a safetensors file needs it: strings and
 * integers, and the punctuation between them, which the caller asks for. So nothing nests that the
 * caller does not expect, and nothing is kept but what it keeps. The grammar is RFC 8259's.
 */
final class JsonInput {
  private final ByteBuffer bytes;
  private final Origin origin;

  JsonInput(byte[] bytes, Origin origin) {
    this.bytes = ByteBuffer.wrap(bytes);
    this.origin = origin;
  }

  /** Whether the next token begins so; it stays the next one. */
  boolean isNext(char c) {
    skipBlanks();
    return bytes.hasRemaining() && bytes.get(bytes.position()) == c;
  }

  /** Passes over a punctuation mark if it is next. */
  boolean accept(char c) {
    boolean isNext = isNext(c);
    if (isNext) {
      bytes.get();
    }
    return isNext;
  }

  /** Passes over a punctuation mark that must be next. */
  void expect(char c) throws CheckpointException {
    if (!accept(c)) {
      throw unexpected("'" + c + "'");
    }
  }

  /** Nothing but blanks may be left. */
  void expectEnd() throws CheckpointException {
    skipBlanks();
    if (bytes.hasRemaining()) {
      throw unexpected("the end");
    }
  }

  /** An integer from 0 to the largest long. */
  long unsignedInteger() throws CheckpointException {
    skipBlanks();
    int start = bytes.position();
    long value = 0;
    while (bytes.hasRemaining() && isDigit(peek())) {
      int digit = bytes.get() - '0';
      if (value > (Long.MAX_VALUE - digit) / 10) {
        throw origin.refuse("has a number that is too large at byte " + start);
      }
      value = 10 * value + digit;
    }
    int length = bytes.position() - start;
    boolean leadingZero = length > 1 && bytes.get(start) == '0';
    boolean goesOn = bytes.hasRemaining() && (peek() == '.' || (peek() | 0x20) == 'e');
    if (length == 0 || leadingZero || goesOn) {
      bytes.position(start);
      throw unexpected("a number without sign, fraction and exponent");
    }
    return value;
  }

  /** A string. */
  String string() throws CheckpointException {
    if (!isNext('"')) {
      throw unexpected("a string");
    }
    bytes.get();
    var text = new StringBuilder();
    int start = bytes.position();
    while (true) {
      byte next = nextInString();
      if (next == '"') {
        text.append(utf8(start, bytes.position() - 1));
        break;
      }
      if (next == '\\') {
        text.append(utf8(start, bytes.position() - 1));
        text.append(escaped());
        start = bytes.position();
      }
    }
    String whole = text.toString();
    if (!Utf8.canEncode(whole)) {
      throw origin.refuse("has an unpaired surrogate in a string before byte " + bytes.position());
    }
    return whole;
  }

  private byte nextInString() throws CheckpointException {
    if (!bytes.hasRemaining()) {
      throw origin.refuse("ends within a string");
    }
    byte next = bytes.get();
    if (next >= 0 && next < ' ') {
      throw origin.refuse("has a control character in a string at byte " + (bytes.position() - 1));
    }
    return next;
  }

  private char escaped() throws CheckpointException {
    byte next = nextInString();
    return switch (next) {
      case '"', '\\', '/' -> (char) next;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int code = 0;
        for (int i = 0; i < 4; i++) {
          int digit = Character.digit(nextInString(), 16);
          if (digit < 0) {
            throw badEscape();
          }
          code = code << 4 | digit;
        }
        yield (char) code;
      }
      default -> throw badEscape();
    };
  }

  private CheckpointException badEscape() {
    return origin.refuse("has an unknown escape in a string before byte " + bytes.position());
  }

  private String utf8(int start, int end) throws CheckpointException {
    try {
      return Utf8.decode(bytes, start, end - start);
    } catch (CharacterCodingException e) {
      throw origin.refuse("has a string at byte " + start + " that is not UTF-8", e);
    }
  }

  private void skipBlanks() {
    while (bytes.hasRemaining() && " \t\r\n".indexOf(peek()) >= 0) {
      bytes.get();
    }
  }

  private byte peek() {
    return bytes.get(bytes.position());
  }

  private static boolean isDigit(byte c) {
    return c >= '0' && c <= '9';
  }

  private CheckpointException unexpected(String wanted) {
    return origin.refuse(
        "should have "
            + wanted
            + " at byte "
            + bytes.position()
            + (bytes.hasRemaining() ? ", but has " + shown(peek()) : ", but ends there"));
  }

  private static String shown(byte c) {
    return c > ' ' && c < 0x7f ? "'" + (char) c + "'" : "byte " + Byte.toUnsignedInt(c);
  }
}
