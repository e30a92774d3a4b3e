package dev.lanewise.bench.report;

import java.util.Collections;
import java.util.List;

/** A table in Markdown: the first column to the left, the others to the right. */
public final class Table {
  private final StringBuilder text = new StringBuilder();

  /**
   * @param header the columns' titles
   */
  public Table(List<String> header) {
    row(header);
    text.append("|---").append(String.join("", Collections.nCopies(header.size() - 1, "|---:")));
    text.append("|\n");
  }

  /** Adds a row of as many cells as the header has. */
  public void row(List<String> cells) {
    text.append("| ").append(String.join(" | ", cells.stream().map(Table::escaped).toList()));
    text.append(" |\n");
  }

  private static String escaped(String cell) {
    return cell.replace("|", "\\|").replace("\n", " ");
  }

  /** The table as text. */
  @Override
  public String toString() {
    return text.toString();
  }
}
