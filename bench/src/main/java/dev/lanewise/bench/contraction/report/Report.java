package dev.lanewise.bench.contraction.report;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.engine.Contender;
import dev.lanewise.bench.contraction.engine.Contenders;
import dev.lanewise.bench.machine.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The suite's page in Markdown, with its charts beside it.
 *
 * @param figures what was measured
 * @param limits what the core can do
 * @param settings machine, JVM and times, by name
 * @param engines the facts of each engine that ran, by its name
 * @param absent why engines or cases, by name, did not run
 * @param failures cases that failed, with the reason
 */
public record Report(
    Figures figures,
    Limits limits,
    Map<String, String> settings,
    Map<String, Map<String, String>> engines,
    Map<String, String> absent,
    List<String> failures) {

  /**
   * Writes it.
   *
   * @param folder where to
   * @throws IOException if that is impossible
   */
  public void write(Path folder) throws IOException {
    StringBuilder text = new StringBuilder("# Contractions, beside the peers\n\n");
    text.append(head());
    if (figures.contenders(Contenders.all(), figures.cases()).size() > 1) {
      text.append(means());
    }
    for (Charts.Chart chart : Charts.of(figures, limits)) {
      chart.write(folder);
      text.append("![%s](%s)\n\n".formatted(chart.title(), chart.fileName()));
    }
    for (String group : figures.groups()) {
      text.append("## ").append(group).append("\n\n").append(group(figures.casesOf(group)));
    }
    Files.writeString(folder.resolve("contraction.md"), text);
  }

  private String head() {
    Table table = new Table(List.of("what", "value"));
    settings.forEach((name, value) -> table.row(List.of(name, value)));
    table.row(List.of("FMA peak, float32", Formats.digits(limits.float32()) + " GFLOP/s"));
    table.row(List.of("FMA peak, float64", Formats.digits(limits.float64()) + " GFLOP/s"));
    limits
        .bandwidth()
        .forEach((kibibytes, rate) ->
            table.row(
                List.of(
                    "read again and again, " + kibibytes + " KiB",
                    Formats.digits(rate) + " GB/s")));
    table.row(
        List.of(
            "part of the time that the measuring threads ran",
            Formats.ratio(figures.processorShare())));
    engines.forEach((engine, facts) ->
        facts.forEach((name, value) -> table.row(List.of(engine + ": " + name, value))));
    absent.forEach((engine, reason) -> table.row(List.of(engine, "absent: " + reason)));
    failures.forEach(failure -> table.row(List.of("failed", failure)));
    return "One thread unless a case says otherwise; medians of the time that the thread was running. A ratio above 1 means that Lanewise is"
        + " faster. Each result was checked against the definition in double.\n\n"
        + table
        + "\n";
  }

  private String means() {
    List<Contender> peers =
        figures.contenders(Contenders.all(), figures.cases()).stream()
            .filter(contender -> !contender.name().equals(Figures.OURS))
            .toList();
    List<String> header = new ArrayList<>(List.of("geometric mean of the ratios", "best peer"));
    peers.forEach(peer -> header.add(peer.name()));
    Table table = new Table(header);
    for (String group : figures.groups()) {
      List<ContractionCase> cases = figures.casesOf(group);
      List<String> cells = new ArrayList<>();
      cells.add(group);
      cells.add(Formats.ratio(figures.meanRatioToBest(cases)));
      peers.forEach(peer -> cells.add(Formats.ratio(figures.meanRatioTo(peer, cases))));
      table.row(cells);
    }
    return table + "\n";
  }

  private String group(List<ContractionCase> cases) {
    List<Contender> contenders = figures.contenders(Contenders.all(), cases);
    boolean variants = cases.stream().anyMatch(contraction -> !contraction.baseline().isEmpty());
    List<String> header = new ArrayList<>(List.of("case"));
    contenders.forEach(contender -> header.add(contender.name()));
    header.addAll(List.of("ratio to best peer", "B/call"));
    Table table = new Table(header);
    for (ContractionCase contraction : cases) {
      table.row(row(contraction, contenders));
    }
    return "Time of a call; (GFLOP/s).\n\n"
        + table
        + "\n"
        + (variants ? variants(cases, contenders) : "")
        + legend(cases);
  }

  private List<String> row(ContractionCase contraction, List<Contender> contenders) {
    List<String> cells = new ArrayList<>(List.of(contraction.name()));
    for (Contender contender : contenders) {
      cells.add(figures.of(contraction.name(), contender.name()).map(this::cell).orElse(""));
    }
    Optional<Measurement> ours = figures.of(contraction.name(), Figures.OURS);
    cells.add(Formats.ratio(ours.map(figures::ratioToBest).orElse(OptionalDouble.empty())));
    cells.add(ours.map(measurement -> "%.0f".formatted(measurement.bytes())).orElse("–"));
    return cells;
  }

  private String cell(Measurement measurement) {
    String text = Formats.time(measurement.nanos());
    if (measurement.gigaflops() > 0) {
      text += " (" + Formats.digits(measurement.gigaflops()) + ")";
    }
    boolean best =
        figures.bestPeer(measurement.contraction().name()).equals(Optional.of(measurement));
    return best ? "**" + text + "**" : text;
  }

  private String variants(List<ContractionCase> cases, List<Contender> contenders) {
    List<String> header = new ArrayList<>(List.of("time / that of", ""));
    contenders.forEach(contender -> header.add(contender.name()));
    Table table = new Table(header);
    for (ContractionCase contraction : cases) {
      if (!contraction.baseline().isEmpty()) {
        List<String> cells = new ArrayList<>(List.of(contraction.name(), contraction.baseline()));
        for (Contender contender : contenders) {
          Optional<Measurement> measured = figures.of(contraction.name(), contender.name());
          cells.add(
              Formats.ratio(measured.map(figures::timesBaseline).orElse(OptionalDouble.empty())));
        }
        table.row(cells);
      }
    }
    return table + "\n";
  }

  private static String legend(List<ContractionCase> cases) {
    StringBuilder text = new StringBuilder();
    for (ContractionCase contraction : cases) {
      text.append("- ").append(contraction.name()).append(": `");
      text.append(contraction.description()).append("`\n");
    }
    return text.append("\n").toString();
  }
}
