package dev.lanewise;

import dev.lanewise.memory.TableArena;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.ValueLayout;

/** Two tables from two arenas, in a JVM that {@link MemoryProgramTest} starts. */
final class MemoryProgram {
  private MemoryProgram() {}

  public static void main(String[] args) {
    for (int i = 0; i < 2; i++) {
      try (TableArena arena = TableArena.ofShared()) {
        arena.allocate(100);
        System.out.println(arena);
        Tensor table = Tensor.full(arena, 2, 100_000, 32);
        Tensor second = Tensor.full(arena, 3, 100_000, 32);
        System.out.println(
            table.get(99_999, 31)
                + second.get(0, 0)
                + table.segment().getAtIndex(ValueLayout.JAVA_FLOAT, 5));
        System.out.println(arena.pageKind());
      }
    }
  }
}
