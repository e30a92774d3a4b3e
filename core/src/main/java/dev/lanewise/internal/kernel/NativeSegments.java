package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;

/**
 * What kernels let C2 know of the segments that they are given.
 *
 * <p>The JDK's accesses to memory are virtual calls on the segment, and what kinds of segments they
 * were made on is one profile for the whole process. Where it has seen segments on the heap too (of
 * a user's own, or of a vector that was reinterpreted before that was compiled), each access of a
 * kernel asks which kind it is: a method has several times the nodes, and of the large ones C2 then
 * boxed vectors. A cast to the class of native segments, mapped ones included, leaves nothing to
 * ask. Kernels need their memory to be native: an array would be moved.
 */
public final class NativeSegments {
  private static final Class<? extends MemorySegment> TYPE = MemorySegment.NULL.getClass();

  /** Slices made ahead, in rounds between which the compilers get their turn. */
  private static final int ROUNDS = 10;

  private static final int SLICES_A_ROUND = 500;

  private static final long PAUSE_NANOS = 100_000;

  private NativeSegments() {}

  /**
   * Makes slices until the JVM has a profile of the methods that make them; before any kernel runs.
   * A kernel with a long loop makes so few that C2 may compile it when it has none of them yet: it
   * does not inline them then, and each slice is an object.
   */
  public static void profileSlices() {
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < SLICES_A_ROUND; i++) {
        if (MemorySegment.NULL.asSlice(0, 0).byteSize() != 0) {
          throw new AssertionError("a slice of nothing has a size");
        }
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  /**
   * The segment itself, of which C2 then knows that it is of no subclass: where it {@linkplain
   * #profileSlices inlines} the making of slices they are never allocated, whatever kinds of
   * segments a program uses.
   *
   * @throws ClassCastException if it is mapped, or not native
   */
  public static MemorySegment plain(MemorySegment segment) {
    if (segment.getClass() != TYPE) {
      throw new ClassCastException("not a plain native segment: " + segment);
    }
    return segment;
  }

  /**
   * The segment itself.
   *
   * @throws ClassCastException if it is not native
   */
  public static MemorySegment known(MemorySegment segment) {
    return TYPE.cast(segment);
  }
}
