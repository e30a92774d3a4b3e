package dev.lanewise.memory;

import dev.lanewise.internal.memory.NativeMapping;
import dev.lanewise.internal.memory.PageSupport;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * An arena for tables: memory aligned to 64 bytes, large memory on huge pages where the system
 * gives them. It is an {@link Arena}, so every factory here takes it:
 *
 * <pre>{@code
 * try (TableArena arena = TableArena.ofShared()) {
 *   Embedding embedding = Embedding.randn(arena, random, 4_000_000, 128);   // 2 GiB, 1,000 pages
 *   ...
 * }
 * }</pre>
 *
 * <p><b>Why.</b> A random row of a table of gigabytes misses the processor's cache of address
 * translations almost every time; with pages of 2 MiB it does so less often. See docs/adr/0011 for
 * what was measured.
 *
 * <p><b>Large</b> are allocations of at least {@link #largeBytes()}. They are mapped from the
 * system one by one, aligned to a huge page and rounded up to whole ones, and the wish for huge
 * pages is made before anything has touched the memory (Linux: {@code mmap}, {@code
 * madvise(MADV_HUGEPAGE)}). They are zero without having been zeroed: memory becomes the process's
 * page by page when it is first written, so a huge table costs nothing until it is filled. Smaller
 * allocations come from an ordinary arena.
 *
 * <p><b>Where it does not work</b> (another system than 64-bit Linux, native access not enabled
 * with {@code --enable-native-access=dev.lanewise.core}, or {@code =ALL-UNNAMED} on the class path;
 * transparent huge pages switched off), all memory is ordinary memory, aligned to 64 bytes. The
 * first large allocation of a process then logs one line that says why and what would help; {@link
 * #description} says it too. Nothing here makes the JVM print a warning of its own.
 *
 * <p><b>Lifetime and threads</b> are those of the JDK's arenas: {@link #ofConfined} belongs to its
 * thread, {@link #ofShared} to all threads until one closes it, {@link #ofAuto} to all and to the
 * garbage collector. Closing gives memory back to the system; whoever uses it later, even in the
 * middle of a lookup, gets an {@link IllegalStateException}. To close a table that others still
 * read, see {@link Replaceable}.
 *
 * <p>Source: Linux's <a
 * href="https://docs.kernel.org/admin-guide/mm/transhuge.html">Documentation/admin-guide/mm/transhuge.rst</a>.
 */
public final class TableArena implements Arena {
  private static final long ALIGNMENT_BYTES = 64;

  /** Rounding up to a huge page then adds a quarter at most. */
  private static final int LEAST_HUGE_PAGES = 4;

  private static final AtomicBoolean LOGGED = new AtomicBoolean();

  private final Arena arena;
  private final PageSupport support = PageSupport.system();
  private volatile @Nullable String shortfall;

  private TableArena(Arena arena) {
    this.arena = arena;
  }

  /**
   * An arena of the current thread, which alone may use its memory and close it.
   *
   * @return a new arena
   */
  @SuppressWarnings("MustBeClosedChecker") // Its owner is to close the one that is made of it.
  public static TableArena ofConfined() {
    return new TableArena(Arena.ofConfined());
  }

  /**
   * An arena that any thread may use and close.
   *
   * @return a new arena
   */
  @SuppressWarnings("MustBeClosedChecker") // Its owner is to close the one that is made of it.
  public static TableArena ofShared() {
    return new TableArena(Arena.ofShared());
  }

  /**
   * An arena that any thread may use, whose memory is given back some time after nothing refers to
   * it any more. It cannot be closed. The collector does not see how much memory that is.
   *
   * @return a new arena
   */
  public static TableArena ofAuto() {
    return new TableArena(Arena.ofAuto());
  }

  /**
   * Memory that is zero, aligned to at least 64 bytes, and to a huge page if it is large.
   *
   * @param byteSize how much, at least 0
   * @param byteAlignment a power of two
   * @return the memory, which lives as long as this arena
   * @throws IllegalArgumentException if the size is negative or the alignment no power of two
   * @throws IllegalStateException if the arena is closed
   * @throws WrongThreadException if it is another thread's
   * @throws OutOfMemoryError if the system has not that much; the message has the size
   */
  @Override
  public MemorySegment allocate(long byteSize, long byteAlignment) {
    if (byteSize < largeBytes() || byteAlignment < 1 || Long.bitCount(byteAlignment) != 1) {
      return ordinary(byteSize, byteAlignment);
    }
    if (!support.mappable()) {
      log();
      return ordinary(byteSize, byteAlignment);
    }
    NativeMapping mapping =
        NativeMapping.map(arena, byteSize, Math.max(support.hugePageBytes(), byteAlignment));
    if (mapping.shortfall() != null) {
      shortfall = mapping.shortfall();
    }
    if (pageKind() == PageKind.ORDINARY) {
      log();
    }
    return mapping.segment();
  }

  private MemorySegment ordinary(long byteSize, long byteAlignment) {
    try {
      return arena.allocate(byteSize, byteAlignment < 1 ? byteAlignment : atLeast(byteAlignment));
    } catch (OutOfMemoryError e) {
      var failure =
          new OutOfMemoryError("cannot allocate " + byteSize + " bytes: " + e.getMessage());
      failure.initCause(e);
      throw failure;
    }
  }

  private static long atLeast(long byteAlignment) {
    // A number that is no power of two is left for the arena to refuse.
    return Long.bitCount(byteAlignment) == 1
        ? Math.max(byteAlignment, ALIGNMENT_BYTES)
        : byteAlignment;
  }

  private void log() {
    if (LOGGED.compareAndSet(false, true)) {
      Level level = support.expected() && shortfall == null ? Level.INFO : Level.WARNING;
      System.getLogger("dev.lanewise").log(level, "Lanewise''s tables: {0}", description());
    }
  }

  /**
   * From which size on memory is mapped by itself.
   *
   * @return bytes: four huge pages, 8 MiB on most machines, so that rounding up to whole pages adds
   *     a quarter at most
   */
  public long largeBytes() {
    return LEAST_HUGE_PAGES * (support.hugePageBytes() == 0 ? 2L << 20 : support.hugePageBytes());
  }

  /**
   * The pages that large allocations of this arena are asked for on. What single pages became is
   * known to the system only: {@link PageUse}.
   *
   * @return huge, or ordinary if this process cannot have others or the system refused them
   */
  public PageKind pageKind() {
    return support.granted() && shortfall == null ? PageKind.HUGE : PageKind.ORDINARY;
  }

  /**
   * The pages that large allocations get, and why.
   *
   * @return for example {@code ordinary pages, because native access is not enabled; start java
   *     with --enable-native-access=dev.lanewise.core}
   */
  public String description() {
    String refused = shortfall;
    if (refused != null) {
      return "ordinary pages, because " + refused;
    }
    return support.granted()
        ? "pages of "
            + (support.hugePageBytes() >> 10)
            + " KiB from "
            + largeBytes()
            + " bytes on, because "
            + support.reason()
        : "ordinary pages, because " + support.reason();
  }

  @Override
  public MemorySegment.Scope scope() {
    return arena.scope();
  }

  /**
   * Ends the life of all memory of this arena and gives it back.
   *
   * @throws IllegalStateException if the arena is closed
   * @throws WrongThreadException if it is another thread's
   * @throws UnsupportedOperationException if it is {@link #ofAuto}
   */
  @Override
  public void close() {
    arena.close();
  }

  /**
   * The same as {@link #description}.
   *
   * @return {@code TableArena} and the description
   */
  @Override
  public String toString() {
    return "TableArena(" + description() + ")";
  }
}
