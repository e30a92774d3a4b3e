package dev.lanewise.bench.report;

import dev.lanewise.bench.engine.Case;
import dev.lanewise.bench.engine.Contender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A suite's page in Markdown, with its charts beside it: what the figures depend on, means of the
 * ratios, and a table for each group of cases.
 *
 * @param <C> the suite's cases
 */
public abstract class Report<C extends Case> {
  private final String suite;
  private final Figures<C> figures;
  private final List<? extends Contender<C, ?>> all;
  private final Facts facts;

  /**
   * @param suite what the files are called
   * @param figures what was measured, and will be
   * @param all the contenders, in order
   * @param facts what the figures depend on
   */
  protected Report(
      String suite, Figures<C> figures, List<? extends Contender<C, ?>> all, Facts facts) {
    this.suite = suite;
    this.figures = figures;
    this.all = all;
    this.facts = facts;
  }

  /** The first lines: a title, and what a reader must know before the figures. */
  protected abstract String introduction();

  /** The line above a group's table. */
  protected abstract String units(String group);

  /** A figure as it stands in a table. */
  protected abstract String cell(Measurement<C> measurement);

  /** The charts beside that of the ratios. */
  protected abstract List<Chart> charts();

  /** What was measured. */
  protected final Figures<C> figures() {
    return figures;
  }

  /**
   * Writes it.
   *
   * @param folder where to
   * @throws IOException if that is impossible
   */
  public final void write(Path folder) throws IOException {
    StringBuilder text = new StringBuilder(introduction()).append("\n\n").append(facts);
    text.append('\n');
    if (figures.contenders(all, figures.cases()).size() > 1) {
      text.append(means());
    }
    List<Chart> charts = new ArrayList<>(charts());
    Chart.ofRatios(figures, suite + "-ratios.svg").ifPresent(charts::add);
    for (Chart chart : charts) {
      chart.write(folder);
      text.append("![%s](%s)\n\n".formatted(chart.title(), chart.fileName()));
    }
    for (String group : figures.groups()) {
      text.append("## ").append(group).append("\n\n");
      text.append(group(group, figures.casesOf(group)));
    }
    Files.writeString(folder.resolve(suite + ".md"), text);
  }

  private String means() {
    List<? extends Contender<C, ?>> others =
        figures.contenders(all, figures.cases()).stream()
            .filter(contender -> !contender.name().equals(Contender.OURS))
            .toList();
    List<String> header = new ArrayList<>(List.of("geometric mean of the ratios", "best peer"));
    others.forEach(other -> header.add(other.name()));
    Table table = new Table(header);
    for (String group : figures.groups()) {
      List<C> cases = figures.casesOf(group);
      List<String> cells = new ArrayList<>();
      cells.add(group);
      cells.add(Formats.ratio(figures.meanRatioToBest(cases)));
      others.forEach(other -> cells.add(Formats.ratio(figures.meanRatioTo(other, cases))));
      table.row(cells);
    }
    return table + "\n";
  }

  private String group(String name, List<C> cases) {
    List<? extends Contender<C, ?>> contenders = figures.contenders(all, cases);
    boolean variants = cases.stream().anyMatch(asked -> !asked.baseline().isEmpty());
    List<String> header = new ArrayList<>(List.of("case"));
    contenders.forEach(contender -> header.add(contender.name()));
    header.addAll(List.of("ratio to best peer", "B/call"));
    Table table = new Table(header);
    for (C asked : cases) {
      table.row(row(asked, contenders));
    }
    return units(name)
        + "\n\n"
        + table
        + "\n"
        + (variants ? variants(cases, contenders) : "")
        + legend(cases);
  }

  private List<String> row(C asked, List<? extends Contender<C, ?>> contenders) {
    List<String> cells = new ArrayList<>(List.of(asked.name()));
    for (Contender<C, ?> contender : contenders) {
      cells.add(figures.of(asked.name(), contender.name()).map(this::marked).orElse(""));
    }
    Optional<Measurement<C>> ours = figures.of(asked.name(), Contender.OURS);
    cells.add(Formats.ratio(ours.map(figures::ratioToBest).orElse(OptionalDouble.empty())));
    cells.add(ours.map(measurement -> "%.0f".formatted(measurement.bytes())).orElse("–"));
    return cells;
  }

  private String marked(Measurement<C> measurement) {
    String text = cell(measurement);
    boolean best = figures.bestPeer(measurement.asked().name()).equals(Optional.of(measurement));
    return best ? "**" + text + "**" : text;
  }

  private String variants(List<C> cases, List<? extends Contender<C, ?>> contenders) {
    List<String> header = new ArrayList<>(List.of("time / that of", ""));
    contenders.forEach(contender -> header.add(contender.name()));
    Table table = new Table(header);
    for (C asked : cases) {
      if (!asked.baseline().isEmpty()) {
        List<String> cells = new ArrayList<>(List.of(asked.name(), asked.baseline()));
        for (Contender<C, ?> contender : contenders) {
          Optional<Measurement<C>> measured = figures.of(asked.name(), contender.name());
          cells.add(
              Formats.ratio(measured.map(figures::timesBaseline).orElse(OptionalDouble.empty())));
        }
        table.row(cells);
      }
    }
    return table + "\n";
  }

  private String legend(List<C> cases) {
    StringBuilder text = new StringBuilder();
    for (C asked : cases) {
      text.append("- ").append(asked.name()).append(": ");
      text.append(asked.description()).append("\n");
    }
    return text.append("\n").toString();
  }
}
