package dev.lanewise.bench.contraction.report;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.engine.Contender;
import dev.lanewise.bench.contraction.engine.Contender.Side;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * What was measured, asked by case and engine.
 *
 * @param measurements in the order of the run
 */
public record Figures(List<Measurement> measurements) {
  /** The engine that ratios are of: the time of another divided by this one's. */
  static final String OURS = "lanewise";

  /** The cases that any engine has run, in order. */
  List<ContractionCase> cases() {
    return measurements.stream().map(Measurement::contraction).distinct().toList();
  }

  /** The groups of these cases, in order. */
  List<String> groups() {
    return cases().stream().map(ContractionCase::group).distinct().toList();
  }

  /** The cases of a group. */
  List<ContractionCase> casesOf(String group) {
    return cases().stream().filter(contraction -> contraction.group().equals(group)).toList();
  }

  /** The engines that have run any of some cases, in the order of {@code all}. */
  List<Contender> contenders(List<Contender> all, List<ContractionCase> cases) {
    return all.stream()
        .filter(
            contender -> cases.stream().anyMatch(c -> of(c.name(), contender.name()).isPresent()))
        .toList();
  }

  /** A case on an engine. */
  Optional<Measurement> of(String contraction, String contender) {
    return measurements.stream()
        .filter(m -> m.contraction().name().equals(contraction))
        .filter(m -> m.engine().name().equals(contender))
        .findFirst();
  }

  /** The quickest of the peers. */
  public Optional<Measurement> bestPeer(String contraction) {
    return measurements.stream()
        .filter(m -> m.contraction().name().equals(contraction))
        .filter(m -> m.engine().side() == Side.PEER)
        .min(Comparator.comparingDouble(Measurement::nanos));
  }

  /** How many times as fast as the quickest peer an engine is. */
  public OptionalDouble ratioToBest(Measurement measurement) {
    Optional<Measurement> best = bestPeer(measurement.contraction().name());
    return best.isPresent()
        ? OptionalDouble.of(best.get().nanos() / measurement.nanos())
        : OptionalDouble.empty();
  }

  /** How many times as fast as the quickest peer our engine is in each of some cases. */
  OptionalDouble meanRatioToBest(List<ContractionCase> cases) {
    return geometricMean(
        ours(cases).map(this::ratioToBest).flatMapToDouble(OptionalDouble::stream));
  }

  /** The geometric mean over the cases that both our engine and another have. */
  OptionalDouble meanRatioTo(Contender other, List<ContractionCase> cases) {
    return geometricMean(
        ours(cases)
            .flatMapToDouble(mine ->
                of(mine.contraction().name(), other.name())
                    .map(theirs -> DoubleStream.of(theirs.nanos() / mine.nanos()))
                    .orElseGet(DoubleStream::empty)));
  }

  /** The time of a variant divided by that of its baseline, on the same engine. */
  OptionalDouble timesBaseline(Measurement measurement) {
    Optional<Measurement> plain =
        of(measurement.contraction().baseline(), measurement.engine().name());
    return plain.isPresent()
        ? OptionalDouble.of(measurement.nanos() / plain.get().nanos())
        : OptionalDouble.empty();
  }

  /** The part of the time that the measuring threads were running, on the whole. */
  OptionalDouble processorShare() {
    return measurements.stream()
        .filter(measurement -> measurement.contraction().threads() == 1)
        .mapToDouble(Measurement::processorShare)
        .average();
  }

  private Stream<Measurement> ours(List<ContractionCase> cases) {
    return cases.stream().flatMap(contraction -> of(contraction.name(), OURS).stream());
  }

  private static OptionalDouble geometricMean(DoubleStream ratios) {
    OptionalDouble mean = ratios.map(Math::log).average();
    return mean.isPresent() ? OptionalDouble.of(Math.exp(mean.getAsDouble())) : mean;
  }
}
