package dev.lanewise.verification;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A run of float32 or float64 numbers in native memory, at any byte offset, between sentinels: an
 * operand or an output of a kernel that takes segments and offsets. A kernel that writes before or
 * behind its output is found by {@link #assertGuardsUnchanged}, one that leaves elements out by
 * poison.
 */
public final class GuardedRun {
  private static final int GUARD_BYTES = 256;
  private static final byte SENTINEL = (byte) 0xa5;

  private final FloatFormat format;
  private final MemorySegment segment;
  private final long offsetBytes;
  private final int length;

  private GuardedRun(Arena arena, FloatFormat format, int length, int misalignmentBytes) {
    this.format = format;
    this.length = length;
    this.offsetBytes = (long) GUARD_BYTES + misalignmentBytes;
    this.segment = arena.allocate(offsetBytes(length) + GUARD_BYTES, 64);
    segment.fill(SENTINEL);
  }

  private long offsetBytes(int index) {
    return offsetBytes + (long) index * format.sizeBytes();
  }

  /**
   * A run of float32 numbers that holds values.
   *
   * @param arena whose memory it is
   * @param values the numbers, copied
   * @param misalignmentBytes how far the first number is from an address that is a multiple of 64;
   *     any number from 0 to 63
   * @return the run
   */
  public static GuardedRun of(Arena arena, float[] values, int misalignmentBytes) {
    double[] numbers = new double[values.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = values[i];
    }
    return of(arena, FloatFormat.BINARY32, numbers, misalignmentBytes);
  }

  /**
   * A run that holds values.
   *
   * @param arena whose memory it is
   * @param format what the numbers are stored as
   * @param values the numbers, copied
   * @param misalignmentBytes how far the first number is from an address that is a multiple of 64;
   *     any number from 0 to 63
   * @return the run
   */
  public static GuardedRun of(
      Arena arena, FloatFormat format, double[] values, int misalignmentBytes) {
    GuardedRun run = new GuardedRun(arena, format, values.length, misalignmentBytes);
    for (int i = 0; i < values.length; i++) {
      format.set(run.segment, run.offsetBytes(i), values[i]);
    }
    return run;
  }

  /**
   * A run of float32 numbers for an output that must be written as a whole, holding NaN everywhere.
   *
   * @param arena whose memory it is
   * @param length the numbers
   * @param misalignmentBytes how far the first number is from an address that is a multiple of 64;
   *     any number from 0 to 63
   * @return the run
   */
  public static GuardedRun poisoned(Arena arena, int length, int misalignmentBytes) {
    return poisoned(arena, FloatFormat.BINARY32, length, misalignmentBytes);
  }

  /**
   * A run for an output that must be written as a whole, holding NaN everywhere.
   *
   * @param arena whose memory it is
   * @param format what the numbers are stored as
   * @param length the numbers
   * @param misalignmentBytes how far the first number is from an address that is a multiple of 64;
   *     any number from 0 to 63
   * @return the run
   */
  public static GuardedRun poisoned(
      Arena arena, FloatFormat format, int length, int misalignmentBytes) {
    double[] poison = new double[length];
    Arrays.fill(poison, Double.NaN);
    return of(arena, format, poison, misalignmentBytes);
  }

  /**
   * The memory, guards included.
   *
   * @return the segment
   */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * Where the first number lies.
   *
   * @return bytes from the segment's start
   */
  public long offsetBytes() {
    return offsetBytes;
  }

  /**
   * The numbers that are there now, as float32.
   *
   * @return a new array
   */
  public float[] values() {
    double[] numbers = numbers();
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) numbers[i];
    }
    return values;
  }

  /**
   * The numbers that are there now.
   *
   * @return a new array
   */
  public double[] numbers() {
    double[] numbers = new double[length];
    for (int i = 0; i < length; i++) {
      numbers[i] = format.get(segment, offsetBytes(i));
    }
    return numbers;
  }

  /**
   * Fails if a byte before or behind the numbers has changed.
   *
   * @param what names the run in the message
   * @throws AssertionError with the place of the first changed byte
   */
  public void assertGuardsUnchanged(String what) {
    long end = offsetBytes(length);
    for (long at = 0; at < segment.byteSize(); at++) {
      boolean guard = at < offsetBytes || at >= end;
      if (guard && segment.get(ValueLayout.JAVA_BYTE, at) != SENTINEL) {
        throw new AssertionError(
            what
                + ": byte "
                + (at < offsetBytes ? at - offsetBytes : at - end)
                + (at < offsetBytes ? " before the start" : " behind the end")
                + " was written");
      }
    }
  }
}
