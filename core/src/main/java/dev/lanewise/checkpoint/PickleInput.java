package dev.lanewise.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;

/**
 * The bytes of a pickle, read front to back; whatever is asked for is there or refused before
 * anything is allocated.
 */
final class PickleInput {
  private static final int MAX_NAME_LENGTH = 200;

  private final ByteBuffer bytes;
  private final Origin origin;

  PickleInput(byte[] bytes, Origin origin) {
    this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    this.origin = origin;
  }

  int position() {
    return bytes.position();
  }

  int unsignedByte() throws CheckpointException {
    require(1);
    return Byte.toUnsignedInt(bytes.get());
  }

  int unsignedShort() throws CheckpointException {
    require(Short.BYTES);
    return Short.toUnsignedInt(bytes.getShort());
  }

  int signedInt() throws CheckpointException {
    require(Integer.BYTES);
    return bytes.getInt();
  }

  long unsignedInt() throws CheckpointException {
    return Integer.toUnsignedLong(signedInt());
  }

  /** A two's complement number of up to 8 bytes; no byte at all is 0. */
  long longOf(int count) throws CheckpointException {
    if (count > Long.BYTES) {
      throw origin.refuse(
          "has an integer of "
              + count
              + " bytes at byte "
              + position()
              + "; integers of up to 8 are read");
    }
    require(count);
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= Byte.toUnsignedLong(bytes.get()) << (8 * i);
    }
    int unused = Long.SIZE - 8 * count;
    return count == 0 ? 0 : value << unused >> unused;
  }

  double bigEndianDouble() throws CheckpointException {
    require(Double.BYTES);
    return Double.longBitsToDouble(Long.reverseBytes(bytes.getLong()));
  }

  String utf8(long count) throws CheckpointException {
    require(count);
    int start = bytes.position();
    bytes.position(start + (int) count);
    try {
      return Utf8.decode(bytes, start, (int) count);
    } catch (CharacterCodingException e) {
      throw origin.refuse("has a string before byte " + position() + " that is not UTF-8", e);
    }
  }

  /** A line with a Python name; what else a line could hold would only make messages unreadable. */
  String nameLine() throws CheckpointException {
    var name = new StringBuilder();
    for (int c = unsignedByte(); c != '\n'; c = unsignedByte()) {
      boolean valid = c == '.' || c == '_' || (c < 0x80 && Character.isLetterOrDigit(c));
      if (!valid || name.length() == MAX_NAME_LENGTH) {
        throw origin.refuse("has something that is not a Python name at byte " + position());
      }
      name.append((char) c);
    }
    return name.toString();
  }

  private void require(long count) throws CheckpointException {
    if (count > bytes.remaining()) {
      throw origin.refuse(
          "needs "
              + count
              + " bytes at byte "
              + position()
              + " but has "
              + bytes.remaining()
              + " left; it is truncated or damaged");
    }
  }
}
