package dev.lanewise.jit;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;

/**
 * What a user's own program may do with segments on the heap. Accesses to memory are virtual calls
 * that all of the JVM's code shares: kernels that are compiled afterwards find in their profile
 * that segments are of two kinds.
 */
final class HeapSegments {
  /** More than make C1's code count what it sees, which is what C2 goes by. */
  private static final int TIMES = 2000;

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private HeapSegments() {}

  static void use() {
    MemorySegment segment = MemorySegment.ofArray(new byte[64]);
    for (int time = 0; time < TIMES; time++) {
      access(segment);
    }
  }

  private static void access(MemorySegment segment) {
    FloatVector.fromMemorySegment(FloatVector.SPECIES_PREFERRED, segment, 0, ORDER)
        .intoMemorySegment(segment, 0, ORDER);
    DoubleVector.fromMemorySegment(DoubleVector.SPECIES_PREFERRED, segment, 0, ORDER)
        .intoMemorySegment(segment, 0, ORDER);
    IntVector.fromMemorySegment(IntVector.SPECIES_PREFERRED, segment, 0, ORDER)
        .intoMemorySegment(segment, 0, ORDER);
    LongVector.fromMemorySegment(LongVector.SPECIES_PREFERRED, segment, 0, ORDER)
        .intoMemorySegment(segment, 0, ORDER);
    ShortVector.fromMemorySegment(ShortVector.SPECIES_PREFERRED, segment, 0, ORDER)
        .intoMemorySegment(segment, 0, ORDER);
    ByteVector.fromMemorySegment(ByteVector.SPECIES_PREFERRED, segment, 0, ORDER)
        .intoMemorySegment(segment, 0, ORDER);
    segment.set(
        ValueLayout.JAVA_FLOAT_UNALIGNED, 0, segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0));
    segment.set(
        ValueLayout.JAVA_DOUBLE_UNALIGNED, 0, segment.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 0));
    segment.set(
        ValueLayout.JAVA_LONG_UNALIGNED, 0, segment.get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
    segment.set(ValueLayout.JAVA_INT_UNALIGNED, 0, segment.get(ValueLayout.JAVA_INT_UNALIGNED, 0));
    segment.set(
        ValueLayout.JAVA_SHORT_UNALIGNED, 0, segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, 0));
    segment.set(ValueLayout.JAVA_BYTE, 0, segment.get(ValueLayout.JAVA_BYTE, 0));
  }
}
