package dev.lanewise.internal.memory;

import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Memory that is mapped from the system and belongs to nothing but an arena: zero, because the
 * system gives it so, and not touched, so that its pages can still become huge ones. The functions
 * of the C library that this takes are called through {@link Linker}; they are in every process, so
 * nothing is loaded. Only where {@link PageSupport#mappable}.
 *
 * @param segment the memory, which ends with its arena
 * @param shortfall why huge pages cannot be expected; null if they can
 */
public record NativeMapping(MemorySegment segment, @Nullable String shortfall) {
  // The same on all 64-bit Linux that there is a JDK 25 for.
  private static final int PROT_READ_WRITE = 0x1 | 0x2;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;
  private static final int MADV_HUGEPAGE = 14;
  private static final int NO_FILE = -1;
  private static final long MAP_FAILED = -1;

  /**
   * Maps memory.
   *
   * @param owner whose closing ends it
   * @param bytes how much, at least 1
   * @param alignment a power of two, at least a page
   * @throws OutOfMemoryError if the system has none, saying how much was wanted
   * @throws IllegalStateException if the arena is closed
   * @throws WrongThreadException if it is confined to another thread
   */
  @SuppressWarnings("restricted") // Where native access is enabled, this is no risk of a warning.
  public static NativeMapping map(Arena owner, long bytes, long alignment) {
    // Rounded up, so that the last page is a huge one as well. What lies in front of and behind
    // the aligned part is never touched and so takes addresses only, no memory.
    long length = roundUp(bytes, alignment);
    long mapped = length + alignment;
    if (length <= 0 || mapped <= 0) {
      throw outOfMemory(bytes, "that is more than an address space");
    }
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment errno = scratch.allocate(C.STATE);
      long start = C.mmap(errno, mapped);
      if (start == MAP_FAILED) {
        throw outOfMemory(bytes, C.reason("mmap", errno));
      }
      boolean advised = C.madvise(errno, start, mapped);
      String shortfall = advised ? null : C.reason("madvise", errno);
      long skipped = roundUp(start, alignment) - start;
      return new NativeMapping(
          owned(owner, start, mapped).asSlice(skipped, bytes, alignment), shortfall);
    }
  }

  @SuppressWarnings("restricted")
  private static MemorySegment owned(Arena owner, long address, long length) {
    // A closed arena gives the memory back itself, in this JDK. The addresses may be somebody
    // else's once they are given back: never twice.
    var given = new AtomicBoolean();
    Runnable giveBack =
        () -> {
          if (given.compareAndSet(false, true)) {
            giveBack(address, length);
          }
        };
    try {
      return MemorySegment.ofAddress(address).reinterpret(length, owner, mapped -> giveBack.run());
    } catch (Throwable e) {
      giveBack.run();
      throw e;
    }
  }

  private static void giveBack(long address, long length) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment errno = scratch.allocate(C.STATE);
      if (!C.munmap(errno, address, length)) {
        System.getLogger("dev.lanewise")
            .log(
                Level.WARNING,
                "{0} bytes of a table could not be given back: {1}",
                Long.toString(length),
                C.reason("munmap", errno));
      }
    }
  }

  /** Overflows to what is not positive. */
  private static long roundUp(long value, long alignment) {
    return (value + alignment - 1) & -alignment;
  }

  private static OutOfMemoryError outOfMemory(long bytes, String reason) {
    return new OutOfMemoryError("cannot map " + bytes + " bytes: " + reason);
  }

  /** The functions of the C library; see their manual pages. */
  @SuppressWarnings("restricted")
  private static final class C {
    static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
        STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final int ENOMEM = 12;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MMAP =
        function(
            "mmap",
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG));
    private static final MethodHandle MUNMAP =
        function(
            "munmap",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle MADVISE =
        function(
            "madvise",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));

    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
      return LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow(name),
          descriptor,
          Linker.Option.captureCallState("errno"));
    }

    /** Zeroed memory somewhere, or {@link #MAP_FAILED}. */
    static long mmap(MemorySegment errno, long length) {
      try {
        return (long)
            MMAP.invokeExact(
                errno, 0L, length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, NO_FILE, 0L);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    /** Whether the memory was given back. */
    static boolean munmap(MemorySegment errno, long address, long length) {
      try {
        return (int) MUNMAP.invokeExact(errno, address, length) == 0;
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    /** Whether the kernel took the wish for huge pages. */
    static boolean madvise(MemorySegment errno, long address, long length) {
      try {
        return (int) MADVISE.invokeExact(errno, address, length, MADV_HUGEPAGE) == 0;
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    static String reason(String function, MemorySegment state) {
      int errno = (int) ERRNO.get(state, 0L);
      return function
          + " failed with errno "
          + errno
          + (errno == ENOMEM ? " (not enough memory)" : "");
    }
  }
}
