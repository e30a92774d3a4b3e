package dev.lanewise.bench.contraction.cases;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A case's numbers, in native memory that all engines share: the same ones for every engine. What
 * lies between the elements of a strided operand is NaN, so that an engine that reads it is caught.
 */
public final class Data {
  /** A cache line, and the widest vector. */
  public static final long ALIGNMENT = 64;

  private static final long SEED = 42;

  private final List<MemorySegment> operands = new ArrayList<>();
  private final MemorySegment output;
  private final MemorySegment table;
  private final int[] indices;

  private Data(ContractionCase contraction, Arena arena) {
    SplittableRandom random = new SplittableRandom(SEED);
    MemorySegment lookupTable = MemorySegment.NULL;
    int[] rows = {};
    for (Operand operand : contraction.operands()) {
      if (operand.source() == Operand.Source.LOOKED_UP) {
        int[] sizes = operand.layout().sizes();
        Layout tableLayout = Layout.dense(operand.tableRows(), sizes[1]);
        lookupTable = filled(arena, tableLayout, random);
        rows = random.ints(sizes[0], 0, operand.tableRows()).toArray();
        operands.add(looked(arena, lookupTable, rows, sizes[1]));
      } else {
        operands.add(filled(arena, operand.layout(), random));
      }
    }
    this.table = lookupTable;
    this.indices = rows;
    this.output = allocated(arena, contraction.output());
  }

  /**
   * Makes the numbers of a case.
   *
   * @param arena what frees them
   */
  public static Data of(ContractionCase contraction, Arena arena) {
    return new Data(contraction, arena);
  }

  /** The memory of an operand; of a looked-up one, the rows that belong there. */
  public MemorySegment operand(int number) {
    return operands.get(number);
  }

  /** The memory of the result. */
  public MemorySegment output() {
    return output;
  }

  /** The table of the looked-up operand, row by row; empty if there is none. */
  public MemorySegment table() {
    return table;
  }

  /** The rows that are looked up; empty if there are none. */
  public int[] indices() {
    return indices;
  }

  /** Fills the result's memory with NaN. */
  public void poisonOutput() {
    poison(output);
  }

  private static MemorySegment looked(Arena arena, MemorySegment table, int[] rows, int columns) {
    MemorySegment result = allocated(arena, Layout.dense(rows.length, columns));
    long rowBytes = (long) columns * Float.BYTES;
    for (int row = 0; row < rows.length; row++) {
      MemorySegment.copy(table, rows[row] * rowBytes, result, row * rowBytes, rowBytes);
    }
    return result;
  }

  private static MemorySegment filled(Arena arena, Layout layout, SplittableRandom random) {
    MemorySegment memory = allocated(arena, layout);
    poison(memory);
    new Odometer(layout)
        .forEach(offset ->
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, offset, (float) random.nextDouble(-1, 1)));
    return memory;
  }

  private static MemorySegment allocated(Arena arena, Layout layout) {
    return arena.allocate((long) layout.storageCount() * Float.BYTES, ALIGNMENT);
  }

  private static void poison(MemorySegment memory) {
    for (long i = 0; i < memory.byteSize() / Float.BYTES; i++) {
      memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, Float.NaN);
    }
  }
}
