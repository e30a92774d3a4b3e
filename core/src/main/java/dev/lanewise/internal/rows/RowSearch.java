package dev.lanewise.internal.rows;

import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.parallel.Parts;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.ValueLayout;

/**
 * The best k rows of a table for some queries, on operands that are already checked. The rows are
 * divided among threads; what each finds is merged by the order in which no two rows are equal.
 */
public final class RowSearch {
  /** So many queries share a pass over the table, */
  private static final int MOST_QUERIES = 256;

  /** if they have no more candidates, and no more columns, than this. */
  private static final int MOST_NUMBERS = 1 << 22;

  /** A thread is not worth asking for less of the table: some ten microseconds' reading. */
  private static final long ELEMENTS_WORTH_A_THREAD = 1 << 17;

  private static final ScratchPool<QueryBatch> QUERIES = new ScratchPool<>(QueryBatch::new);

  private final RowTable table;
  private final int k;
  private final Parallelism parallelism;
  private final ScratchPool<SimilarityScan> scans;

  /** A search in a table. */
  public RowSearch(RowTable table, int k, Parallelism parallelism) {
    this.table = table;
    this.k = k;
    this.parallelism = parallelism;
    this.scans = new ScratchPool<>(() -> new SimilarityScan(table));
  }

  /** What a stored score becomes, given the square of its query's norm. */
  public interface Finish {
    /** The score that is given out. */
    float score(float stored, double squaredNorm);
  }

  /** How many threads take part. */
  public int parts() {
    long elements = table.rowCount() * Math.max(1, table.width());
    return Math.clamp(elements / ELEMENTS_WORTH_A_THREAD, 1, parallelism.width());
  }

  /**
   * Finds rows.
   *
   * @param queries [width] or [queries, width]
   * @param rows where row numbers go, [k] or [queries, k]
   * @param scores where scores go, in the same shape
   * @param finish what a score becomes
   */
  public void run(Tensor queries, Tensor rows, Tensor scores, Finish finish) {
    long count = queries.rank() == 1 ? 1 : queries.size(0);
    int most = Math.clamp(MOST_NUMBERS / Math.max(k, Math.max(1, table.width())), 1, MOST_QUERIES);
    QueryBatch batch = QUERIES.take();
    try {
      for (long first = 0; first < count; first += most) {
        int together = (int) Math.min(most, count - first);
        batch.load(queries, first, together, together == 1 && SimilarityScan.comparesOne(table));
        SimilarityScan found = search(batch);
        write(found.candidates(), batch, first, rows, scores, finish);
        scans.giveBack(found);
      }
    } finally {
      QUERIES.giveBack(batch);
    }
  }

  private SimilarityScan search(QueryBatch batch) {
    int parts = parts();
    if (parts == 1) {
      SimilarityScan scan = scans.take();
      scan.run(batch, k, 0, table.rowCount());
      return scan;
    }
    long rows = table.rowCount();
    SimilarityScan[] found = new SimilarityScan[parts];
    Parts.run(
        parallelism,
        parts,
        part -> {
          SimilarityScan scan = scans.take();
          scan.run(batch, k, Parts.start(rows, part, parts), Parts.start(rows, part + 1, parts));
          found[part] = scan;
        });
    for (int part = 1; part < parts; part++) {
      found[0].candidates().offerAll(found[part].candidates(), batch.count());
      scans.giveBack(found[part]);
    }
    return found[0];
  }

  private void write(
      Candidates candidates,
      QueryBatch batch,
      long first,
      Tensor rows,
      Tensor scores,
      Finish finish) {
    for (int query = 0; query < batch.count(); query++) {
      candidates.sort(query);
      double squaredNorm = batch.squaredNorm(query);
      for (int i = 0; i < k; i++) {
        rows.segment()
            .set(
                ValueLayout.JAVA_LONG_UNALIGNED,
                rows.offsetBytes() + place(rows, first + query, i) * Long.BYTES,
                candidates.row(query, i));
        scores
            .segment()
            .set(
                ValueLayout.JAVA_FLOAT_UNALIGNED,
                scores.offsetBytes() + place(scores, first + query, i) * Float.BYTES,
                finish.score(candidates.score(query, i), squaredNorm));
      }
    }
  }

  private static long place(Tensor out, long query, int i) {
    return (out.rank() == 1 ? 0 : query * out.stride(0)) + i * out.stride(-1);
  }
}
