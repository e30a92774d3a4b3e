package dev.lanewise.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Numbers as the headers of all formats have them: the lowest byte first, mostly without a sign.
 */
final class LittleEndian {
  private LittleEndian() {}

  /** Bytes whose numbers are to be read. */
  static ByteBuffer of(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Room for some bytes to be written. */
  static ByteBuffer allocate(int count) {
    return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
  }

  static int unsignedShort(ByteBuffer bytes, int at) {
    return Short.toUnsignedInt(bytes.getShort(at));
  }

  static long unsignedInt(ByteBuffer bytes, int at) {
    return Integer.toUnsignedLong(bytes.getInt(at));
  }
}
