package dev.lanewise.examples;

import dev.lanewise.checkpoint.MappedTable;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.memory.Lease;
import dev.lanewise.memory.Replaceable;
import dev.lanewise.memory.TableArena;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A table that is served by many threads while a new version of it arrives as a file: requests see
 * the old rows or the new ones, and the old memory goes when the last of them has left it.
 */
public final class LiveTable {
  private static final int ROWS = 100_000;
  private static final int DIM = 32;
  private static final int THREADS = 4;

  private LiveTable() {}

  /**
   * Serves, replaces, stops.
   *
   * @param args not used
   * @throws IOException if the file cannot be written
   */
  public static void main(String[] args) throws IOException {
    Path file = Files.createTempDirectory("live-table").resolve("table.npy");
    TableArena first = TableArena.ofShared();
    System.out.println("the first version's memory: " + first.description());
    var embedding = Embedding.fromPretrained(Tensor.full(first, 1, ROWS, DIM));

    List<Future<Long>> served = new ArrayList<>();
    // The pool's end, which waits for its threads, comes first.
    try (var live = new Replaceable<>(embedding, first);
        ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
      for (int thread = 0; thread < THREADS; thread++) {
        served.add(pool.submit(() -> serve(live)));
      }

      // Another process would do this: any npy file is good, and it may be larger than RAM.
      try (Arena writing = Arena.ofConfined()) {
        MappedTable.create(file, writing, DType.FLOAT32, Shape.of(ROWS, DIM)).fill(2);
      }
      TableArena second = TableArena.ofShared();
      Tensor mapped = MappedTable.openReadOnly(file, second, DType.FLOAT32);
      live.replace(Embedding.fromPretrained(mapped), second).join();
      System.out.println("the first version's memory is open: " + first.scope().isAlive());
    }
    for (Future<Long> each : served) {
      System.out.println("requests served by a thread until the end: " + each.resultNow());
    }
    Files.delete(file);
    Files.delete(file.getParent());
  }

  /** Answers requests until it sees the second version. */
  private static long serve(Replaceable<Embedding> live) {
    try (Arena arena = Arena.ofConfined()) {
      int[] ids = {7, 99_999, 50_000};
      Tensor rows = Tensor.zeros(arena, ids.length, DIM);
      long requests = 0;
      while (rows.get(0, 0) < 2) {
        try (Lease<Embedding> lease = live.acquire()) {
          lease.value().forward(ids, rows);
        }
        requests++;
      }
      return requests;
    }
  }
}
