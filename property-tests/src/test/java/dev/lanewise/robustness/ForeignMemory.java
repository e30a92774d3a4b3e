package dev.lanewise.robustness;

import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * What no other thread may use: a confined arena, never closed, of a thread that has ended.
 *
 * @param arena the arena
 * @param tensors from it, of sizes that the others have
 */
record ForeignMemory(Arena arena, List<Tensor> tensors) {
  static ForeignMemory make() {
    CompletableFuture<ForeignMemory> made = new CompletableFuture<>();
    new Thread(
            () -> {
              Arena arena = Arena.ofConfined();
              made.complete(
                  new ForeignMemory(
                      arena, List.of(Tensor.zeros(arena, 2, 3), Tensor.zeros(arena, 4, 3))));
            })
        .start();
    return made.join();
  }
}
