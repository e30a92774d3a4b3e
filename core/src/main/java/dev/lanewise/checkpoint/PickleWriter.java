package dev.lanewise.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes the instructions of a pickle, protocol 2. The caller sees to it that they make sense
 * together.
 */
final class PickleWriter {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final Map<String, Integer> memo = new HashMap<>();

  PickleWriter() {
    op(Pickle.PROTO);
    bytes.write(Pickle.PROTOCOL);
  }

  /** An instruction without arguments. */
  void op(int opcode) {
    bytes.write(opcode);
  }

  /**
   * A Python name; written out once, then taken from the memo, which keeps a file of many tensors
   * small.
   */
  void global(String module, String name) {
    String text = module + "\n" + name + "\n";
    Integer known = memo.get(text);
    if (known != null) {
      memoOp(Pickle.BINGET, Pickle.LONG_BINGET, known);
      return;
    }
    op(Pickle.GLOBAL);
    bytes.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    memoOp(Pickle.BINPUT, Pickle.LONG_BINPUT, memo.size());
    memo.put(text, memo.size());
  }

  void text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    op(Pickle.BINUNICODE);
    littleEndian(utf8.length, Integer.BYTES);
    bytes.writeBytes(utf8);
  }

  void integer(long value) {
    if (value >= 0 && value < 1 << 8) {
      op(Pickle.BININT1);
      littleEndian(value, 1);
    } else if (value >= 0 && value < 1 << 16) {
      op(Pickle.BININT2);
      littleEndian(value, 2);
    } else if (value == (int) value) {
      op(Pickle.BININT);
      littleEndian(value, Integer.BYTES);
    } else {
      op(Pickle.LONG1);
      bytes.write(Long.BYTES);
      littleEndian(value, Long.BYTES);
    }
  }

  void real(double value) {
    op(Pickle.BINFLOAT);
    long bigEndian = Long.reverseBytes(Double.doubleToRawLongBits(value));
    littleEndian(bigEndian, Double.BYTES);
  }

  void tuple(List<Long> values) {
    op(Pickle.MARK);
    values.forEach(this::integer);
    op(Pickle.TUPLE);
  }

  /** Ends the pickle. */
  byte[] finish() {
    op(Pickle.STOP);
    return bytes.toByteArray();
  }

  private void memoOp(int shortOp, int longOp, int index) {
    boolean isShort = index < 1 << 8;
    op(isShort ? shortOp : longOp);
    littleEndian(index, isShort ? 1 : Integer.BYTES);
  }

  private void littleEndian(long value, int count) {
    for (int i = 0; i < count; i++) {
      bytes.write((int) (value >>> (8 * i)));
    }
  }
}
