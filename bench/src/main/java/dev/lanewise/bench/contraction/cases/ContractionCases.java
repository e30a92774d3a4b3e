package dev.lanewise.bench.contraction.cases;

import static dev.lanewise.bench.contraction.cases.Layout.dense;
import static dev.lanewise.bench.contraction.cases.Layout.everySecond;
import static dev.lanewise.bench.contraction.cases.Layout.transposed;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The cases, all of them: what a report has rows for. */
public final class ContractionCases {
  private static final List<ContractionCase> ALL = table();

  private ContractionCases() {}

  /** All cases, in the report's order. */
  public static List<ContractionCase> all() {
    return ALL;
  }

  private static List<ContractionCase> table() {
    Rows rows = new Rows();

    rows.group("squares");
    for (int n : new int[] {4, 8, 16, 32, 48, 64, 96, 128, 256, 384, 512, 768, 1024, 2048}) {
      rows.product("n" + n, n, n, n);
    }

    rows.group("shapes");
    rows.product("5x3x1", 5, 3, 1);
    rows.product("5x10x1", 5, 10, 1);
    rows.product("1x128x10", 1, 128, 10);
    rows.product("1x768x768", 1, 768, 768);
    rows.product("32x768x768", 32, 768, 768);
    rows.product("128x768x3072", 128, 768, 3072);
    rows.product("1024x128x1024", 1024, 128, 1024);
    rows.product("1000x1x1000", 1000, 1, 1000);
    rows.product("3000x17x5", 3000, 17, 5);
    rows.add("matvec", "ik,k->i", dense(1000), dense(1000, 768), dense(768));
    rows.add("dot", "k,k->", dense(), dense(100_000), dense(100_000));

    rows.group("fixed order");
    rows.product("1x100000x1", 1, 100_000, 1);
    rows.product("1000x768x1", 1000, 768, 1);

    rows.group("linear");
    for (int outputs : new int[] {768, 3072}) {
      for (int batch : new int[] {1, 8, 64}) {
        rows.add(
            "linear" + batch + "x768x" + outputs,
            "ik,jk->ij",
            dense(batch, outputs),
            Operand.variable(dense(batch, 768)),
            Operand.constant(dense(outputs, 768)));
      }
    }

    rows.group("layouts");
    for (int n : new int[] {37, 256, 1000}) {
      rows.baseline("");
      rows.product("plain" + n, n, n, n);
      rows.baseline("plain" + n);
      rows.add("aT" + n, "ik,kj->ij", dense(n, n), transposed(n, n), dense(n, n));
      rows.add("bT" + n, "ik,kj->ij", dense(n, n), dense(n, n), transposed(n, n));
      rows.add("abT" + n, "ik,kj->ij", dense(n, n), transposed(n, n), transposed(n, n));
      rows.add("cT" + n, "ik,kj->ij", transposed(n, n), dense(n, n), dense(n, n));
      rows.add("strided" + n, "ik,kj->ij", everySecond(n, n), everySecond(n, n), everySecond(n, n));
    }

    rows.baseline("");
    rows.group("einsum");
    rows.add("bmm", "bij,bjk->bik", dense(32, 64, 64), dense(32, 64, 64), dense(32, 64, 64));
    rows.add(
        "scores",
        "bhqd,bhkd->bhqk",
        dense(8, 12, 128, 128),
        dense(8, 12, 128, 64),
        dense(8, 12, 128, 64));
    rows.add(
        "interleaved",
        "bqhd,bkhd->bhqk",
        dense(8, 12, 128, 128),
        dense(8, 128, 12, 64),
        dense(8, 128, 12, 64));
    rows.add("ijk,jil", "ijk,jil->kl", dense(64, 64), dense(64, 64, 64), dense(64, 64, 64));
    rows.add(
        "abcd,dcef",
        "abcd,dcef->abef",
        dense(24, 24, 24, 24),
        dense(24, 24, 24, 24),
        dense(24, 24, 24, 24));
    rows.add("outer", "i,j->ij", dense(1024, 1024), dense(1024), dense(1024));
    rows.add("trace", "ii->", dense(), dense(1024, 1024));
    rows.add("transpose", "ij->ji", dense(1024, 1024), dense(1024, 1024));
    rows.add("rowdots", "Nc,Nc->N", dense(65_536), dense(65_536, 64), dense(65_536, 64));
    rows.add("batchmatvec", "bij,bj->bi", dense(32, 256), dense(32, 256, 256), dense(32, 256));
    rows.add("chain4", "ab,bc,cd,de->ae", dense(10, 300), chain(10, 500, 20, 400, 300));
    rows.add("chain5", "ab,bc,cd,de,ef->af", dense(30, 250), chain(30, 350, 150, 50, 100, 250));
    rows.add(
        "chain6",
        "ab,bc,cd,de,ef,fg->ag",
        dense(300, 250),
        chain(300, 350, 150, 50, 100, 200, 250));

    // From memory, and so that rows and columns of the matrix are of a size.
    rows.group("reductions");
    rows.add("rowsums", "ij->i", dense(4096), dense(4096, 4096));
    rows.add("columnsums", "ij->j", dense(4096), dense(4096, 4096));
    rows.add("bigmatvec", "ij,j->i", dense(4096), dense(4096, 4096), dense(4096));
    rows.add("bigvecmat", "ij,i->j", dense(4096), dense(4096, 4096), dense(4096));
    rows.add("rowproducts", "ij,ij->i", dense(4096), dense(4096, 4096), dense(4096, 4096));
    rows.add("columnproducts", "ij,ij->j", dense(4096), dense(4096, 4096), dense(4096, 4096));

    // From memory: a tall matrix that meets one row, or 32.
    rows.group("tall");
    rows.add("one64", "ik,jk->ij", dense(1, 500_000), dense(1, 64), dense(500_000, 64));
    for (int k : new int[] {64, 128, 256}) {
      int m = 32_000_000 / k;
      rows.add("tall" + k, "ik,jk->ij", dense(m, 32), dense(m, k), dense(32, k));
    }

    rows.group("threads");
    rows.threads(2);
    for (int n : new int[] {512, 1024, 2048}) {
      rows.baseline("n" + n);
      rows.product("two-threads" + n, n, n, n);
    }
    rows.threads(1);
    rows.baseline("");

    rows.group("lookup");
    rows.add(
        "lookup",
        "ik,kj->ij",
        dense(65_536, 16),
        Operand.lookedUp(65_536, 64, 1_000_000),
        Operand.variable(dense(64, 16)));
    return List.copyOf(rows.cases);
  }

  private static Layout[] chain(int... sizes) {
    Layout[] matrices = new Layout[sizes.length - 1];
    Arrays.setAll(matrices, i -> dense(sizes[i], sizes[i + 1]));
    return matrices;
  }

  /** The table as it is written down. */
  private static final class Rows {
    private final List<ContractionCase> cases = new ArrayList<>();
    private String group = "";
    private String baseline = "";
    private int threads = 1;

    void group(String next) {
      group = next;
    }

    /** The cases from here on are variants of another; of none, if its name is empty. */
    void baseline(String name) {
      baseline = name;
    }

    void threads(int count) {
      threads = count;
    }

    /** A plain product of dense matrices, m x k times k x n. */
    void product(String name, int m, int k, int n) {
      add(name, "ik,kj->ij", dense(m, n), dense(m, k), dense(k, n));
    }

    void add(String name, String equation, Layout output, Layout... operands) {
      Operand[] variables = Arrays.stream(operands).map(Operand::variable).toArray(Operand[]::new);
      add(name, equation, output, variables);
    }

    void add(String name, String equation, Layout output, Operand... operands) {
      cases.add(
          new ContractionCase(group, name, equation, List.of(operands), output, threads, baseline));
    }
  }
}
