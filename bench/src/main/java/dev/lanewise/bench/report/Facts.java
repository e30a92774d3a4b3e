package dev.lanewise.bench.report;

import java.util.List;
import java.util.Map;

/**
 * What the figures depend on, and what is missing from them.
 *
 * @param settings machine, JVM, times and limits, by name
 * @param engines the facts of each engine that ran, by its name
 * @param absent why engines or cases, by name, did not run
 * @param failures cases that failed, with the reason
 */
public record Facts(
    Map<String, String> settings,
    Map<String, Map<String, String>> engines,
    Map<String, String> absent,
    List<String> failures) {
  @Override
  public String toString() {
    Table table = new Table(List.of("what", "value"));
    settings.forEach((name, value) -> table.row(List.of(name, value)));
    engines.forEach((engine, facts) ->
        facts.forEach((name, value) -> table.row(List.of(engine + ": " + name, value))));
    absent.forEach((engine, reason) -> table.row(List.of(engine, "absent: " + reason)));
    failures.forEach(failure -> table.row(List.of("failed", failure)));
    return table.toString();
  }
}
